"""Two people with the same page: what one has saved since the other opened it.

For every row of a form that was sent: which of its values were changed meanwhile, with both values
in words. A field that the sender did not touch shows the saved value from then on; what he typed
stays as he typed it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django import forms
from django.forms.boundfield import BoundField
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.widgets import ChoiceWidget
from django.http import QueryDict

from api.admin.desk import seen as seeing
from api.admin.desk.names import kind_of
from api.admin.desk.seen import Seen

DELETED, TO_BE_DELETED = "（已删除）", "（您要删除）"


class Change(NamedTuple):
    """`where` names the row, or is empty for the page's own; `now` and `mine` are in words.
    `kept` says that the page still holds what the sender had."""

    where: str
    label: str
    now: str
    mine: str
    kept: bool = True


def in_form(form: Any, seen: Seen) -> list[Change]:
    """What has changed under a form that was sent. Puts the saved values into the fields that the
    sender did not touch."""
    found = []
    for bound in seeing.changed_meanwhile(form, seen):
        untouched = seeing.is_untouched(bound, seen)
        words = seeing.saved_in_words(bound), seeing.sent_in_words(bound)
        found.append(Change("", seeing.label_of(bound), *words, kept=not untouched))
        if untouched:
            _take_saved(form, bound)
    return found


def in_formset(formset: Any, seen: Mapping[str, Seen]) -> list[Change]:
    """The same for its rows, of those also that are to be deleted."""
    found = []
    kind = kind_of(formset.model._meta)
    for form in _sent_rows(formset):
        was = seen.get(form.prefix, {})
        changes = _in_deleted(form, was) if _is_to_be_deleted(form) else in_form(form, was)
        if changes:  # only then: the name of a row may cost a query
            where = f"{kind}“{form.instance}”"
            found += [change._replace(where=where) for change in changes]
    return found


def _in_deleted(form: Any, was: Seen) -> list[Change]:
    if not seeing.any_changed_meanwhile(form, was):
        return []
    fields = seeing.changed_meanwhile(form, was)
    now = "；".join(f"{seeing.label_of(one)}：{seeing.saved_in_words(one)}" for one in fields)
    return [Change("", "整行", now or "（已修改）", TO_BE_DELETED)]


def _is_to_be_deleted(form: Any) -> bool:
    """Before the form is validated; Django's own question comes after."""
    return DELETION_FIELD_NAME in form.fields and bool(form[DELETION_FIELD_NAME].data)


def _sent_rows(formset: Any) -> list[Any]:
    """The saved rows of a formset; not those that one may only look at, which are not sent."""
    return [form for form in formset.initial_forms if form._errors is None and form.instance.pk]


def every_formset(formsets: Sequence[Any]) -> Iterator[Any]:
    """Also those within the rows of others, the outer first."""
    for formset in formsets:
        yield formset
        for form in formset.forms:
            inner = [one.formset for one in getattr(form, "nested_formsets", ())]
            yield from every_formset(inner)


def _take_saved(form: Any, bound: BoundField) -> None:
    """Lets the sent form show what is saved."""
    widget: Any = bound.field.widget
    name = bound.html_name
    shown = bound.field.prepare_value(bound.initial)
    data = form.data = form.data.copy()
    if isinstance(widget, forms.MultiWidget):
        inside: Any = widget  # Django's types leave its names out
        parts = inside.decompress(bound.initial)
        for suffix, inner, part in zip(inside.widgets_names, inside.widgets, parts, strict=True):
            data[name + suffix] = inner.format_value(part) or ""
    elif isinstance(widget, forms.CheckboxInput):
        data.pop(name, None)
        if shown:
            data[name] = "on"
    elif isinstance(widget, ChoiceWidget):
        data.setlist(name, widget.format_value(shown))
    elif not isinstance(widget, forms.FileInput):
        data[name] = widget.format_value(shown) or ""


# --- Rows that are gone ---------------------------------------------------------------------------


def gone_rows(formset: Any) -> list[int]:
    """The places of the rows that the page had, and that the database has no more."""
    if not formset.is_bound:
        return []
    return [at for at, form in enumerate(formset.initial_forms) if form.instance.pk is None]


def deleted_meanwhile(formset: Any, seen: Mapping[str, Seen]) -> list[Change]:
    """Of those, the rows that the sender had changed and did not want to delete."""
    kind = kind_of(formset.model._meta)
    found = []
    for at in gone_rows(formset):
        form = formset.initial_forms[at]
        if _is_worth_keeping(formset, form, seen):
            fields = list(seeing.changeable(form))
            mine = "；".join(f"{seeing.label_of(x)}：{seeing.sent_in_words(x)}" for x in fields)
            found.append(Change(f"{kind}第{at + 1}行", "整行", DELETED, mine))
    return found


def _is_worth_keeping(formset: Any, form: Any, seen: Mapping[str, Seen]) -> bool:
    if _is_to_be_deleted(form):
        return False
    was = seen.get(form.prefix, {})
    fields = list(seeing.changeable(form))
    inner = every_formset([one.formset for one in getattr(form, "nested_formsets", ())])
    return not all(seeing.is_untouched(bound, was) for bound in fields) or any(
        _is_worth_keeping(one, row, seen) for one in inner for row in one.forms if row.has_changed()
    )


def without_gone_rows(data: QueryDict, formsets: Sequence[Any], seen: Mapping[str, Seen]) -> Any:
    """What was sent, put in order: a row that is gone is left out, or, if the sender had changed
    it, stands among the new ones. Django would refuse the page for ever."""
    for formset in formsets:
        for form in formset.forms:
            inner = [one.formset for one in getattr(form, "nested_formsets", ())]
            data = without_gone_rows(data, inner, seen)
        if gone := gone_rows(formset):
            kept = [at for at in gone if _is_worth_keeping(formset, formset.forms[at], seen)]
            data = _in_order(data, formset, gone, kept)
    return data


def _in_order(data: QueryDict, formset: Any, gone: list[int], kept: list[int]) -> QueryDict:
    prefix, rows = formset.prefix, range(len(formset.forms))
    saved = [at for at in rows[: formset.initial_form_count()] if at not in gone]
    order = saved + kept + list(rows[formset.initial_form_count() :])
    place = {old: new for new, old in enumerate(order)}
    of_a_row = re.compile(rf"{re.escape(prefix)}-(\d+)(-.*)", re.DOTALL)
    moved = QueryDict(mutable=True)
    for key, values in data.lists():
        found = of_a_row.fullmatch(key)
        if found is None or int(found[1]) not in rows:
            moved.setlist(key, values)
        elif int(found[1]) in place:
            moved.setlist(f"{prefix}-{place[int(found[1])]}{found[2]}", values)
    moved[f"{prefix}-INITIAL_FORMS"] = str(len(saved))
    moved[f"{prefix}-TOTAL_FORMS"] = str(len(order))
    new_row_of = [formset.model._meta.pk.name]
    if getattr(formset, "fk", None) and formset.instance.pk is None:
        new_row_of.append(formset.fk.name)  # the row around it is a new one too
    for at in kept:
        for name in new_row_of:
            moved[f"{prefix}-{place[at]}-{name}"] = ""
    return moved
