"""What a form showed when it was opened, field by field, and what has changed since.

A page carries a digest of every value that one may change on it. When it is sent, a field whose
saved value has another digest by then was changed by somebody else meanwhile.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.forms.formsets import DELETION_FIELD_NAME, ORDERING_FIELD_NAME
from django.forms.models import InlineForeignKeyField, ModelChoiceField, ModelMultipleChoiceField
from django.utils import timezone

LONGEST_SHOWN = 300  # characters of a value in a message

Seen = Mapping[str, str]  # the digest of every field, by its name


def changeable(form: forms.BaseForm) -> Iterator[BoundField]:
    """The fields of the form that one can change; not those by which Django knows the row."""
    meta = getattr(form, "_meta", None)
    key = meta.model._meta.pk.name if meta else None
    for name in form.fields:
        field = form.fields[name]
        technical = name in (DELETION_FIELD_NAME, ORDERING_FIELD_NAME, key)
        if not (technical or field.disabled or isinstance(field, InlineForeignKeyField)):
            yield form[name]


def seen_in(form: forms.BaseForm) -> dict[str, str]:
    """What the form shows of what is saved, whatever was sent with it."""
    return {bound.name: _digest(bound.field, bound.initial) for bound in changeable(form)}


def changed_meanwhile(form: forms.BaseForm, seen: Seen) -> list[BoundField]:
    """The fields of a sent form that would put back another value than somebody else has saved
    since it was opened. A field that the page did not have is not compared."""
    return [
        bound
        for bound in changeable(form)
        if _is_other(bound, seen) and bound.field.has_changed(bound.initial, bound.data)
    ]


def any_changed_meanwhile(form: forms.BaseForm, seen: Seen) -> bool:
    """Whether what is saved is no more what the page showed, whatever was sent."""
    return any(_is_other(bound, seen) for bound in changeable(form))


def is_untouched(bound: BoundField, seen: Seen) -> bool:
    """Whether what was sent is what the page showed. In doubt, it is not."""
    try:
        sent = _cleaned(bound)
    except ValidationError:
        return False
    return _digest(bound.field, sent) == seen.get(bound.name)


def _is_other(bound: BoundField, seen: Seen) -> bool:
    was = seen.get(bound.name)
    return was is not None and was != _digest(bound.field, bound.initial)


def _cleaned(bound: BoundField) -> Any:
    if isinstance(bound.field, forms.FileField):
        return bound.field.clean(bound.data, bound.initial)
    return bound.field.clean(bound.data)


def _digest(field: forms.Field, value: Any) -> str:
    shown = field.prepare_value(value)
    if isinstance(shown, list | tuple | set) or hasattr(shown, "_result_cache"):
        text = ",".join(sorted(_plain(one) for one in shown))
    else:
        text = _plain(shown)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return value.astimezone(UTC).isoformat()
    return "" if value is None else str(getattr(value, "pk", value))


# --- In words -------------------------------------------------------------------------------------


def label_of(bound: BoundField) -> str:
    return str(bound.label)


def saved_in_words(bound: BoundField, longest: int = LONGEST_SHOWN) -> str:
    return in_words(bound.field, bound.initial, longest)


def sent_in_words(bound: BoundField, longest: int = LONGEST_SHOWN) -> str:
    """What was sent, as it was typed where it is not valid."""
    try:
        return in_words(bound.field, _cleaned(bound), longest)
    except ValidationError:
        raw = bound.data
        text = "、".join(map(str, raw)) if isinstance(raw, list | tuple) else str(raw or "")
        return _cut(text, longest) or "（空）"


def in_words(field: forms.Field, value: Any, longest: int = LONGEST_SHOWN) -> str:
    """A value of the field as the desk's people read it; never a password."""
    if isinstance(field.widget, forms.PasswordInput):
        return "（不显示）"
    if isinstance(field, ModelMultipleChoiceField):
        return _cut("、".join(sorted(_names(field, value))), longest) or "（空）"
    if isinstance(field, ModelChoiceField):
        return _cut("、".join(_names(field, [value])), longest) or "（空）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return _cut("、".join(str(_choice(field, one)) for one in value), longest) or "（空）"
    if isinstance(field, forms.ChoiceField):
        value = _choice(field, value)
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    return _cut("" if value is None else str(value), longest) or "（空）"


def _names(field: Any, values: Iterable[Any] | None) -> list[str]:
    keys = [getattr(one, "pk", one) for one in values or () if one not in (None, "")]
    rows = field.queryset.filter(**{f"{field.to_field_name or 'pk'}__in": keys}) if keys else ()
    return [str(field.label_from_instance(row)) for row in rows]


def _choice(field: Any, value: Any) -> Any:
    for key, name in field.choices:
        for inner, text in name if isinstance(name, list | tuple) else [(key, name)]:
            if str(inner) == str(value) and value not in (None, ""):
                return text
    return value


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…（共{len(text)}字）"
