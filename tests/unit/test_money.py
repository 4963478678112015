"""Money: 元 as Decimal, whole fen as int, rounded half up in one place."""

from decimal import Decimal

import pytest

from api.rules.money import NotMoney, has_two_places, percent_of, to_fen, to_yuan, yuan


@pytest.mark.parametrize(
    ("number", "two_places"),
    [
        (1.005, "1.01"),  # as it is written, not as a float has it
        (2.675, "2.68"),
        (599.0, "599.00"),
        (0.1, "0.10"),
        (Decimal("1.005"), "1.01"),
        (Decimal("99"), "99.00"),
        (Decimal("0.004"), "0.00"),
    ],
)
def test_what_a_column_holds_is_read_as_it_is_written(
    number: float | Decimal, two_places: str
) -> None:
    assert str(yuan(number)) == two_places


@pytest.mark.parametrize(
    "number", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")]
)
def test_what_is_no_number_is_no_money(number: float | Decimal) -> None:
    with pytest.raises(NotMoney):
        yuan(number)


def test_the_largest_amount_has_forty_digits_of_fen() -> None:
    assert to_fen(Decimal("9" * 38)) == int("9" * 38 + "00")
    with pytest.raises(NotMoney):
        to_fen(Decimal("9" * 39))


def test_a_float_is_no_money_even_where_an_amount_counted_before_equals_it() -> None:
    assert to_fen(Decimal("0.5")) == 50
    with pytest.raises(TypeError):
        to_fen(0.5)  # type: ignore[arg-type]  # no type that it takes


@pytest.mark.parametrize("number", [0.0, 100.0, 1e20, 1.0, 199.9, 199.99, 0.01, 1.10, -0.5])
def test_a_number_of_whole_fen_has_two_places(number: float) -> None:
    assert has_two_places(number)


@pytest.mark.parametrize("number", [199.999, 0.001, 1e-20, 2.675, float("nan"), float("inf")])
def test_a_number_with_parts_of_a_fen_or_none_at_all_has_not(number: float) -> None:
    assert not has_two_places(number)


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (1, "0.01"), (-1, "-0.01"), (10**9, "10000000.00")]
)
def test_fen_become_yuan_of_two_places(fen: int, text: str) -> None:
    assert str(to_yuan(fen)) == text


@pytest.mark.parametrize(
    ("fen", "percent", "part"),
    [(100, 79, 79), (1, 50, 1), (1, 49, 0), (3, 50, 2), (0, 79, 0), (99, 100, 99)],
)
def test_a_percentage_is_rounded_half_up(fen: int, percent: int, part: int) -> None:
    assert percent_of(fen, percent) == part
