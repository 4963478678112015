"""Duplicates (of rows that must be unique) are told in plain Chinese, beside a field of the form.

Django's own message names database columns and belongs to the form as a whole, and the theme does
not show it for stacked inlines.
"""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.forms import PaginationGenericInlineFormSet, PaginationInlineFormSet

from api.admin.desk.names import kind_of


class DeskForm(forms.ModelForm):
    def validate_unique(self) -> None:
        try:
            # As in Django's own validate_unique; the types of Django leave this method out.
            exclude = self._get_validation_exclusions()  # type: ignore[attr-defined]
            self.instance.validate_unique(exclude=exclude)
        except ValidationError as found:
            for error in _each(found):
                if not self._beside_its_field(error):
                    self.add_error(None, error)

    def _beside_its_field(self, error: ValidationError) -> bool:
        unique = (error.params or {}).get("unique_check", ())
        own = [name for name in unique if name in self.fields and self._can_be_changed(name)]
        if not own:
            return False
        labels = "和".join(str(self.fields[name].label) for name in own)
        kind = kind_of(self.instance._meta)
        self.add_error(own[-1], f"已有{labels}相同的{kind}")
        return True

    def _can_be_changed(self, name: str) -> bool:
        return not isinstance(self.fields[name].widget, forms.HiddenInput)


def _each(errors: ValidationError) -> Iterator[ValidationError]:
    for of_a_field in errors.error_dict.values():
        yield from of_a_field


class DistinctRows:
    """For formsets: finds a row that repeats one above it, and counts the errors of inlines within
    inlines."""

    def validate_unique(self: Any) -> None:
        for unique in self.model._meta.unique_together:
            seen = set()
            for form in self.forms:
                values = form.cleaned_data if form.is_valid() else {}
                own = [name for name in unique if name in values and name not in self.unique_fields]
                row = tuple(values[name] for name in own)
                if not own or None in row or self._should_delete_form(form):
                    continue
                if row in seen:
                    form.add_error(own[-1], "与上面的一行重复")
                seen.add(row)

    @property
    def errors(self: Any) -> list[Any]:
        """Includes those of the inlines within: the page's banner and the tab's badge only count
        the errors that stand here."""
        # A property of the formset that this is mixed into.
        own = super().errors  # type: ignore[misc]
        within = [inner for form in self.forms for inner in getattr(form, "nested_formsets", ())]
        return own + [error for inner in within for error in inner.formset.errors]


class DeskFormSet(DistinctRows, PaginationInlineFormSet):
    pass


class OwnedFormSet(DistinctRows, PaginationGenericInlineFormSet):
    """For rows with a generic foreign key to their owner."""
