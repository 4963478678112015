"""What a form changed, for the history of its row (历史, 操作日志): old and new values."""

from typing import Any

from api.admin.desk import seen as seeing
from api.admin.desk.names import kind_of

LONGEST = 1_000  # characters of a value


def told(form: Any, formsets: list[Any]) -> str:
    """One sentence for each row: `修改“价格(元)”：199.0 → 10.0`. Call it after the form and its
    formsets were saved."""
    told = []
    if changes := _changes(form):
        told.append(f"修改{changes}")
    for formset in formsets:
        told += _rows(formset)
    return "；".join(told) or "没有字段被修改"


def _rows(formset: Any) -> list[str]:
    kind = kind_of(formset.model._meta)
    by_row = {id(form.instance): form for form in formset.forms}
    told = []
    for row in getattr(formset, "new_objects", ()):
        told.append(f"增加{kind}“{row}”（{_values(by_row[id(row)], new=True)}）")
    for row, _ in getattr(formset, "changed_objects", ()):
        told.append(f"修改{kind}“{row}”的{_changes(by_row[id(row)])}")
    for row in getattr(formset, "deleted_objects", ()):
        told.append(f"删除{kind}“{row}”（{_values(by_row[id(row)], new=False)}）")
    return told


def _changes(form: Any) -> str:
    return "，".join(
        f"“{seeing.label_of(bound)}”：{_was(bound)} → {_is(form, bound)}"
        for bound in seeing.changeable(form)
        if bound.name in form.changed_data
    )


def _values(form: Any, *, new: bool) -> str:
    return "，".join(
        f"{seeing.label_of(bound)}：{_is(form, bound) if new else _was(bound)}"
        for bound in seeing.changeable(form)
    )


def _was(bound: Any) -> str:
    return seeing.saved_in_words(bound, LONGEST)


def _is(form: Any, bound: Any) -> str:
    return seeing.in_words(bound.field, form.cleaned_data.get(bound.name), LONGEST)
