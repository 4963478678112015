"""Values out of the hashes that other programs write, too (contract §4)."""

import json
from decimal import Decimal
from typing import Any

import pytest

from api.rules.coupons import CouponType
from api.stores.codec import (
    BROKEN,
    amount,
    choice_in,
    coupons_in,
    id_in,
    ids_in,
    kept,
    objects,
    offers_of,
    scalar,
)
from api.stores.reading import scan
from tests.support.baskets import held


def worth_of(**offer: Any) -> Any:
    (coupon,) = coupons_in({"4": offer})
    return coupon.worth


@pytest.mark.parametrize(
    ("text", "yuan"),
    [("1e-999", "1e-999"), ("1e12", "1e12"), ("1000000000000", "1e12"), ("0", "0"), ("007", "7")],
)
def test_an_amount_may_be_written_as_python_and_json_write_numbers(text: str, yuan: str) -> None:
    assert amount(text) == Decimal(yuan)


@pytest.mark.parametrize(
    "text",
    [
        *("1e-1000", "1e-99999999999999999999", "1e99999999999999999999", "1000000000000.01"),
        *("", ".5", "5.", "1e", "+1", "-1", "1_000", "0x1", "Infinity", "NaN", "１", "1\n"),
    ],
)
def test_anything_else_is_refused_as_what_it_is(text: str) -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        amount(text)


@pytest.mark.parametrize(("value", "text"), [("x", "x"), ("", ""), (30, "30"), (99.5, "99.5")])
def test_a_hash_holds_texts_and_numbers_as_they_are(value: Any, text: str) -> None:
    assert scalar(value) == kept(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (None, "null"), ([1], "[1]"), ({"a": 1}, '{"a": 1}')]
)
def test_anything_else_is_kept_in_json_and_no_value_of_ours(value: Any, text: str) -> None:
    assert kept(value) == text
    with pytest.raises(TypeError):
        scalar(value)


@pytest.mark.parametrize("nothing", [{}, {"money_equivalent_value": None}])
def test_a_coupon_without_a_value_takes_nothing_off(nothing: dict[str, None]) -> None:
    worth = worth_of(coupon_type=0, **nothing)
    assert (worth.coupon_type, worth.money_equivalent_value) == (CouponType.CASH, 0)


@pytest.mark.parametrize("nothing", [{}, {"minimum_consume": None}])
def test_a_coupon_without_a_minimum_has_none(nothing: dict[str, None]) -> None:
    assert worth_of(coupon_type=1, money_equivalent_value=5, **nothing).minimum_consume == 0


@pytest.mark.parametrize("nothing", [{}, {"off_percent": None}])
def test_a_discount_without_a_percentage_leaves_the_whole_price(nothing: dict[str, None]) -> None:
    worth = worth_of(coupon_type=2, **nothing)
    assert (worth.off_percent, worth.money_equivalent_value, worth.minimum_consume) == (100, 0, 0)


@pytest.mark.parametrize("percent", [1, 79, 100])
def test_a_percentage_to_pay_is_of_one_to_a_hundred(percent: int) -> None:
    assert worth_of(coupon_type=2, off_percent=percent).off_percent == percent


@pytest.mark.parametrize("percent", [0, 101, -1, "79", 79.0, True])
def test_no_other_percentage_is_one(percent: Any) -> None:
    with pytest.raises(BROKEN):
        worth_of(coupon_type=2, off_percent=percent)


@pytest.mark.parametrize("nothing", [{}, {"max_off": None}])
def test_a_discount_without_a_most_has_none(nothing: dict[str, None]) -> None:
    assert worth_of(coupon_type=2, off_percent=80, **nothing).max_off is None


@pytest.mark.parametrize("most", [100, "100", 100.0])
def test_a_most_may_be_written_as_a_number_or_a_text(most: Any) -> None:
    assert worth_of(coupon_type=2, off_percent=80, max_off=most).max_off == 100


@pytest.mark.parametrize("most", ["x", -1, True, [], "NaN"])
def test_a_most_that_is_no_amount_is_refused(most: Any) -> None:
    with pytest.raises(BROKEN):
        worth_of(coupon_type=2, off_percent=80, max_off=most)


def test_only_a_discount_has_a_most() -> None:
    assert worth_of(coupon_type=0, money_equivalent_value=5, max_off=1).max_off is None


def test_a_most_stands_in_the_hash_only_where_there_is_one() -> None:
    for most, more in ((None, {}), (Decimal(100), {"max_off": 100})):
        coupon = held(4, CouponType.DISCOUNT, percent=80, most=most)
        plain = {"coupon_type": 2, "coupon_display": "折扣券", "off_percent": 80}
        assert offers_of([coupon]) == {"4": plain | more}
        assert coupons_in(offers_of([coupon]))[0].worth == coupon.worth


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (CouponType.CASH, {"coupon_display": "立减券", "money_equivalent_value": 40}),
        (
            CouponType.THRESHOLD,
            {"coupon_display": "满减券", "money_equivalent_value": 40, "minimum_consume": 100},
        ),
        (CouponType.DISCOUNT, {"coupon_display": "折扣券", "off_percent": 79}),
    ],
)
def test_a_coupon_is_written_with_what_its_type_uses(kind: CouponType, more: Any) -> None:
    coupon = held(4, kind, Decimal(40), Decimal(100), 79)
    assert offers_of([coupon]) == {"4": {"coupon_type": kind.value} | more}


@pytest.mark.parametrize("percent", [1, 100])
def test_one_may_pay_from_1_to_100_percent(percent: int) -> None:
    assert worth_of(coupon_type=2, off_percent=percent).off_percent == percent


@pytest.mark.parametrize("percent", [0, 101, -1, "79", 79.0, True])
def test_what_is_no_percentage_to_pay_is_refused(percent: Any) -> None:
    with pytest.raises(BROKEN):
        worth_of(coupon_type=2, off_percent=percent)


def test_a_list_of_ids_may_be_long() -> None:
    ids = [*range(1, 301)]
    assert ids_in(json.dumps(ids).encode()) == tuple(map(str, ids))


@pytest.mark.parametrize("text", ['["1", "2", "1"]', '["1", 1]', '["1", "01"]', '"1"', "[[1]]"])
def test_a_list_has_each_id_once_and_nothing_else(text: str) -> None:
    with pytest.raises(BROKEN):
        ids_in(text.encode())


@pytest.mark.parametrize("half", [r"\ud83d", r"\uDE00", r"\ud83d\ud83d", r"\ude00\ud83d"])
def test_half_a_character_is_refused(half: str) -> None:
    with pytest.raises(ValueError, match="surrogate"):
        objects(f'{{"1": {{"a": "{half}"}}}}')


def test_both_halves_are_a_whole_character() -> None:
    assert objects(r'{"1": {"a": "\ud83d\uDE00"}}') == {"1": {"a": "😀"}}


@pytest.mark.parametrize("text", ["1", "10", "9" * 18])
def test_an_id_is_digits_that_do_not_begin_with_0(text: str) -> None:
    assert id_in(text) == choice_in(text) == int(text)


@pytest.mark.parametrize("text", ["", "01", "00", "-1", "1.0", " 1", "1\n", "１", "9" * 19])
def test_nothing_else_is_an_id_or_a_choice(text: str) -> None:
    for read in (id_in, choice_in):
        with pytest.raises(ValueError, match="not an id"):
            read(text)


def test_0_chooses_nothing_and_is_no_id() -> None:
    assert choice_in("0") is None
    with pytest.raises(ValueError, match="not an id"):
        id_in("0")


class Keys:
    """A Redis of which only the names of its keys matter."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def scan_iter(self, match: str, count: int) -> list[bytes]:
        return [name.encode() for name in self._names]


def test_a_key_whose_id_begins_with_0_is_not_found() -> None:
    keys: Any = Keys("car_1_2", "car_01_2", "car_1_02", "car_1_0", "car_1_20", "car_1_2x", "car_1_")
    assert list(scan(keys, "car_\0_\0")) == [("1", "2"), ("1", "20")]


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"', '{"1": 2}', '{"1": null}', "{", ""])
def test_only_an_object_of_objects_is_one(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  of json itself, too
        objects(text)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_no_answer_can_hold_is_refused(number: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        objects(f'{{"1": {{"price": {number}}}}}')
