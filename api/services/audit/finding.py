"""What a check finds."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, Q, Value

HALF_FEN = Value(Decimal("0.005"))  # SQLite reckons in floats


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that does not agree with the others, by the name that a person finds it by."""

    row: str
    what: str

    def __str__(self) -> str:
        return f"{self.row}: {self.what}"


def differs(one: str, other: str) -> Q:
    """Whether two sums of money differ."""
    return Q(**{f"{one}__gt": F(other) + HALF_FEN}) | Q(**{f"{one}__lt": F(other) - HALF_FEN})
