"""The gateways' bills beside what the shop has (contract §10, Reconciliation). Pure rules."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

# The shop's clock is not the gateway's: money of the last minutes of a day may stand in the bill of
# the next one, and is missed only there.
SLACK = timedelta(minutes=30)


class BillKind(StrEnum):
    """What a row of a bill is about."""

    PAYMENT = "payment"
    REFUND = "refund"

    @property
    def display(self) -> str:
        """As the desk shows it."""
        return {BillKind.PAYMENT: "收款", BillKind.REFUND: "退款"}[self]


class BillResult(StrEnum):
    """What came of holding a row against the shop's own."""

    BALANCED = "balanced"
    SURPLUS = "surplus"  # the gateway has it, the shop does not
    SHORTAGE = "shortage"  # the shop has it, the gateway does not
    AMOUNT = "amount"

    @property
    def display(self) -> str:
        """As the desk shows it."""
        return _DISPLAY[self]


_DISPLAY = {
    BillResult.BALANCED: "平",
    BillResult.SURPLUS: "长款",
    BillResult.SHORTAGE: "短款",
    BillResult.AMOUNT: "金额不符",
}


def judged(gateway: Decimal | None, own: Decimal | None) -> BillResult:
    """The result for the amounts that the gateway and the shop have, in 元, or None for nothing.
    Raises ValueError where neither has anything."""
    if gateway is None and own is None:
        raise ValueError("nothing to hold against nothing")
    if own is None:
        return BillResult.SURPLUS
    if gateway is None:
        return BillResult.SHORTAGE
    return BillResult.BALANCED if gateway == own else BillResult.AMOUNT
