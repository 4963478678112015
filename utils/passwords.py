"""Chinese messages for the password validators that Django has not translated."""

from django.contrib.auth import password_validation


class MinimumLengthValidator(password_validation.MinimumLengthValidator):
    """Django's own; its message has no Chinese translation."""

    def get_error_message(self) -> str:
        return f"密码太短了，至少需要{self.min_length}个字符。"
