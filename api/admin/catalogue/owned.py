"""Prices and questions: rows that a generic foreign key binds to a course or a degree.

They are unique together with their owner. The owner is no field of these forms, and Django does not
check what is no field: a duplicate would be an error of the database, and a crash.
"""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeNumericFilter

from api.admin.desk.base import DeskAdmin
from api.admin.desk.columns import column, name_of
from api.admin.desk.filters import titled
from api.admin.desk.forms import DeskForm
from api.admin.desk.inlines import DeskGenericInline
from api.models import Course, DegreeCourse, OftenAskedQuestion, PricePolicy

OWNER_FIELDS = {"content_type", "object_id"}


class OwnedForm(DeskForm):
    def _get_validation_exclusions(self) -> set[str]:
        # The types of Django leave this method out.
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        # A new row has no owner before it is saved; its formset finds its duplicates.
        return excluded - OWNER_FIELDS if self.instance.pk else excluded


class PriceField(forms.FloatField):
    """A price as it was typed: a float would make 0 of 1e-400, and 200 of 199.99999999999999999."""

    # The types of Django say that a FloatField gives whole numbers.
    def to_python(self, value: Any) -> float | None:  # type: ignore[override]
        price: float | None = super().to_python(value)
        if price is not None and isfinite(price) and not _as_typed(price, str(value)):
            raise ValidationError("价格最多两位小数")
        return price


def _as_typed(price: float, typed: str) -> bool:
    try:
        return Decimal(typed.strip()) == Decimal(repr(price))
    except InvalidOperation:  # an exponent that no decimal has
        return False


class PolicyForm(OwnedForm):
    class Meta:
        model = PricePolicy
        fields = ("valid_period", "price")
        labels = {"valid_period": "有效期", "price": "价格(元)"}
        field_classes = {"price": PriceField}

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


def warn_of_unpriced(request: HttpRequest, owners: Iterable[Any]) -> None:
    """Tells of the courses among these that are online and have no price: nobody can buy them."""
    for course in owners:
        if isinstance(course, Course) and course.is_unpriced:
            what = "已上线，但没有价格策略，学员无法购买。"
            messages.warning(request, f"课程“{course.name}”{what}")


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


class OwnedAdmin(DeskAdmin):
    """Rows that belong to a course or a degree. They are added in the form of their owner; these
    pages find and change them."""

    list_filter: tuple[Any, ...] = (
        ("content_type", titled("所属类型", admin.RelatedOnlyFieldListFilter)),
    )
    readonly_fields = ("owner",)
    ordering = ("content_type_id", "object_id", "id")

    @display(description="所属课程")
    def owner(self, row: Any) -> str:
        return name_of(row.content_object)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).prefetch_related("content_object")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PricePolicy)
class PricePolicyAdmin(OwnedAdmin):
    form = PolicyForm
    fields = ("owner", "valid_period", "price")
    list_display = ("owner", column("valid_period", "有效期"), "yuan")
    list_filter = (
        *OwnedAdmin.list_filter,
        ("valid_period", titled("有效期", ChoicesDropdownFilter)),
        ("price", titled("价格(元)", RangeNumericFilter)),
    )
    list_filter_submit = True
    search_fields = (
        "object_id",
    )  # so that there is a search box; get_search_results does the search

    @display(description="价格(元)", ordering="price")
    def yuan(self, policy: PricePolicy) -> str:
        return f"{policy.price:.2f}"

    def delete_model(self, request: HttpRequest, obj: PricePolicy) -> None:
        owner = obj.content_object
        super().delete_model(request, obj)
        warn_of_unpriced(request, [owner])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PricePolicy]) -> None:
        owners = {policy.content_object for policy in queryset}
        super().delete_queryset(request, queryset)
        warn_of_unpriced(request, owners)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PricePolicy], search_term: str
    ) -> tuple[QuerySet[PricePolicy], bool]:
        return of_owners_named(queryset, search_term), False


@admin.register(OftenAskedQuestion)
class OftenAskedQuestionAdmin(OwnedAdmin):
    form = QuestionForm
    fields = ("owner", "question", "answer")
    list_display = (column("question", "问题"), "owner")
    search_fields = ("question", "answer")
