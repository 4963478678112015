"""The dialogs in which an action asks before it does anything."""

from django.db.models import Model
from django.http import HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.forms import BaseDialogForm


def asking(
    title: str, text: str, form: type[BaseDialogForm] = BaseDialogForm, button: str = "确定"
) -> ActionDialog:
    """For an action that changes something: it opens this dialog, and does its work when the dialog
    is sent by POST. An action of unfold without a dialog is a link, followed by GET."""
    return ActionDialog(title=title, description=text, form_class=form, form_submit_text=button)


def back_to(row: Model) -> HttpResponse:
    """The answer to a dialog: closes it and loads the page of `row` again."""
    meta = row._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return HttpResponse(headers={"HX-Redirect": url})
