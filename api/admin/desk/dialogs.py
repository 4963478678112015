"""The dialogs in which an action asks before it does anything."""

from django.db.models import Model
from django.http import HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.forms import BaseDialogForm


def asking(
    title: str, text: str, form: type[BaseDialogForm] = BaseDialogForm, button: str = "确定"
) -> ActionDialog:
    """The dialog that an action opens first. What it changes, it changes on the POST from there:
    unfold's actions without a dialog are mere links."""
    return ActionDialog(title=title, description=text, form_class=form, form_submit_text=button)


def back_to(row: Model) -> HttpResponse:
    """Closes an action's dialog, and shows the row's form anew."""
    meta = row._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return HttpResponse(headers={"HX-Redirect": url})
