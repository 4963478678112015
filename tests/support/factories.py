"""Test data in one line each. Dates default to around today, in the shop's time zone."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import factory
from django.contrib.contenttypes.models import ContentType
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from factory.django import DjangoModelFactory
from redis import Redis

from api.models import (
    Account,
    Coupon,
    CouponRecord,
    CouponRecordEvent,
    Course,
    CourseCategory,
    CourseSubCategory,
    Order,
    PricePolicy,
    UserAuthToken,
)
from api.stores.car import CarStore
from api.stores.settlement import SettlementStore

DAY = dt.timedelta(days=1)


class AccountFactory(DjangoModelFactory[Account]):
    class Meta:
        model = Account
        skip_postgeneration_save = True

    username = factory.Sequence("account-{}".format)
    password = "!"


class UserAuthTokenFactory(DjangoModelFactory[UserAuthToken]):
    class Meta:
        model = UserAuthToken

    user = factory.SubFactory(AccountFactory)
    token = factory.Sequence("token-of-account-{}".format)


class CourseCategoryFactory(DjangoModelFactory[CourseCategory]):
    class Meta:
        model = CourseCategory
        django_get_or_create = ("name",)

    name = "后端"


class CourseSubCategoryFactory(DjangoModelFactory[CourseSubCategory]):
    class Meta:
        model = CourseSubCategory
        django_get_or_create = ("name",)

    category = factory.SubFactory(CourseCategoryFactory)
    name = "python"


class CourseFactory(DjangoModelFactory[Course]):
    class Meta:
        model = Course

    name = factory.Sequence("课程{}".format)
    course_img = "course.jpg"
    sub_category = factory.SubFactory(CourseSubCategoryFactory)
    course_type = 0
    brief = "概述"
    order = factory.Sequence(int)


class PricePolicyFactory(DjangoModelFactory[PricePolicy]):
    class Meta:
        model = PricePolicy

    content_object = factory.SubFactory(CourseFactory)
    valid_period = 30
    price = 99.0


class CouponFactory(DjangoModelFactory[Coupon]):
    """立减40, site-wide; `course=` binds it."""

    class Meta:
        model = Coupon

    class Params:
        course = None

    name = factory.Sequence("活动{}".format)
    coupon_type = 0
    money_equivalent_value = 40
    content_object = factory.SelfAttribute("course")
    quantity = 100
    open_date = factory.LazyFunction(lambda: timezone.localdate() - 30 * DAY)
    close_date = factory.LazyFunction(lambda: timezone.localdate() + 30 * DAY)
    valid_begin_date = factory.LazyFunction(lambda: timezone.localdate() - DAY)
    valid_end_date = factory.LazyFunction(lambda: timezone.localdate() + 7 * DAY)


class CouponRecordFactory(DjangoModelFactory[CouponRecord]):
    class Meta:
        model = CouponRecord

    coupon = factory.SubFactory(CouponFactory)
    number = factory.Sequence("n{:06}".format)
    account = factory.SubFactory(AccountFactory)
    get_time = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> CouponRecord:
        """Counts it as issued, and tells that it came, as it is."""
        record = super()._create(model_class, *args, **kwargs)
        coupon = record.coupon
        counted = F("issued") + 1
        Coupon.objects.filter(pk=coupon.pk).update(
            issued=counted, quantity=Greatest(F("quantity"), counted)
        )
        coupon.refresh_from_db(fields=["issued", "quantity"])
        CouponRecordEvent.objects.create(
            record=record, to_status=record.status, at=record.get_time, reason="测试"
        )
        return record


def course_type_of(model: type) -> ContentType:
    return ContentType.objects.get_for_model(model)


def put_in_car(
    redis: Redis, account: Account, course_id: int, price: Any = 99.0, **fields: Any
) -> None:
    """Writes the hash of contract §4 as any program may: one policy, chosen."""
    policy = {"7": {"period": 30, "period_display": "1个月", "price": price}}
    entry = {
        "title": f"课程{course_id}",
        "img": f"{course_id}.jpg",
        "policy": json.dumps(policy),
        "default_policy": "7",
    }
    redis.hset(CarStore.key(account.pk, course_id), mapping=entry | fields)


def settle_elsewhere(
    redis: Redis,
    account: Account,
    *course_ids: int | str,
    coupon: dict[str, Any] | None = None,
    site_wide: dict[str, Any] | None = None,
) -> None:
    """Writes a settlement as another program does: the hashes of contract §4 without the index."""
    for course_id in course_ids:
        settled = {
            "course_id": str(course_id),
            "title": f"课程{course_id}",
            "img": f"{course_id}.jpg",
            "policy_id": "7",
            "coupon": json.dumps(coupon or {}),
            "default_coupon": 0,
            "period": 30,
            "period_display": "1个月",
            "price": 99.0,
        }
        redis.hset(SettlementStore.course_key(account.pk, course_id), mapping=settled)
    redis.hset(
        SettlementStore.coupon_key(account.pk),
        mapping={"coupon": json.dumps(site_wide or {}), "default_coupon": 0},
    )


class OrderFactory(DjangoModelFactory[Order]):
    """An unpaid order of nothing, for what only needs one to refer to."""

    class Meta:
        model = Order

    account = factory.SubFactory(AccountFactory)
    payment_type = 1
    order_number = factory.Sequence("order-{}".format)
    actual_amount = subtotal = course_discount = global_discount = Decimal("0.00")
    status = 1
    date = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyFunction(lambda: timezone.now() + DAY)
    settlement = factory.Sequence("settlement-{}".format)
    version = "v"
    quote = factory.LazyFunction(lambda: {"taken": "", "course_list": [], "global_coupons": []})
