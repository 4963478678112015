"""Accounts and their tokens. No page shows a password, its hash, or a token."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminPasswordToggleWidget

from api.admin.desk.base import LongListAdmin
from api.admin.desk.columns import column
from api.admin.desk.dialogs import asking, back_to, number_in, whole
from api.admin.desk.filters import AutocompleteFilter, DaysFilter, having, titled
from api.admin.desk.forms import DeskForm
from api.admin.desk.rows import row_or_404
from api.models import Account, UserAuthToken
from api.services import accounts
from utils.usernames import fault_of
from utils.usernames import key as name_key


class AccountForm(DeskForm):
    new_password = forms.CharField(
        label="密码",
        strip=False,
        max_length=128,
        required=False,
        widget=UnfoldAdminPasswordToggleWidget(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = Account
        fields = ("username",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "new_password" not in self.fields:
            return  # a form to look at
        password = self.fields["new_password"]
        if self.instance.pk:
            password.label = "新密码"
            password.help_text = (
                "留空表示不修改；修改后该账户需要重新登录。密码只保存哈希，任何人都无法查看。"
            )
        else:
            password.required = True
            password.help_text = "密码只保存哈希，任何人都无法查看。"

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if username != self.instance.username:
            if fault := fault_of(username):
                raise forms.ValidationError(fault)
            if accounts.is_taken(username, but_by=self.instance.pk or 0):
                raise forms.ValidationError("已有这个用户名，或看起来相同的用户名。")
            self.instance.name_key = name_key(username)
        return username

    def clean_new_password(self) -> str:
        raw: str = self.cleaned_data["new_password"]
        if raw:
            owner: Any = Account(username=self.cleaned_data.get("username", ""))
            validate_password(raw, owner)
        return raw

    def save(self, commit: bool = True) -> Any:
        if raw := self.cleaned_data.get("new_password"):
            self.instance.set_password(raw)
        return super().save(commit)


def _facts_of(account_id: Any) -> dict[str, str]:
    account = Account.objects.filter(pk=number_in(account_id)).first()
    # Not whether he is logged in: where he is not, revoking does nothing.
    return {"用户名": account.username} if account else {}


def _lock(account_id: Any) -> None:
    # No key: rows that only refer to the account may be written meanwhile.
    found = Account.objects.select_for_update(no_key=True).filter(pk=number_in(account_id))
    list(found.values_list("pk"))


@admin.register(Account)
class AccountAdmin(LongListAdmin):
    form = AccountForm
    list_display = (column("id", "编号"), "username", "registration", "has_token")
    list_display_links = list_display[:2]
    list_filter = (
        having("Token", UserAuthToken.objects.all, "user"),
        ("registered", DaysFilter),
    )
    list_filter_submit = True
    search_fields = ("username__startswith",)
    search_help_text = "按用户名开头搜索"
    ordering = ("-id",)
    list_select_related = ("userauthtoken",)
    actions_detail = ("revoke_token",)

    @display(description="已有Token", boolean=True)
    def has_token(self, account: Account) -> bool:
        return hasattr(account, "userauthtoken")

    @display(description="注册时间")
    def registration(self, account: Account) -> str:
        at = account.registered
        return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else "没有记录"

    def get_fields(self, request: HttpRequest, obj: Account | None = None) -> tuple[str, ...]:
        may_write = self.has_change_permission(request, obj) or self.has_add_permission(request)
        fields = ("username", "new_password") if may_write else ("username", "has_token")
        return (*fields, "registration") if obj else fields

    def get_readonly_fields(
        self, request: HttpRequest, obj: Account | None = None
    ) -> tuple[str, ...]:
        return ("has_token", "registration")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).defer("password")

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.cleaned_data.get("new_password") and accounts.revoke_token(obj):
            messages.info(request, "密码已修改，旧Token立即失效，该账户需要重新登录。")

    def has_token_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may_look = self.has_view_permission(request)
        return may_look and request.user.has_perm("api.change_userauthtoken")

    @whole
    @action(
        description="吊销Token",
        permissions=["token"],
        icon="key_off",
        variant=ActionVariant.DANGER,
        dialog=asking("吊销Token", "该账户需要重新登录。", facts_of=_facts_of, lock=_lock),
    )
    def revoke_token(
        self, request: HttpRequest, form: BaseDialogForm, object_id: str
    ) -> HttpResponse:
        account = row_or_404(self, request, object_id)
        with transaction.atomic():
            revoked = accounts.revoke_token(account)
            if revoked:
                self.log_change(request, account, "吊销了Token")
        if revoked:
            messages.success(request, f"已吊销 {account} 的Token，该账户需要重新登录。")
        else:
            messages.info(request, f"{account} 没有Token。")
        return back_to(account)


@admin.register(UserAuthToken)
class UserAuthTokenAdmin(LongListAdmin):
    """Which accounts are logged in. A token is revoked in the account's form."""

    labels = {"user": "账户"}
    fields = ("user",)
    readonly_fields = fields
    list_display = (column("user__username", "已登录的账户"),)
    list_select_related = ("user",)
    list_filter = (("user", titled("账户", AutocompleteFilter)),)
    list_filter_submit = True
    search_fields = ("user__username__startswith",)
    search_help_text = "按用户名开头搜索"
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
