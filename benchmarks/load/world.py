"""The shop of a run, and those who come to it: what the database holds, and what the shoppers are
told of it."""

import json
from collections.abc import Sequence
from pathlib import Path

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from api.gateways.local.keys import APP_ID, SELLER_ID, Pairs
from api.models import (
    Account,
    Coupon,
    CouponRecord,
    CouponRecordEvent,
    Course,
    CourseChapter,
    CourseDetail,
    CourseSection,
    PricePolicy,
    UserAuthToken,
)
from tests.support.factories import CouponFactory, CourseSubCategoryFactory

COURSES, CHAPTERS, SECTIONS = 200, 8, 6
OWN_COUPONS = 4  # that an account has from the beginning


class Shop:
    """200 courses with their pages and two price policies each; a coupon that everybody may claim
    in the sale, and four kinds that each account has."""

    def __init__(self) -> None:
        self._policies = _open()
        self._sale = CouponFactory(claimable=True, quantity=10**7)
        kinds = [
            {"coupon_type": 0, "money_equivalent_value": 20},
            {"coupon_type": 1, "money_equivalent_value": 50, "minimum_consume": 150},
            {"coupon_type": 2, "money_equivalent_value": 0, "off_percent": 85},
            {"coupon_type": 2, "money_equivalent_value": 0, "off_percent": 95},
        ]
        self._own: list[Coupon] = [CouponFactory(quantity=10**7, **kind) for kind in kinds]
        self._accounts = 0

    def tell(self, file: Path, pairs: Pairs, *, accounts: int) -> None:
        """Writes what the shoppers need into the file: the tokens of so many new accounts, the
        courses, and the gateway's key."""
        told = {
            "tokens": self._register(accounts),
            "policies": self._policies,
            "coupon": self._sale.pk,
            "app_id": APP_ID,
            "seller_id": SELLER_ID,
            "gateway_private": pairs.gateway_private,
        }
        file.write_text(json.dumps(told))

    def _register(self, number: int) -> list[str]:
        names = [f"shopper-{self._accounts + at}" for at in range(number)]
        self._accounts += number
        accounts = Account.objects.bulk_create(
            Account(username=name, password="!") for name in names
        )
        UserAuthToken.objects.bulk_create(
            UserAuthToken(user=account, token=account.username) for account in accounts
        )
        self._give(accounts)
        return names

    def _give(self, accounts: Sequence[Account]) -> None:
        now = timezone.now()
        records = CouponRecord.objects.bulk_create(
            CouponRecord(
                coupon=coupon, account=account, number=f"{account.pk}-{coupon.pk}", get_time=now
            )
            for account in accounts
            for coupon in self._own
        )
        CouponRecordEvent.objects.bulk_create(
            CouponRecordEvent(record=record, to_status=0, at=now) for record in records
        )
        for coupon in self._own:
            Coupon.objects.filter(pk=coupon.pk).update(issued=self._accounts)


def merchant(pairs: Pairs, folder: Path) -> dict[str, str]:
    """The settings of a merchant whose gateway nobody calls: paying by page needs none."""
    keys = {"private": pairs.merchant_private, "public": pairs.gateway_public}
    for name, pem in keys.items():
        (folder / f"{name}.pem").write_text(pem)
    return {
        "ALIPAY_APP_ID": APP_ID,
        "ALIPAY_SELLER_ID": SELLER_ID,
        "ALIPAY_PRIVATE_KEY": str(folder / "private.pem"),
        "ALIPAY_PUBLIC_KEY": str(folder / "public.pem"),
        "ALIPAY_GATEWAY": "http://127.0.0.1:9/gateway.do",
    }


def _open() -> list[list[int]]:
    """The courses with what is on their pages; the id of each, and of its two policies."""
    sub_category = CourseSubCategoryFactory()
    courses = Course.objects.bulk_create(
        Course(
            name=f"第{n}门课程",
            course_img="course.jpg",
            brief="概述" * 100,
            sub_category=sub_category,
            course_type=0,
            level=n % 3,
            order=n,
        )
        for n in range(COURSES)
    )
    CourseDetail.objects.bulk_create(CourseDetail(course=course, hours=40) for course in courses)
    chapters = CourseChapter.objects.bulk_create(
        CourseChapter(course=course, chapter=n, name=f"第{n}章")
        for course in courses
        for n in range(CHAPTERS)
    )
    CourseSection.objects.bulk_create(
        CourseSection(chapter=chapter, name=f"第{k}节", order=k, section_link=f"{chapter.pk}-{k}")
        for chapter in chapters
        for k in range(SECTIONS)
    )
    kind = ContentType.objects.get_for_model(Course)
    policies = PricePolicy.objects.bulk_create(
        PricePolicy(content_type=kind, object_id=course.pk, valid_period=period, price=99 + period)
        for course in courses
        for period in (30, 60)
    )
    pairs = zip(*[iter(policies)] * 2, strict=True)
    return [[first.object_id, first.pk, second.pk] for first, second in pairs]
