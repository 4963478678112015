"""The shop of a run: courses with policies, coupons of each type, customers, a manager."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from api.models import Account, Coupon, CouponRecord, UserAuthToken
from api.services.coupons import lifecycle
from tests.support.factories import CouponFactory, CourseFactory, PricePolicyFactory
from utils.usernames import key as name_key

PASSWORD = "chaos-and-order-2018"
MANAGER = "manager"
PRICES = {30: 199.0, 60: 320.5}  # days -> 元
POLICIES: dict[str, list[str]] = {}  # of each course, by their ids
NOT_SOLD = "999999"
COURSES, HELD_BY_EACH = 6, 3


@transaction.atomic
def open_shop(customers: int) -> list[tuple[int, str]]:
    """Gives the customers' ids and names."""
    courses = CourseFactory.create_batch(COURSES)
    for course in courses:
        policies = [
            PricePolicyFactory(content_object=course, valid_period=days, price=price)
            for days, price in PRICES.items()
        ]
        POLICIES[str(course.pk)] = [str(policy.pk) for policy in policies]
    _coupons(courses)
    password = make_password(PASSWORD)  # of all of them: it takes long
    accounts = [_account(f"customer-{n}", password) for n in range(customers)]
    for account in accounts:
        for coupon in Coupon.objects.all():
            give(coupon, account, HELD_BY_EACH)
    User.objects.create_superuser(MANAGER, password=PASSWORD)
    return [(account.pk, account.username) for account in accounts]


def give(coupon: Coupon, account: Account, number: int) -> None:
    assert Coupon.objects.take(coupon.pk, number)
    lifecycle.come(
        CouponRecord(
            coupon=coupon,
            account=account,
            number=f"{coupon.pk}-{account.pk}-{n}",
            get_time=timezone.now(),
        )
        for n in range(number)
    )


def _account(name: str, password: str) -> Account:
    """It is logged in, by another program."""
    account = Account.objects.create(username=name, name_key=name_key(name), password=password)
    UserAuthToken.objects.create(user=account, token=token_of(name))
    return account


def token_of(name: str) -> str:
    """The first."""
    return f"token-of-{name}"


def _coupons(courses: list[Any]) -> None:
    plenty = {"quantity": 1_000_000}
    CouponFactory(money_equivalent_value=40, course=courses[0], **plenty)
    discount = {"coupon_type": 2, "money_equivalent_value": 0, "off_percent": 79}
    CouponFactory(**discount, course=courses[1], **plenty)
    CouponFactory(money_equivalent_value=10_000, course=courses[2], **plenty)  # makes it free
    CouponFactory(coupon_type=1, money_equivalent_value=60, minimum_consume=300, **plenty)
    CouponFactory(money_equivalent_value=25, **plenty)
