"""Money: 元 as `Decimal` outside, whole fen as `int` inside (docs/api.md, the rules of money).

Sums of fen are exact, and rounding can only happen where a `Decimal` becomes fen: in `to_fen`, half
up. Nothing else rounds money.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache

# Its own context, so that no caller's precision or rounding can change a price.
_MONEY = Context(prec=40, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
_CENT = Decimal("0.01")


class NotMoney(ValueError):
    """An amount that is no amount: NaN, infinite, or too long to be counted in fen."""


def to_fen(yuan: Decimal) -> int:
    """元 rounded half up to whole fen.

    Raises `NotMoney` for what cannot be counted, TypeError for a float.
    """
    try:
        return _in_fen(yuan)
    except (InvalidOperation, ValueError, TypeError) as error:
        if not isinstance(yuan, Decimal):
            raise
        raise NotMoney(f"not an amount of money: {yuan}") from error


@lru_cache(maxsize=4096, typed=True)  # hundreds of records may be of one coupon; no float is equal
def _in_fen(yuan: Decimal) -> int:
    return int(_MONEY.multiply(_MONEY.quantize(yuan, _CENT), 100))


def to_yuan(fen: int) -> Decimal:
    """Fen as 元 with two places."""
    return _MONEY.scaleb(fen, -2)


def has_two_places(number: float) -> bool:
    """Whether a number of 元 is in whole fen, read as it is written: 199.99, not 199.999."""
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -2


def percent_of(fen: int, percent: int) -> int:
    """So many percent of an amount, both in fen, rounded half up."""
    return to_fen(_MONEY.divide(fen * percent, 10_000))


def divide(amount: int, weights: Sequence[int]) -> list[int]:
    """The parts of an amount of fen in proportion to the weights, by largest remainder.

    They add up to the amount and, if that is at most the sum of the weights, none is larger
    than its weight. Equal remainders: the earlier one first.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % whole))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def yuan(number: float | Decimal) -> Decimal:
    """An amount of 元 as a column holds it, with two places. Raises `NotMoney`."""
    return to_yuan(to_fen(Decimal(repr(number)) if isinstance(number, float) else number))
