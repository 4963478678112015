"""The database that the conformance cases speak of, by id: accounts 1, 2 and 11 with the tokens
`token-1`, `token-2` and `token-11`, three courses, and coupon records around today."""

from typing import Any

from django.utils import timezone

from api.models import Account, Course
from tests.support.factories import (
    DAY,
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
    UserAuthTokenFactory,
)

COURSES = {
    1: ("爬虫开发-专题", "爬虫开发-专题.jpg"),
    2: ("CRM客户关系管理系统实战开发-专题", "CRM.jpg"),
    3: ("Git入门", "git.png"),
}
POLICIES = [
    (1, 1, 30, 399.0),
    (2, 1, 60, 599.0),
    (3, 2, 30, 99.0),
    (4, 2, 210, 122.0),
    (5, 3, 7, 0.5),
]
ACCOUNTS = {1: "alex", 2: "oldboy", 11: "eleven"}


def make_world() -> None:
    for pk, (name, img) in COURSES.items():
        CourseFactory(pk=pk, name=name, course_img=img)
    for pk, course, period, price in POLICIES:
        PricePolicyFactory(
            pk=pk, content_object=Course.objects.get(pk=course), valid_period=period, price=price
        )
    for pk, name in ACCOUNTS.items():
        UserAuthTokenFactory(user=AccountFactory(pk=pk, username=name), token=f"token-{pk}")

    give(2, coupon_type=1, money_equivalent_value=200, minimum_consume=500)
    give(4, course=1, money_equivalent_value=40)
    give(6, course=1, coupon_type=1, money_equivalent_value=60, minimum_consume=100)
    give(7, coupon_type=2, money_equivalent_value=0, off_percent=79)
    give(8, course=2, coupon_type=2, money_equivalent_value=0, off_percent=85)
    give(9, status=1, money_equivalent_value=10)
    give(10, status=2, money_equivalent_value=10)
    give(11, begin=1, end=3, money_equivalent_value=10)
    give(12, begin=-9, end=-1, money_equivalent_value=10)
    give(13, begin=0, end=1, money_equivalent_value=11)
    give(14, begin=-3, end=0, money_equivalent_value=12)
    give(15, account=2, money_equivalent_value=13)
    give(16, course=3, money_equivalent_value=14)
    give(17, account=11, course=1, coupon_type=1, money_equivalent_value=5, minimum_consume=0)


def give(
    record: int,
    *,
    account: int = 1,
    course: int | None = None,
    begin: int = -1,
    end: int = 7,
    status: int = 0,
    **coupon: Any,
) -> None:
    """Puts a coupon record into an account's hands; `begin` and `end` are days from today."""
    today = timezone.localdate()
    CouponRecordFactory(
        pk=record,
        account=Account.objects.get(pk=account),
        status=status,
        coupon=CouponFactory(
            course=Course.objects.get(pk=course) if course else None,
            valid_begin_date=today + begin * DAY,
            valid_end_date=today + end * DAY,
            **coupon,
        ),
    )
