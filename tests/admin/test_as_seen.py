"""The coupon's form shows the coupon as learners meet it."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from api.admin.coupons.as_seen import where_it_appears
from tests.support.factories import CouponFactory

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
DAY = timedelta(days=1)


def where(today: date = FIRST, **fields: Any) -> str:
    terms = {"open_date": FIRST, "close_date": LAST, "claimable": True, "quantity": 5} | fields
    return where_it_appears(CouponFactory(**terms), today)


@pytest.mark.parametrize("today", [FIRST, LAST])
def test_on_the_first_and_the_last_day_learners_find_it(today: date) -> None:
    assert where(today) == "出现在领券中心，剩余5张。"


def test_on_the_day_before_and_the_day_after_they_do_not() -> None:
    assert where(FIRST - DAY) == "2026-11-01起出现在领券中心。"
    assert where(LAST + DAY) == "不再出现在领券中心：领取时间已过。"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"claimable": False}, "仅发放"),
        ({"claimable": False, "code": "SPRING"}, "凭口令领取"),
        ({"paused": True}, "已停止发放"),
        ({"disabled": True}, "已停用"),
        ({"issued": 5}, "已领完"),
    ],
)
def test_it_says_why_they_do_not_find_it(fields: dict[str, Any], why: str) -> None:
    told = where(**fields)
    assert why in told
    assert told.startswith(("不出现", "不再出现"))


def test_its_page_shows_it(manager: Client) -> None:
    coupon = CouponFactory()
    shown = manager.get(f"/admin/api/coupon/{coupon.pk}/change/").content.decode()
    assert 'class="coupon-as-seen' in shown
