"""What each event posts, and that nothing else than what balances can be made."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.models import Payment
from api.rules import ledger
from api.rules.ledger import Entry, LedgerAccount, LedgerEvent, Posting, TakenOff, Unbalanced

money = st.integers(0, 10**9).map(lambda fen: Decimal(fen) / 100)
taken_off = st.lists(st.builds(TakenOff, money, st.none() | st.integers(1, 3), st.just(1)))


def amounts(posting: Posting) -> list[tuple[str, str]]:
    return [(entry.account.value, str(entry.amount)) for entry in posting.entries]


def test_a_paid_order_posts_its_full_price_its_discounts_and_its_money() -> None:
    taken = [TakenOff(Decimal("10.00"), 1, 7), TakenOff(Decimal("33.00"), 2, 8)]
    posting = ledger.paid(
        full=Decimal("600.01"), taken_off=taken, amount=Decimal("557.01"), channel="alipay"
    )
    assert posting.event is LedgerEvent.PAID
    assert posting.entries == (
        Entry(LedgerAccount.LEARNER, Decimal("-600.01")),
        Entry(LedgerAccount.COUPONS, Decimal("10.00"), 1, 7),
        Entry(LedgerAccount.COUPONS, Decimal("33.00"), 2, 8),
        Entry(LedgerAccount.ALIPAY, Decimal("557.01")),
    )


def test_an_order_that_cost_nothing_posts_no_money() -> None:
    taken = [TakenOff(Decimal("99.00"), 1, 7)]
    posting = ledger.paid(
        full=Decimal("99.00"), taken_off=taken, amount=Decimal("0.00"), channel=None
    )
    assert amounts(posting) == [("learner", "-99.00"), ("coupons", "99.00")]


def test_what_is_free_at_full_price_posts_nothing() -> None:
    nothing = Decimal("0.00")
    assert ledger.paid(full=nothing, taken_off=[], amount=nothing, channel=None).entries == ()


def test_a_paid_order_whose_sums_differ_is_refused() -> None:
    with pytest.raises(Unbalanced):
        ledger.paid(full=Decimal("99.00"), taken_off=[], amount=Decimal("98.99"), channel="offline")


def test_a_refund_takes_back_what_one_record_took_off_in_one_entry() -> None:
    taken = [TakenOff(Decimal("1.50"), 2, 8), TakenOff(Decimal("3.00"), 2, 8)]
    posting = ledger.refunded(taken_off=taken, amount=Decimal("95.50"), channel="wechat")
    assert amounts(posting) == [("learner", "100.00"), ("coupons", "-4.50"), ("wechat", "-95.50")]


def test_money_that_is_too_much_comes_and_goes_by_an_account_of_its_own() -> None:
    came = ledger.excess(amount=Decimal("5.00"), channel="offline")
    went = ledger.returned(amount=Decimal("5.00"), channel="offline")
    assert amounts(came) == [("excess", "-5.00"), ("offline", "5.00")]
    assert amounts(went) == [("excess", "5.00"), ("offline", "-5.00")]


@given(taken_off, money)
def test_what_is_refunded_whole_leaves_nothing(taken: list[TakenOff], amount: Decimal) -> None:
    full = amount + sum(one.amount for one in taken)
    paid = ledger.paid(full=full, taken_off=taken, amount=amount, channel="alipay")
    back = ledger.refunded(taken_off=taken, amount=amount, channel="alipay")
    left: dict[object, Decimal] = {}
    for entry in (*paid.entries, *back.entries):
        key = entry.account, entry.record
        left[key] = left.get(key, Decimal(0)) + entry.amount
    assert not any(left.values())


def test_every_channel_of_payments_is_an_account_and_no_other_is_a_channel() -> None:
    assert {one.value for one in ledger.CHANNELS} == set(Payment.Channel.values)
    for name in ("learner", "coupons", "excess", "cash"):
        with pytest.raises(ValueError, match=name):
            ledger.excess(amount=Decimal("1.00"), channel=name)
