"""The form of a webhook endpoint: an address that may be called, and what it is told."""

from django import forms
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminURLInputWidget

from api.admin.desk.forms import DeskForm
from api.models import WebhookEndpoint
from api.rules.webhooks import KINDS
from api.services.events import delivering
from utils import outgoing
from utils.outgoing import Forbidden


class EndpointForm(DeskForm):
    url = forms.URLField(
        label="地址",
        max_length=500,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
        help_text="https:// 开头，不能指向内部网络。",
    )
    kinds = forms.MultipleChoiceField(
        label="订阅的事件",
        choices=[(kind, f"{name}（{kind}）") for kind, name in KINDS.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        required=False,
        help_text="一个也不选表示全部。",
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("url", "description", "kinds", "enabled")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            outgoing.checked(url, delivering.reach())
        except Forbidden as error:
            raise forms.ValidationError(f"{error}。") from error
        return url
