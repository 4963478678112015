"""What about a coupon looks like a slip beside the shop's other coupons and its prices.

The form refuses what is wrong; all that is here is allowed, and the manager is told of it.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db.models import Max

from api.models import Coupon, Course, CourseStatus, PricePolicy
from api.rules.coupons import CouponType, Scope
from api.rules.money import yuan


@dataclass(frozen=True)
class WorthMoreThanAnyCourse:
    """It takes more off than the dearest course it can be used on costs."""

    words: str
    dearest: Decimal

    def __str__(self) -> str:
        return (
            f"请确认：{self.words}，而可用的课程最贵的是{self.dearest}元，单买任何一门都不用付钱。"
        )


@dataclass(frozen=True)
class BeyondItsCourse:
    """The course it is bound to never costs as much as its minimum."""

    words: str
    dearest: Decimal

    def __str__(self) -> str:
        return f"请确认：{self.words}，而绑定的课程最贵的价格是{self.dearest}元，达不到最低消费。"


@dataclass(frozen=True)
class SameName:
    """Other coupons have this name."""

    coupon_ids: tuple[int, ...]

    def __str__(self) -> str:
        numbers = "、".join(map(str, self.coupon_ids))
        return f"请确认：已有同名的优惠券（编号{numbers}），名称相同不易区分。"


# `str()` says each of them to the manager.
Slip = WorthMoreThanAnyCourse | BeyondItsCourse | SameName
MOST_NAMED = 3


def likely(coupon: Coupon, *, renamed: bool) -> list[Slip]:
    """All of them; those of the name only where that is new. One query, or two."""
    return _beside_prices(coupon) + (_beside_names(coupon) if renamed else [])


def _beside_prices(coupon: Coupon) -> list[Slip]:
    """What is odd about its worth beside what courses cost. One query."""
    worth, scope = coupon.terms.worth, coupon.terms.scope
    if worth.coupon_type is CouponType.DISCOUNT:
        return []
    dearest = _dearest(coupon)
    if dearest is None:
        return []
    if scope is Scope.COURSE and worth.minimum_consume > dearest:
        return [BeyondItsCourse(worth.words, dearest)]
    if worth.money_equivalent_value > dearest:
        return [WorthMoreThanAnyCourse(worth.words, dearest)]
    return []


def _beside_names(coupon: Coupon) -> list[Slip]:
    """Whether other coupons have its name, but for spaces around it and the case of letters. One
    query."""
    others = Coupon.objects.filter(name__iexact=coupon.name.strip()).exclude(pk=coupon.pk)
    ids = tuple(others.order_by("-pk").values_list("pk", flat=True)[:MOST_NAMED])
    return [SameName(ids)] if ids else []


def _dearest(coupon: Coupon) -> Decimal | None:
    """The highest price of the course it is bound to, or of any that is online; None if there is
    none."""
    prices = PricePolicy.objects.filter(content_type=ContentType.objects.get_for_model(Course))
    if coupon.terms.scope is Scope.SITE_WIDE:
        online = Course.objects.filter(status=CourseStatus.ONLINE)
        prices = prices.filter(object_id__in=online.values("pk"))
    elif coupon.terms.course_id is not None:
        prices = prices.filter(object_id=coupon.terms.course_id)
    else:
        return None
    highest = prices.aggregate(highest=Max("price"))["highest"]
    return None if highest is None else yuan(highest)
