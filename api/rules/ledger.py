"""The books (contract §10): what each event posts. Pure rules.

An amount that an account receives is positive, one that it gives is negative, and the entries of an
event add up to 0.00: a posting that does not balance cannot be made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

NOTHING = Decimal("0.00")


class Unbalanced(ValueError):
    """The entries do not add up to 0.00."""


class LedgerAccount(StrEnum):
    """An account of the books. A channel's has the channel's own name."""

    LEARNER = "learner"
    COUPONS = "coupons"
    EXCESS = "excess"
    OFFLINE = "offline"
    ALIPAY = "alipay"
    WECHAT = "wechat"

    @property
    def display(self) -> str:
        """As the desk shows it."""
        return _ACCOUNTS[self]


CHANNELS = (LedgerAccount.ALIPAY, LedgerAccount.WECHAT, LedgerAccount.OFFLINE)


class LedgerEvent(StrEnum):
    """What posts entries. Nothing else does: an order that is placed, or closes, moves no money."""

    PAID = "paid"
    REFUNDED = "refunded"
    EXCESS = "excess"
    RETURNED = "returned"

    @property
    def display(self) -> str:
        """As the desk shows it."""
        return _EVENTS[self]


@dataclass(frozen=True, slots=True)
class TakenOff:
    """What a coupon took off, in 元; None for the ids of a record that is no more."""

    amount: Decimal
    record: int | None
    coupon: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What one account receives, or, negative, gives, in 元. Entries of coupons say of which."""

    account: LedgerAccount
    amount: Decimal
    record: int | None = None
    coupon: int | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """All entries of one event, without those of 0.00. Raises Unbalanced."""

    event: LedgerEvent
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        require_balance(entry.amount for entry in self.entries)
        object.__setattr__(self, "entries", tuple(one for one in self.entries if one.amount))


def require_balance(amounts: Iterable[Decimal]) -> None:
    """Raises Unbalanced for amounts that do not add up to 0.00."""
    if left := sum(amounts, NOTHING):
        raise Unbalanced(f"off by {left}")


def paid(
    *, full: Decimal, taken_off: Iterable[TakenOff], amount: Decimal, channel: str | None
) -> Posting:
    """An order is paid: the learner owed the full price; coupons bear what they took off, and the
    channel holds the rest. `channel` is None for an order that cost nothing. Raises Unbalanced
    where that is not the full price; ValueError for a channel that the books do not know."""
    return Posting(
        LedgerEvent.PAID,
        (
            Entry(LedgerAccount.LEARNER, -full),
            *_of_coupons(taken_off, 1),
            *_of_channel(channel, amount),
        ),
    )


def refunded(*, taken_off: Iterable[TakenOff], amount: Decimal, channel: str | None) -> Posting:
    """Courses go back: the channel gives the money, and what coupons had taken off these courses,
    each its own discount and its part of the site-wide one, is taken back, so that the books keep
    full prices, discounts and money of just the courses that the learner keeps."""
    taken = tuple(taken_off)
    full = amount + sum((one.amount for one in taken), NOTHING)
    return Posting(
        LedgerEvent.REFUNDED,
        (
            Entry(LedgerAccount.LEARNER, full),
            *_of_coupons(taken, -1),
            *_of_channel(channel, -amount),
        ),
    )


def excess(*, amount: Decimal, channel: str) -> Posting:
    """Money came that its order cannot take: the channel holds it, and it is to go back."""
    owed = Entry(LedgerAccount.EXCESS, -amount)
    return Posting(LedgerEvent.EXCESS, (owed, *_of_channel(channel, amount)))


def returned(*, amount: Decimal, channel: str) -> Posting:
    """That money went back."""
    owed = Entry(LedgerAccount.EXCESS, amount)
    return Posting(LedgerEvent.RETURNED, (owed, *_of_channel(channel, -amount)))


def _of_coupons(taken_off: Iterable[TakenOff], sign: int) -> tuple[Entry, ...]:
    """One entry a record."""
    sums: dict[tuple[int | None, int | None], Decimal] = {}
    for one in taken_off:
        key = one.record, one.coupon
        sums[key] = sums.get(key, NOTHING) + one.amount
    coupons = LedgerAccount.COUPONS
    return tuple(Entry(coupons, sign * amount, *key) for key, amount in sums.items())


def _of_channel(channel: str | None, amount: Decimal) -> tuple[Entry, ...]:
    if channel is None:
        return ()
    account = LedgerAccount(channel)
    if account not in CHANNELS:
        raise ValueError(f"no channel: {channel}")
    return (Entry(account, amount),)


_ACCOUNTS = {
    LedgerAccount.LEARNER: "学员应付",
    LedgerAccount.COUPONS: "优惠抵扣",
    LedgerAccount.EXCESS: "多付待退",
    LedgerAccount.OFFLINE: "线下收款",
    LedgerAccount.ALIPAY: "支付宝",
    LedgerAccount.WECHAT: "微信支付",
}
_EVENTS = {
    LedgerEvent.PAID: "订单付款",
    LedgerEvent.REFUNDED: "退款",
    LedgerEvent.EXCESS: "多付收款",
    LedgerEvent.RETURNED: "多付退回",
}
