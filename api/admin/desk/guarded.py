"""Nobody puts back, unseen, what a colleague has changed.

Every form of an admin carries what it showed when it was opened. A POST locks the rows, compares,
and is refused if a value that it would overwrite was changed meanwhile: the page shows both values
and keeps what was typed, and sent once more it is saved. A form that is sent by a program, without
what it showed, is saved as it is.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.formsets import ManagementForm
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from api.admin.desk import conflicts, history
from api.admin.desk.conflicts import Change
from api.admin.desk.failures import FAILURES, failed
from api.admin.desk.names import NamedOptions, renamed_in
from api.admin.desk.seen import Seen, seen_in
from utils.outcomes import attempted

SEEN = "_seen"
REFUSED = "没有保存：您打开此页之后，所列的内容已被修改。请核对，再次保存即以此页上的为准。"


class GuardedForm:
    """Mixed into the form of an admin: refuses what has changed meanwhile."""

    desk_request: HttpRequest

    def full_clean(self: Any) -> None:
        changes: list[Change] = getattr(self.desk_request, "desk_changes", [])
        seen = _seen_of(self.desk_request).get(self.prefix or "")
        if self.is_bound and self.instance.pk and seen:
            changes = conflicts.in_form(self, seen) + changes
        super().full_clean()  # type: ignore[misc]  # a method of the form that this is mixed into
        if changes:
            self.desk_request.desk_changes = changes
            self.add_error(None, REFUSED)


class GuardedFormSet:
    """Mixed into the formset of a list whose cells can be edited."""

    desk_changes: Sequence[Change] = ()

    def full_clean(self: Any) -> None:
        if self.is_bound:
            seen = _read(self.data.get(f"{self.prefix}-{SEEN}"))
            self.desk_changes = conflicts.in_formset(self, seen)
        super().full_clean()  # type: ignore[misc]  # of the formset that this is mixed into

    def clean(self: Any) -> None:
        super().clean()  # type: ignore[misc]  # likewise
        if self.desk_changes:
            raise ValidationError([REFUSED, *(sentence(one) for one in self.desk_changes)])

    @cached_property
    def management_form(self: Any) -> Any:
        form = super().management_form  # type: ignore[misc]  # likewise
        form.__class__, form.formset = _ListManagement, self
        return form


class _ListManagement(ManagementForm):
    """The hidden fields of such a list, and what its rows show when they are rendered."""

    formset: Any

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        shown = json.dumps({row.prefix: seen_in(row) for row in self.formset.initial_forms})
        name = self.add_prefix(SEEN)
        own = super().render(*args, **kwargs)
        return format_html('{}<input type="hidden" name="{}" value="{}">', own, name, shown)

    __str__ = __html__ = render


class GuardedAdmin(ModelAdmin):
    change_form_before_template = "admin/seen.html"

    def __init__(self, model: Any, admin_site: Any) -> None:
        super().__init__(model, admin_site)
        self.opts: Any = NamedOptions(model._meta)

    def message_user(self, request: HttpRequest, message: Any, *args: Any, **kwargs: Any) -> None:
        super().message_user(request, renamed_in(message, self.model._meta), *args, **kwargs)

    # --- The page of a row ------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        base: Any = kwargs.get("form", self.form)
        kwargs["form"] = type(base)(base.__name__, (GuardedForm, base), {"desk_request": request})
        return super().get_form(request, obj, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._attempt(request, super().changeform_view, "保存", *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._attempt(request, super().delete_view, "删除", *args, **kwargs)

    def _attempt(
        self, request: HttpRequest, view: Any, what: str, *args: Any, **kwargs: Any
    ) -> Any:
        """Django's view, whose transaction is within this one. Where the database fails under a
        POST, a page says what is known."""
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            with attempted():
                return view(request, *args, **kwargs)
        except FAILURES as error:
            return failed(request, error, what)

    def _changeform_view(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: Any
    ) -> HttpResponse:
        if request.method == "POST" and object_id is not None:
            self._lock(unquote(object_id))
        answer: HttpResponse = super()._changeform_view(request, object_id, form_url, extra_context)
        return answer

    def _lock(self, written: str) -> None:
        """Two people who save the same page do so one after the other, and each compares with what
        the other left."""
        try:
            pk = self.opts.pk.to_python(written)
        except ValidationError:
            return
        list(_locked(self.model._base_manager.filter(pk=pk)).values_list("pk"))

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Any, inline: Any, prefix: str
    ) -> dict[str, Any]:
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if request.method == "POST":
            kwargs["queryset"] = _locked(kwargs["queryset"])
        return kwargs

    def _create_formsets(
        self, request: HttpRequest, obj: Any = None, change: bool = False
    ) -> tuple[list[Any], list[Any]]:
        made: tuple[list[Any], list[Any]] = super()._create_formsets(request, obj, change)
        if request.method != "POST" or not change:
            return made
        seen, changes = _seen_of(request), []
        every = list(conflicts.every_formset(made[0]))
        if any(conflicts.gone_rows(formset) for formset in every):
            changes = [
                one for formset in every for one in conflicts.deleted_meanwhile(formset, seen)
            ]
            request.POST = conflicts.without_gone_rows(request.POST, made[0], seen)
            made = super()._create_formsets(request, obj, change)
        for formset in conflicts.every_formset(made[0]):
            len(formset.get_queryset())  # now: the page is rendered outside of the transaction
            changes += conflicts.in_formset(formset, seen)
        request.desk_changes = changes  # type: ignore[attr-defined]  # for the form of the page
        return made

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        if row is not None and self.has_change_permission(request, row):
            inlines = [one.formset for one in context["inline_admin_formsets"]]
            rows = [context["adminform"].form]
            rows += [row for one in conflicts.every_formset(inlines) for row in one.initial_forms]
            shown = {row.prefix or "": seen_in(row) for row in rows if row.instance.pk}
            context |= {
                "seen": json.dumps(shown, separators=(",", ":")),
                "changes": getattr(request, "desk_changes", []),
                "had_files": bool(request.FILES),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # --- A list whose cells can be edited ---------------------------------------------------------

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        base = super().get_changelist_formset(request, **kwargs)
        return type(base.__name__, (GuardedFormSet, base), {})

    def _get_list_editable_queryset(self, request: HttpRequest, prefix: str) -> QuerySet[Any]:
        return _locked(super()._get_list_editable_queryset(request, prefix))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method != "POST" or "_save" not in request.POST:
            return super().changelist_view(request, extra_context)
        # Django's own transaction begins after the comparison.
        view = super().changelist_view
        answer: HttpResponse = self._attempt(request, view, "保存", extra_context)
        return answer

    # --- What is told afterwards ------------------------------------------------------------------

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        if add:
            return super().construct_change_message(request, form, formsets, add)
        return history.told(form, list(conflicts.every_formset(formsets or ())))


def sentence(change: Change) -> str:
    return f"{change.where}{change.label}：现在是“{change.now}”，您的页面上是“{change.mine}”。"


def _locked(rows: QuerySet[Any]) -> QuerySet[Any]:
    # No key: what only refers to the row need not wait. Of the rows' own table alone.
    return rows.select_for_update(no_key=True, of=("self",))


def _seen_of(request: HttpRequest) -> Mapping[str, Seen]:
    """What the page showed, by the prefix of each of its forms."""
    return _read(request.POST.get(SEEN))


def _read(written: str | None) -> Mapping[str, Seen]:
    try:
        found = json.loads(written or "{}")
    except ValueError:
        return {}
    rows = found.items() if isinstance(found, dict) else ()
    return {prefix: seen for prefix, seen in rows if isinstance(seen, dict)}
