"""The form of a coupon: it asks only what the coupon's type needs, and for a course by its name."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from api.admin.coupons.binding import bound_to
from api.admin.desk.columns import name_of
from api.admin.desk.forms import DeskForm
from api.admin.desk.names import kind_of
from api.admin.desk.search_boxes import SearchBox
from api.models import Coupon, Course, CourseChapter
from api.rules.coupons import CouponType, claim_code
from api.services.coupons import editing

BY_DATES, BY_DAYS = "dates", "days"

# When the browser shows a field. The server has the same rule in `unasked`.
SHOWN_WHEN = {
    "money_equivalent_value": f"coupon_type != '{CouponType.DISCOUNT.value}'",
    "minimum_consume": f"coupon_type == '{CouponType.THRESHOLD.value}'",
    "off_percent": f"coupon_type == '{CouponType.DISCOUNT.value}'",
    "max_off": f"coupon_type == '{CouponType.DISCOUNT.value}'",
    "valid_begin_date": f"validity != '{BY_DAYS}'",
    "valid_end_date": f"validity != '{BY_DAYS}'",
    "coupon_valid_days": f"validity == '{BY_DAYS}'",
}

# Fields that must be filled in when they are shown, and the message if they are not.
ASKED = {
    "money_equivalent_value": "请填写优惠的金额",
    "minimum_consume": "请填写最低消费",
    "off_percent": "请填写折扣百分比，1到99",
    "quantity": "请填写数量，至少1张",
    "valid_begin_date": "请填写有效期开始时间",
    "valid_end_date": "请填写有效结束时间",
    "coupon_valid_days": "请填写领取后的有效天数",
}


def unasked(coupon_type: int | None, validity: str | None) -> dict[str, Any]:
    """The fields that such a coupon does not use, each with the value that is saved for it."""
    fields: dict[str, Any] = {}
    if coupon_type == CouponType.DISCOUNT:
        fields["money_equivalent_value"] = 0
    else:
        fields |= {"off_percent": None, "max_off": None}
    if coupon_type != CouponType.THRESHOLD:
        fields["minimum_consume"] = 0
    if validity == BY_DAYS:
        return fields | {"valid_begin_date": None, "valid_end_date": None}
    return fields | {"coupon_valid_days": None}


class CouponForm(DeskForm):
    course = forms.ModelChoiceField(
        label="绑定课程",
        queryset=Course.objects.all(),
        required=False,
        # The widget wants some foreign key to a course; that of chapters will do.
        widget=SearchBox(CourseChapter._meta.get_field("course"), admin.site),
        help_text="输入课程名称搜索；留空表示全站可用。",
        error_messages={"invalid_choice": "没有这门课程，请重新选择"},
    )
    validity = forms.ChoiceField(
        label="有效期",
        choices=((BY_DATES, "固定起止日期"), (BY_DAYS, "领取后若干天")),
        initial=BY_DATES,
        widget=UnfoldAdminRadioSelectWidget(radio_style=admin.HORIZONTAL),
    )

    # Only of a coupon whose binding is of no use; there an empty course changes nothing.
    site_wide = forms.BooleanField(
        label="改为全站可用", required=False, widget=UnfoldBooleanSwitchWidget()
    )

    class Meta:
        model = Coupon
        exclude = ("content_type", "object_id")
        widgets = {"brief": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        help_texts = {
            "money_equivalent_value": "立减或满减的金额。",
            "minimum_consume": "消费满多少才能使用。",
            "off_percent": "顾客支付原价的百分之几：填79表示支付79%，即7.9折。",
            "max_off": "折扣最多减多少；留空表示不限。",
            "claimable": "在领取时间内，任何账户都可以自己领取。",
            "per_account": "一个账户最多领几张；发放的、已作废和已过期的也计算在内。",
            "code": "凭口令也可以领取，不必公开；不区分大小写和空格。留空表示没有口令。",
            "budget": "未使用和已锁定的最多能减去的金额，超出预算时提醒，不会停止发放。"
            "折扣券要填写最高减才能计算。留空表示没有预算。",
            "coupon_valid_days": "从领取当天算起：7天表示当天和之后的6天。",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was_useless = False
        self.not_asked: dict[str, Any] = {}
        if "money_equivalent_value" not in self.fields:
            return  # a form to look at has only the two fields declared above
        for name, otherwise in ASKED.items():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = otherwise
        for name in ("money_equivalent_value", "minimum_consume"):
            self.initial[name] = (
                self.initial.get(name) or None
            )  # a saved 0 stands for a field that was not used
        if self.instance.pk:
            by_dates = self.instance.valid_begin_date or not self.instance.coupon_valid_days
            self.initial["validity"] = BY_DATES if by_dates else BY_DAYS
            self._show_binding()

    def _show_binding(self) -> None:
        """Shows the course. If the coupon is bound to something else, or to nothing that is there,
        that is shown in words, until a course is chosen or the coupon becomes site-wide."""
        bound = bound_to(self.instance)
        if isinstance(bound, Course):
            self.initial["course"] = bound.pk
        elif self.instance.object_id:
            self.was_useless = True
            kind = kind_of(bound._meta) if bound else "课程"
            # The theme writes help texts into the page as they are.
            self.fields["course"].help_text = format_html(
                "已绑定{}“{}”，结算时不提供，没有人能使用。请选择一门课程，或改为全站可用；"
                "留空则不改变。",
                kind,
                name_of(bound),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.not_asked = unasked(data.get("coupon_type"), data.get("validity"))
        for name, value in self.not_asked.items():
            self.errors.pop(name, None)
            data[name] = value
        if self.was_useless and data.get("course") and data.get("site_wide"):
            self.add_error("site_wide", "请只选择一样：一门课程，或全站可用")
        self._bind(data.get("course"))
        return data

    def _bind(self, course: Course | None) -> None:
        if "course" in self.errors:
            return
        if self.was_useless and not course and not self.cleaned_data.get("site_wide"):
            if self.instance.content_type is None:
                self.instance.content_type = ContentType.objects.get_for_model(Course)
            return
        self.instance.content_object = course

    def clean_quantity(self) -> int:
        quantity: int = self.cleaned_data["quantity"]
        if not quantity:
            raise ValidationError(ASKED["quantity"])
        if self.instance.pk and "quantity" in self.changed_data:
            issued = editing.lock(self.instance.pk).issued
            if quantity < issued:
                raise ValidationError(f"已经发放了{issued}张，数量不能少于{issued}")
        return quantity

    def clean_per_account(self) -> int:
        most: int | None = self.cleaned_data["per_account"]
        if most == 0:
            raise ValidationError("每人限领至少1张")
        return 1 if most is None else most

    def clean_budget(self) -> Decimal | None:
        budget: Decimal | None = self.cleaned_data["budget"]
        if budget is not None and budget <= 0:
            raise ValidationError("预算必须大于0；留空表示没有预算")
        return budget

    def clean_code(self) -> str | None:
        """As it is compared, which is how others are told from it."""
        code = claim_code(self.cleaned_data["code"] or "")
        most = Coupon._meta.get_field("code").max_length or 0
        if len(code) > most:
            raise ValidationError(f"口令最多{most}个字符")
        return code or None

    def _post_clean(self) -> None:
        said = {name: len(errors) for name, errors in self.errors.items()}
        # The types of Django leave this method out.
        super()._post_clean()  # type: ignore[misc]
        # The model also checks the fields that this type of coupon does not show.
        for name in self.not_asked:
            self.errors.pop(name, None)
        # Where the form has refused a value, the model sees None and adds that it is missing; the
        # form's own message is enough.
        for name, number in said.items():
            del self.errors[name][number:]
