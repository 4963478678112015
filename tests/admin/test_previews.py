"""What waits in Redis between a preview and its confirmation: JSON, which comes back as it was."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from api.admin.coupons import previews
from api.models import Coupon
from api.services.coupons.audiences import Audience
from tests.admin.rows import degree
from tests.support.factories import AccountFactory, CouponFactory, CourseFactory

pytestmark = pytest.mark.django_db
MANAGER = 7


def test_a_preview_is_json_in_redis(
    manager: Client, everything_in: Callable[[], dict[bytes, Any]]
) -> None:
    coupon, account = CouponFactory(), AccountFactory()
    url = f"/admin/api/coupon/{coupon.pk}/issue/"
    manager.post(url, {"source": "picked", "accounts": [account.pk]})
    kept = [value for key, (value, _) in everything_in().items() if b"preview" in key]
    assert [json.loads(value)["account_ids"] for value in kept] == [[account.pk]]


@pytest.mark.parametrize(
    "audience",
    [Audience(None), Audience(None, again=True), Audience((3, 1, 2)), Audience((1,), again=True)],
    ids=str,
)
def test_an_audience_comes_back_as_it_was(audience: Audience) -> None:
    coupon = CouponFactory()
    token = previews.keep(audience, coupon, manager_id=MANAGER)
    found = previews.find(token, coupon, manager_id=MANAGER)
    assert found is not None
    assert (found.audience, found.terms) == (audience, coupon.terms)
    assert previews.find(token, coupon, manager_id=MANAGER + 1) is None


def test_a_preview_from_before_discounts_had_a_most_is_still_found() -> None:
    coupon = CouponFactory(coupon_type=2, money_equivalent_value=0, off_percent=79)
    token = previews.keep(Audience(None), coupon, manager_id=MANAGER)
    key = previews._key(MANAGER, coupon, token)
    kept = cache.get(key)
    cache.set(key, kept | {"worth": kept["worth"][:4]})
    found = previews.find(token, coupon, manager_id=MANAGER)
    assert found is not None
    assert found.terms == coupon.terms


@pytest.mark.parametrize(
    "fields",
    [
        {"coupon_type": 0, "money_equivalent_value": 40},
        {"coupon_type": 1, "money_equivalent_value": 40, "minimum_consume": 500},
        {"coupon_type": 2, "money_equivalent_value": 0, "off_percent": 79},
        {"coupon_type": 2, "money_equivalent_value": 0, "off_percent": 79, "max_off": 100},
        {"valid_begin_date": dt.date(2026, 11, 22), "valid_end_date": dt.date(2026, 12, 31)},
        {"valid_begin_date": None, "valid_end_date": None, "coupon_valid_days": 7},
        {"course": "a course"},
        {"course": "a degree"},
    ],
    ids=str,
)
def test_the_terms_come_back_as_they_were(fields: dict[str, Any]) -> None:
    if fields.get("course") == "a course":
        fields = {"course": CourseFactory()}
    elif "course" in fields:
        fields = {"content_object": degree()}
    coupon: Coupon = CouponFactory(**fields)
    token = previews.keep(Audience(None), coupon, manager_id=MANAGER)
    kept = previews.find(token, Coupon.objects.get(pk=coupon.pk), manager_id=MANAGER)
    assert kept is not None
    assert kept.terms == coupon.terms


def test_the_time_of_a_plan_comes_back_as_it_was() -> None:
    coupon, at = CouponFactory(), timezone.now()
    token = previews.keep(Audience((1,)), coupon, manager_id=MANAGER, at=at)
    found = previews.find(token, coupon, manager_id=MANAGER)
    assert found is not None
    assert (found.at, found.audience, found.terms) == (at, Audience((1,)), coupon.terms)


def test_what_knows_no_plans_finds_nothing_in_one_that_it_would_issue_at_once() -> None:
    coupon = CouponFactory()
    token = previews.keep(Audience(None), coupon, manager_id=MANAGER, at=timezone.now())
    assert set(cache.get(previews._key(MANAGER, coupon, token))) == {"at", "planned"}
