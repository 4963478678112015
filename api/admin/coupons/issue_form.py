"""Who is to get a coupon: accounts picked by search, names pasted, a file of names, those of a
segment, everybody."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from api.admin.desk.search_boxes import MultipleSearchBox, SearchBox
from api.models import Account, Coupon, CouponRecord, Course, CourseChapter
from api.services.coupons.audiences import Audience
from api.services.coupons.finding import AmbiguousName, Found, find_accounts, ids_of
from api.services.coupons.planning import MOST_AHEAD
from api.services.coupons.segments import (
    MOST_DAYS,
    Bought,
    Holding,
    NeverOrdered,
    RegisteredWithin,
    Segment,
)
from utils.spreadsheets import names as name_files
from utils.spreadsheets.names import NameFile, UnreadableNames

PICKED, PASTED, FILE = "picked", "pasted", "file"
SEGMENT, EVERYONE = "segment", "everyone"
BOUGHT, NEVER_ORDERED, REGISTERED, HOLDING = "bought", "never_ordered", "registered", "holding"

# The fields of each source, and of each segment; of others the page shows none.
ASKED = {PICKED: ("accounts",), PASTED: ("names",), FILE: ("file",), SEGMENT: ("segment",)}
ASKED_OF_SEGMENT = {BOUGHT: "course", REGISTERED: "days", HOLDING: "coupon"}
PASTED_MOST = 500_000  # characters; Django refuses a body of 2.5 MB, and a name may be Chinese


class MomentWidget(UnfoldAdminTextInputWidget):
    """A date with a time, to the minute, as browsers ask for one."""

    input_type = "datetime-local"

    def format_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return f"{timezone.localtime(value):%Y-%m-%dT%H:%M}"
        return super().format_value(value)


class IssueForm(forms.Form):
    """After is_valid(), `audience` has who is meant. `found` has the accounts that were named, and
    the names that nobody has; `read` says where in a file they are from."""

    source = forms.ChoiceField(
        label="发给谁",
        choices=(
            (PICKED, "搜索选择账户"),
            (PASTED, "粘贴用户名"),
            (FILE, "上传文件"),
            (SEGMENT, "按条件选择"),
            (EVERYONE, "全部账户"),
        ),
        initial=PICKED,
        widget=UnfoldAdminRadioSelectWidget(attrs={"x-model.fill": "source"}),
    )
    accounts = forms.ModelMultipleChoiceField(
        label="账户",
        queryset=Account.objects.all(),
        required=False,
        widget=MultipleSearchBox(CouponRecord._meta.get_field("account"), admin.site),
        help_text="输入用户名的开头搜索，可以选择多个。",
        error_messages={
            "invalid_choice": "账户%(value)s不存在",
            "invalid_pk_value": "“%(pk)s”不是账户的编号",
        },
    )
    names = forms.CharField(
        label="用户名",
        required=False,
        # Not max_length: with it the browser would silently cut off the names beyond.
        validators=[MaxLengthValidator(PASTED_MOST, f"最多{PASTED_MOST}个字符，更多请上传文件")],
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 8, "placeholder": "alice\nbob", "data-most": PASTED_MOST}
        ),
        help_text="每行一个，也可以用空格、逗号或分号分隔；很多时请上传文件。",
    )
    file = forms.FileField(
        label="文件",
        required=False,
        allow_empty_file=True,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,.xlsx"}),
        help_text="CSV或XLSX，用户名在标题为“用户名”（或username）的一列；没有标题时在第一列。"
        "隐藏的工作表、行和列不读取。",
    )
    segment = forms.ChoiceField(
        label="条件",
        choices=(
            (BOUGHT, "买过某门课程"),
            (NEVER_ORDERED, "从未下单"),
            (REGISTERED, "最近注册"),
            (HOLDING, "持有某张优惠券"),
        ),
        initial=BOUGHT,
        required=False,
        widget=UnfoldAdminRadioSelectWidget(attrs={"x-model.fill": "segment"}),
    )
    course = forms.ModelChoiceField(
        label="课程",
        queryset=Course.objects.all(),
        required=False,
        # The widget wants some foreign key to a course; that of chapters will do.
        widget=SearchBox(CourseChapter._meta.get_field("course"), admin.site),
        help_text="输入课程名称搜索。付过款的账户，课程是否还在有效期内都算；这门课程已经退款的不算。",
        error_messages={"invalid_choice": "没有这门课程，请重新选择"},
    )
    days = forms.IntegerField(
        label="最近几天",
        min_value=1,
        max_value=MOST_DAYS,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="包括今天：7表示今天和之前的6天。注册时间没有记录的老账户不算。",
    )
    coupon = forms.ModelChoiceField(
        label="持有的优惠券",
        queryset=Coupon.objects.all(),
        required=False,
        widget=SearchBox(CouponRecord._meta.get_field("coupon"), admin.site),
        help_text="输入优惠券名称搜索。手里有一张未使用、未过期的才算；这张券已停用的也算，"
        "已锁定在未付款订单里的不算。",
        error_messages={"invalid_choice": "没有这张优惠券，请重新选择"},
    )
    again = forms.BooleanField(
        label="已有这张券的账户也再发一张",
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="不勾选时，已有这张券的账户会被跳过（已使用、已过期、已作废的也算）。",
    )

    at = forms.DateTimeField(
        label="发放时间",
        required=False,
        widget=MomentWidget(),
        help_text="留空表示确认后立即发放。北京时间，精确到分钟。",
        error_messages={"invalid": "请填写日期和时间，例如2026-12-12 00:00"},
    )

    found: Found | None = None
    meant: Segment | None = None
    read: NameFile | None = None

    def __init__(self, coupon: Coupon, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issued = coupon

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at is None:
            return None
        now, fixed = timezone.now(), self.issued.terms.days.fixed
        if at <= now:
            raise forms.ValidationError("发放时间已经过了；要立即发放，请留空")
        if at > now + MOST_AHEAD:
            raise forms.ValidationError(f"最多提前{MOST_AHEAD.days}天计划")
        if fixed and timezone.localdate(at) > fixed.last:
            raise forms.ValidationError(f"这张优惠券的有效期到{fixed.last}为止，发放时间不能更晚")
        return at

    @property
    def audience(self) -> Audience:
        again = self.cleaned_data["again"]
        if self.meant is not None:
            return Audience(None, again=again, segment=self.meant)
        if self.found is not None:
            return Audience(self.found.account_ids, again=again)
        if self.cleaned_data["source"] != EVERYONE:
            raise ValueError("nobody is named, and that is not everybody")
        return Audience(None, again=again)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        source, asked = str(data.get("source")), self._asked(data)
        for other in self.fields.keys() - {"source", "again", "at", *asked}:
            self.errors.pop(other, None)  # a field of another source, which is not shown
        if asked and not self.errors.keys() & set(asked):
            try:
                self._find(source, data)
            except (UnreadableNames, AmbiguousName) as unreadable:
                self.add_error(asked[-1], str(unreadable))
        return data

    def _asked(self, data: dict[str, Any]) -> list[str]:
        """The fields that the page shows for what was chosen."""
        source = data.get("source")
        asked = list(ASKED.get(str(source), ()))
        if source == SEGMENT and data.get("segment") in ASKED_OF_SEGMENT:
            asked.append(ASKED_OF_SEGMENT[data["segment"]])
        return asked

    def _find(self, source: str, data: dict[str, Any]) -> None:
        if source == SEGMENT:
            self.meant = _segment(data)
        elif source == PICKED:
            if not data["accounts"]:
                raise UnreadableNames("请选择至少一个账户")
            self.found = Found(tuple(account.pk for account in data["accounts"]), ())
        elif source == PASTED:
            names = name_files.pasted(data["names"], lambda some: set(ids_of(some)))
            if not names:
                raise UnreadableNames("请粘贴至少一个用户名")
            self.found = find_accounts(names)
        else:
            file = data["file"]
            if not file:
                raise UnreadableNames("请选择文件")
            self.read = name_files.uploaded(file, file.name, file.size)
            self.found = find_accounts(self.read.names)


def _segment(data: dict[str, Any]) -> Segment:
    """Raises UnreadableNames where the field that it asks for is empty."""
    match data["segment"]:
        case "never_ordered":
            return NeverOrdered()
        case "bought" if data["course"]:
            return Bought(data["course"].pk)
        case "registered" if data["days"]:
            return RegisteredWithin(data["days"])
        case "holding" if data["coupon"]:
            return Holding(data["coupon"].pk)
    raise UnreadableNames(_MISSING.get(data["segment"], "请选择条件"))


_MISSING = {BOUGHT: "请选择课程", REGISTERED: "请填写天数", HOLDING: "请选择优惠券"}
