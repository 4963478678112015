"""What has changed about a settlement since it was started (contract §8): the rule alone."""

from decimal import Decimal

import pytest

from api.rules.changes import (
    DISABLED,
    NOT_PAYABLE,
    Change,
    ChangeCode,
    Sale,
    coupon_changes,
    course_changes,
)
from api.rules.coupons import Worth

MONTH = ("30", "1个月")
WORTH = Worth.of(1, 200, 500, None, None)


def sale(price: str = "599.00", period: tuple[str, str] = MONTH) -> Sale:
    return Sale(Decimal(price), *period)


def changes(today: Sale | None, *, online: bool = True) -> list[Change]:
    return list(course_changes(1, online=online, was=sale(), today=today))


def told(today: Worth | None, gone: str | None = None) -> list[Change]:
    was = Worth.of(1, 200, 500, None, None)
    return list(coupon_changes(5, None, was=was, today=today, gone=gone))


def test_what_is_sold_as_it_was_is_no_change() -> None:
    assert changes(sale("599.0")) == []


@pytest.mark.parametrize("price", ["598.99", "599.01", "0.00"])
def test_another_price_is_told_whether_it_rose_or_fell(price: str) -> None:
    (change,) = changes(sale(price))

    assert change == Change(ChangeCode.PRICE_CHANGED, 1, was="599.00", now=price)
    assert (change.price, change.reason) == (price, "价格已变动")


@pytest.mark.parametrize("period", [("7", "1周"), ("365", "1年"), ("2", "0")])
def test_another_period_is_told_in_words_whether_longer_or_shorter(
    period: tuple[str, str],
) -> None:
    (change,) = changes(sale(period=period))

    assert change == Change(ChangeCode.PERIOD_CHANGED, 1, was="1个月", now=period[1])
    assert (change.price, change.reason) == (None, "有效期已变动")


@pytest.mark.parametrize("days", ["29", "31"])
def test_where_the_words_say_nothing_of_it_the_days_do(days: str) -> None:
    (change,) = changes(sale(period=(days, "".join(["1", "个月"]))))  # equal, and not the same

    assert (change.was, change.now) == ("30天", f"{days}天")


def test_the_same_days_in_other_words_are_a_change_too() -> None:
    assert [one.now for one in changes(sale(period=("30", "30天")))] == ["30天"]


def test_a_course_that_is_offline_tells_its_new_price_all_the_same() -> None:
    found = changes(sale("1.00"), online=False)

    assert [one.code for one in found] == [ChangeCode.OFFLINE, ChangeCode.PRICE_CHANGED]
    assert found[0].price is None


def test_of_a_policy_that_is_gone_nothing_else_is_told() -> None:
    assert changes(None) == [Change(ChangeCode.POLICY_GONE, 1, was="1个月")]
    assert changes(None, online=False) == [Change(ChangeCode.OFFLINE, 1)]


def test_a_coupon_that_does_the_same_is_no_change() -> None:
    assert told(WORTH) == []


@pytest.mark.parametrize("money", [199, 201])
def test_a_coupon_that_does_more_or_less_is_told(money: int) -> None:
    (change,) = told(Worth.of(1, money, 500, None, None))

    assert (change.code, change.coupon) == (ChangeCode.COUPON_CHANGED, 5)
    assert (change.was, change.now) == ("满500减200", f"满500减{money}")
    assert (change.price, change.reason) == (None, "优惠券内容已变动")


@pytest.mark.parametrize(("gone", "reason"), [(DISABLED, "优惠券已停用"), (None, "优惠券已不可用")])
def test_a_coupon_that_is_gone_says_why_if_there_is_a_reason_of_its_own(
    gone: str | None, reason: str
) -> None:
    (change,) = told(None, gone)

    assert (change.code, change.was, change.now) == (ChangeCode.COUPON_GONE, "满500减200", None)
    assert change.reason == reason


def test_only_what_is_not_sold_stops_the_order() -> None:
    assert {ChangeCode.OFFLINE, ChangeCode.POLICY_GONE} == NOT_PAYABLE


@pytest.mark.parametrize("code", [one for one in ChangeCode if one != ChangeCode.PRICE_CHANGED])
def test_no_other_change_has_a_price(code: ChangeCode) -> None:
    assert Change(code, 1, now="1.00").price is None
