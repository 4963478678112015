"""Why a coupon is not issued, in the sentence that the manager reads."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from api.rules.coupons import CouponType, Scope, Terms, UseDays, Worth
from api.services.coupons.bindings import Binding
from api.services.coupons.refusals import CouponChanged, OfNoUse
from tests.support.factories import CourseFactory

pytestmark = pytest.mark.django_db
FIRST, LAST = dt.date(2026, 12, 1), dt.date(2026, 12, 12)


def terms(**changed: Any) -> Terms:
    """立减40 on everything, for twelve days."""
    facts: dict[str, Any] = {
        "worth": Worth(CouponType.CASH, Decimal(40)),
        "days": UseDays(FIRST, LAST),
        "scope": Scope.SITE_WIDE,
        "course_id": None,
    }
    return Terms(**facts | changed)


def told(seen: Terms, now: Terms) -> str:
    """What follows the sentence that all of them begin with."""
    return str(CouponChanged(seen, now)).partition("请重新预览。")[2]


def on(course_id: int) -> Terms:
    return terms(scope=Scope.COURSE, course_id=course_id)


def test_what_was_changed_since_the_preview_is_told_and_nothing_else() -> None:
    dearer = terms(worth=Worth(CouponType.CASH, Decimal(400)))
    assert told(terms(), dearer) == "优惠内容预览时是“立减40”，现在是“立减400”"
    assert told(dearer, terms()) == "优惠内容预览时是“立减400”，现在是“立减40”"


def test_several_changes_are_told_one_after_the_other() -> None:
    now = terms(worth=Worth(CouponType.CASH, Decimal(9)), days=UseDays(FIRST, FIRST))
    assert told(terms(), now) == (
        "优惠内容预览时是“立减40”，现在是“立减9”；"
        "使用有效期预览时是“2026-12-01 至 2026-12-12”，现在是“2026-12-01 至 2026-12-01”"
    )


def test_days_are_told_as_they_are_counted() -> None:
    by_receipt, none = terms(days=UseDays(None, None, 7)), terms(days=UseDays())
    assert told(by_receipt, terms()) == (
        "使用有效期预览时是“领取后7天”，现在是“2026-12-01 至 2026-12-12”"
    )
    assert told(by_receipt, none) == "使用有效期预览时是“领取后7天”，现在是“—”"


def test_a_binding_is_told_by_the_name_of_its_course() -> None:
    course = CourseFactory(name="爬虫")
    assert told(terms(), on(course.pk)) == "适用范围预览时是“全站”，现在是“爬虫”"
    assert told(on(course.pk), on(99)) == "适用范围预览时是“爬虫”，现在是“课程99（已删除）”"
    elsewhere = terms(scope=Scope.ELSEWHERE)
    assert told(terms(), elsewhere) == "适用范围预览时是“全站”，现在是“非课程”"


@pytest.mark.parametrize(
    ("binding", "what"),
    [(Binding.GONE, "课程已被删除，"), (Binding.ELSEWHERE, "不是课程，结算时不提供，")],
)
def test_what_nobody_could_use_is_told_apart(binding: Binding, what: str) -> None:
    assert f"绑定的{what}发放后没有人能使用" in str(OfNoUse(binding))
