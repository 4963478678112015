"""The dialogs in which an action asks before it does anything.

A dialog carries the facts on which one decides, as they were when it was opened. If they have
changed when it is sent, nothing is done: it shows both, keeps what was typed, and does its work
when it is sent again.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.forms import BaseDialogForm

from api.admin.desk.conflicts import Change
from api.admin.desk.failures import FAILURES, told_of
from utils.outcomes import attempted

Facts = Callable[[Any], Mapping[str, str]]  # in words, of the row with this id; by their labels


class DeskDialogForm(BaseDialogForm):
    """`facts_of` says what the decision hangs on; `lock` keeps it as it is until the transaction
    ends. Both get the id from the address, which may be no row's."""

    form_before_template = "admin/dialog_changed.html"
    facts_of: Facts
    lock: Callable[[Any], object]

    data: Any
    cleaned_data: dict[str, Any]
    outcome = ""
    _seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.changes: list[Change] = []
        if not self.is_bound:
            self.initial["_seen"] = json.dumps(dict(type(self).facts_of(self.object_id)))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        type(self).lock(self.object_id)
        now = {} if self.is_done(data) else type(self).facts_of(self.object_id)
        seen = _read(data.get("_seen"))
        self.changes = [
            Change("", label, fact, seen[label])
            for label, fact in now.items()
            if seen.get(label, fact) != fact
        ]
        if self.changes:
            self.data = {**self.data.dict(), "_seen": json.dumps(dict(now))}
            raise ValidationError("changed")  # the template says it
        return data

    def is_done(self, data: dict[str, Any]) -> bool:
        """Whether an earlier try of the same person has done just this: then there is nothing to
        compare, and the action says so."""
        return False

    def tell(self, outcome: str) -> None:
        """Shows the form as it was sent, not validated again, and what became of it."""
        self._errors, self.cleaned_data, self.outcome = ErrorDict(), {}, outcome

    def about(self) -> Mapping[str, str]:
        """What the dialog says of the row before it asks, by their labels."""
        return {}

    def get_before_template_context(
        self, request: HttpRequest, object_id: Any = None
    ) -> dict[str, Any]:
        return {"about": self.about(), "changes": self.changes, "outcome": self.outcome}


def asking(
    title: str,
    text: str,
    *,
    facts_of: Facts,
    lock: Callable[[Any], object],
    form: type[DeskDialogForm] = DeskDialogForm,
    button: str = "确定",
) -> ActionDialog:
    """For an action that changes something: it opens this dialog, and does its work when the dialog
    is sent by POST, `whole`. An action of unfold without a dialog is a link, followed by GET."""
    own = {"facts_of": staticmethod(facts_of), "lock": staticmethod(lock)}
    kind: Any = type(form)
    form_class = kind(form.__name__, (form,), own)
    return ActionDialog(
        title=title, description=text, form_class=form_class, form_submit_text=button
    )


def whole(action: Any) -> Any:
    """Above unfold's `action`: the comparison and the work are one transaction. Where it fails, the
    dialog says what is known of it, and keeps what was typed."""

    @wraps(action)
    def run(admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with attempted():
                answer: HttpResponse = action(admin, request, *args, **kwargs)
        except FAILURES as error:
            if request.method != "POST":
                raise
            form = action.dialog["form_class"](
                data=request.POST, request=request, object_id=kwargs.get("object_id")
            )
            form.tell(told_of(request, error, "执行"))
            shown = {"dialog": action.dialog, "form": form}
            shown["form_submit_text"] = action.dialog["form_submit_text"]
            return render(request, "unfold/helpers/dialog.html", shown)
        return _back_to_list(admin, request, answer)

    return run


def _back_to_list(admin: Any, request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The answer; where the dialog was opened in the admin's list, it leads back to the list as it
    was filtered."""
    at = urlsplit(request.headers.get("HX-Current-URL", ""))
    opts = admin.opts
    listed = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    if "HX-Redirect" in answer and at.path == listed:
        answer["HX-Redirect"] = f"{listed}?{at.query}" if at.query else listed
    return answer


def back_to(row: Model) -> HttpResponse:
    """The answer to a dialog: closes it and loads the page of `row` again."""
    meta = row._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return HttpResponse(headers={"HX-Redirect": url})


def number_in(written: Any) -> int:
    """The id in an address; 0, which no row has, if it is none."""
    text = str(written)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _read(written: str | None) -> dict[str, Any]:
    try:
        found = json.loads(written or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
