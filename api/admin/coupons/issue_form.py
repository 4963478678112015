"""Who is to get a coupon: accounts picked by search, names pasted, a file of names, everybody."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxLengthValidator
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from api.admin.desk.search_boxes import MultipleSearchBox
from api.models import Account, CouponRecord
from api.services.coupons.finding import AmbiguousName, Found, find_accounts, ids_of
from utils.spreadsheets import names as name_files
from utils.spreadsheets.names import NameFile, UnreadableNames

PICKED, PASTED, FILE, EVERYONE = "picked", "pasted", "file", "everyone"
PASTED_MOST = 500_000  # characters; Django refuses a body of 2.5 MB, and a name may be Chinese


class IssueForm(forms.Form):
    """After is_valid(), `found` has the accounts and the unknown names, or is None: every account.
    `read` says where in a file the names are from."""

    source = forms.ChoiceField(
        label="发给谁",
        choices=(
            (PICKED, "搜索选择账户"),
            (PASTED, "粘贴用户名"),
            (FILE, "上传文件"),
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
    again = forms.BooleanField(
        label="已有这张券的账户也再发一张",
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="不勾选时，已有这张券的账户会被跳过（已使用、已过期、已作废的也算）。",
    )

    found: Found | None = None
    read: NameFile | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        source = data.get("source")
        asked = {PICKED: "accounts", PASTED: "names", FILE: "file"}
        for other in {"accounts", "names", "file"} - {asked.get(str(source))}:
            self.errors.pop(other, None)  # a field of another source, which is not shown
        if source in asked and asked[source] not in self.errors:
            try:
                self._find(source, data)
            except (UnreadableNames, AmbiguousName) as unreadable:
                self.add_error(asked[source], str(unreadable))
        return data

    def _find(self, source: str, data: dict[str, Any]) -> None:
        if source == PICKED:
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
