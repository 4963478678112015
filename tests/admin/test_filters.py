"""A list filters by what it offers, and by nothing else that the address may name."""

import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.messages import get_messages
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api.admin.desk.filters import AutocompleteFilter
from api.models import CouponRecord
from tests.admin.rows import MAKERS, ROWS
from tests.support.factories import CouponFactory, CouponRecordFactory, UserAuthTokenFactory

pytestmark = pytest.mark.django_db
ADMINS = sorted(admin.site._registry.items(), key=lambda item: item[0].__name__)
EVERY_ADMIN = pytest.mark.parametrize(
    "model", [model for model, _ in ADMINS], ids=lambda model: model.__name__
)
CLEARED = ["过滤条件有误，已清除。"]


def list_of(model: type[Model]) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")


def columns_of(model: type[Model], relations: int = 2) -> Iterator[str]:
    """The columns of the model, and of what it is related to, and of what those are related to."""
    for field in model._meta.get_fields():
        if not field.is_relation:
            yield field.name
        elif relations and field.related_model:
            for column in columns_of(field.related_model, relations - 1):
                yield f"{field.name}__{column}"


def secrets_of(model: type[Model]) -> list[str]:
    return [name for name in columns_of(model) if name.split("__")[-1] in {"password", "token"}]


def is_cleared(browser: Client, url: str, query: dict[str, str]) -> bool:
    browser.cookies.pop("messages", None)  # those of the refusal before
    answer = browser.get(url, query)
    said = [str(message) for message in get_messages(answer.wsgi_request)]
    return (answer.status_code, answer.get("Location"), said) == (302, url, CLEARED)


@pytest.mark.slow
@EVERY_ADMIN
def test_no_column_is_guessed_at_letter_by_letter(chief: Client, model: type[Model]) -> None:
    refused = {*secrets_of(model), *columns_of(model, relations=0)}
    assert refused
    for name in refused:
        assert is_cleared(chief, list_of(model), {f"{name}__regex": "a"}), name


@pytest.mark.slow
@EVERY_ADMIN
def test_no_secret_is_compared_whole(chief: Client, model: type[Model]) -> None:
    for name in secrets_of(model):
        for query in ({name: "a"}, {f"{name}__exact": "a"}, {f"{name}__gt": "a"}):
            assert is_cleared(chief, list_of(model), query), query


@pytest.mark.parametrize(
    ("url", "query"),
    [
        ("/admin/api/account/", "userauthtoken__token__startswith"),
        ("/admin/api/userauthtoken/", "token__regex"),
        ("/admin/api/couponrecord/", "account__password__regex"),
        ("/admin/admin/logentry/", "user__password__regex"),
        ("/admin/auth/group/", "user__password__regex"),
        ("/admin/auth/user/", "logentry__user__password__regex"),
    ],
)
def test_what_a_guess_finds_is_not_told(chief: Client, url: str, query: str) -> None:
    CouponRecordFactory(account=UserAuthTokenFactory().user)
    for guess in (".", "never"):
        assert is_cleared(chief, url, {query: guess})


def test_a_file_of_records_is_not_filtered_by_a_secret(chief: Client) -> None:
    url = "/admin/api/couponrecord/export/"
    answer = chief.post(f"{url}?account__password__regex=.", {"format": "0", "resource": "0"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/api/couponrecord/")


@pytest.mark.slow
@EVERY_ADMIN
def test_what_the_list_offers_is_followed(
    chief: Client, model: type[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    if model in MAKERS:
        MAKERS[model]()
    shown = chief.get(list_of(model)).context["cl"]
    offered = [name for spec in shown.filter_specs for name in spec.expected_parameters() if name]
    monkeypatch.setattr(admin.site._registry[model], "change_list_template", ROWS)
    for name in offered:
        value = "1" if "__" in name and not name.endswith(("_from", "_to")) else ""  # no day
        assert chief.get(list_of(model), {name: value}).status_code == 200, name
    for name, value in {"q": "a", "p": "1", "o": "1", "_popup": "1", "_to_field": "id"}.items():
        assert chief.get(list_of(model), {name: value}).status_code == 200, name


@pytest.mark.parametrize("parts", [("year",), ("year", "month"), ("year", "month", "day")])
def test_a_day_of_the_bar_above_the_list_is_followed(chief: Client, parts: Any) -> None:
    today = timezone.localdate()
    CouponFactory(open_date=today), CouponFactory(open_date=today.replace(year=today.year - 1))
    query = {f"open_date__{part}": str(getattr(today, part)) for part in parts}
    answer = chief.get("/admin/api/coupon/", query)
    assert [row.open_date for row in answer.context["cl"].result_list] == [today]


@pytest.mark.parametrize("chosen", [True, False])
def test_a_row_to_choose_is_shown_as_django_shows_it(chief: Client, chosen: bool) -> None:
    coupon = CouponFactory(name="双十二")
    pages = []
    for widget in (AutocompleteSelect, AutocompleteFilter.form_class.widget):
        with patch.object(AutocompleteFilter.form_class, "widget", widget):
            query = {"coupon__id__exact": coupon.pk} if chosen else {}
            shown = chief.get(list_of(CouponRecord), query).content.decode()
            pages += re.findall(r'<select name="coupon__id__exact".*?</select>', shown, re.S)

    django_s, own = pages
    assert own == django_s
    assert ("双十二" in own) == chosen
