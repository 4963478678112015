"""Prices and questions: rows that a generic foreign key binds to a course or a degree.

A row is unique together with its owner, and the owner is no field of these forms; so Django's own
check passes over it, and the database would answer a duplicate with an error page.
"""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from api.admin.desk.forms import DeskForm
from api.admin.desk.inlines import DeskGenericInline
from api.models import Course, DegreeCourse, OftenAskedQuestion, PricePolicy

OWNER_FIELDS = {"content_type", "object_id"}


class OwnedForm(DeskForm):
    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        # A new row gets its owner when it is saved; until then its formset looks for duplicates.
        return excluded - OWNER_FIELDS if self.instance.pk else excluded


class PolicyForm(OwnedForm):
    class Meta:
        model = PricePolicy
        fields = ("valid_period", "price")
        labels = {"valid_period": "有效期", "price": "价格(元)"}

    def clean_price(self) -> float:
        price: float = self.cleaned_data["price"]
        if price < 0:
            raise ValidationError("价格不能为负数")
        return price


class QuestionForm(OwnedForm):
    class Meta:
        model = OftenAskedQuestion
        fields = ("question", "answer")
        labels = {"question": "问题", "answer": "回答"}


class PolicyInline(DeskGenericInline):
    model = PricePolicy
    form = PolicyForm
    tab = True


class QuestionInline(DeskGenericInline):
    model = OftenAskedQuestion
    form = QuestionForm
    tab = True


def of_owners_named(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """The rows whose course or degree has `term` in its name."""
    if not term:
        return rows
    owned = Q()
    owners: tuple[type[Model], ...] = (Course, DegreeCourse)
    for owner in owners:
        named = owner._default_manager.filter(name__icontains=term)
        kind = ContentType.objects.get_for_model(owner)
        owned |= Q(content_type=kind, object_id__in=named.values("pk"))
    return rows.filter(owned)
