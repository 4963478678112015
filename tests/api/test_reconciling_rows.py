"""Bills row by row, of a gateway whose bills a test writes (contract §10, Reconciliation)."""

import logging
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from api.errors import ChannelUnavailable, GatewayOutOfReach
from api.gateways.base import BillAbsent, BillFile, BillRow, BillUnreadable
from api.models import Bill, BillLine, Order, Payment, Refund
from api.rules.reconciliation import BillKind
from api.services.reconciling import judging, own, settling
from api.services.reconciling.fetching import fetch_due, reconcile
from tests.support.bills import DAY, MORNING, NOON
from tests.support.factories import OrderFactory
from tests.support.fake_gateways import FakeGateway, FakeGateways, fake_gateways

pytestmark = pytest.mark.django_db
ONE = timedelta(days=1)
INSTANT, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)
MIDNIGHT = NOON.replace(hour=0)  # DAY begins
LATER = MORNING + 40 * ONE
PAID, CLOSED, EXCESS = Payment.Status.PAID, Payment.Status.CLOSED, Payment.Status.EXCESS


@pytest.fixture
def gateways(monkeypatch: pytest.MonkeyPatch) -> FakeGateways:
    return fake_gateways(monkeypatch)


@pytest.fixture
def alipay(gateways: FakeGateways) -> FakeGateway:
    assert gateways.alipay is not None
    return gateways.alipay


@pytest.fixture
def order(db: None) -> Order:
    return OrderFactory()


def row(number: str, amount: str = "99.00", request: str = "", **other: Any) -> BillRow:
    facts = {"channel": "alipay", "trade_no": f"T{number}", "at": NOON, "raw": f"raw {number}"}
    kind = BillKind.REFUND if request else BillKind.PAYMENT
    return BillRow(
        kind=kind,
        out_trade_no=number,
        out_request_no=request,
        amount=Decimal(amount),
        **facts | other,
    )


def paid(
    order: Order,
    number: str,
    at: datetime = NOON,
    amount: str = "99.00",
    status: int = EXCESS,  # of which an order may have any number
    channel: str = "alipay",
) -> Payment:
    return Payment.objects.create(
        order=order,
        channel=channel,
        out_trade_no=number,
        amount=amount,
        status=status,
        created=at,
        paid_at=at,
    )


def refunded(
    payment: Payment,
    number: str,
    at: datetime = NOON,
    amount: str = "9.00",
    status: int = Refund.Status.DONE,
) -> Refund:
    return Refund.objects.create(
        order=payment.order,
        payment=payment,
        out_request_no=number,
        amount=amount,
        status=status,
        asked_at=at,
        done_at=at,
    )


def fetched(gateway: FakeGateway, *rows: BillRow, day: date = DAY, now: datetime = LATER) -> Bill:
    """The bill of the day has these rows, and is fetched."""
    gateway.bills[day] = BillFile(rows, "digest")
    return reconcile(gateway.channel, day, now=now)


def lines(day: date = DAY) -> list[tuple[str, str]]:
    kept = BillLine.objects.filter(bill__day=day).order_by("pk")
    return [(one.out_request_no or one.out_trade_no, one.result) for one in kept]


def settle(number: str) -> BillLine:
    line = BillLine.objects.get(out_trade_no=number)
    return settling.settle(line.pk, staff_id=None, note="核对过", now=MORNING)


# --- What is kept of a row ------------------------------------------------------------------------


def test_a_row_is_kept_as_it_came(alipay, order):
    payment = paid(order, "p")
    refund = refunded(payment, "r")

    fetched(alipay, row("p"), row("p", "9.00", "r", raw="给"))

    first, second = BillLine.objects.order_by("pk")
    assert (first.kind, first.out_trade_no, first.out_request_no) == ("payment", "p", "")
    assert (first.trade_no, first.amount, first.at, first.raw) == ("Tp", 99, NOON, "raw p")
    assert (first.payment, first.refund, first.own_amount) == (payment, None, 99)
    assert (second.kind, second.out_trade_no, second.out_request_no) == ("refund", "p", "r")
    assert (second.payment, second.refund, second.own_amount) == (payment, refund, 9)
    assert (second.amount, second.raw, second.result) == (9, "给", "balanced")


def test_of_rows_about_the_same_money_each_is_numbered_and_the_first_can_be_right(alipay, order):
    paid(order, "p")
    paid(order, "q")

    fetched(alipay, row("p"), row("q"), row("p"), row("p"))

    kept = BillLine.objects.order_by("pk").values_list("out_trade_no", "copy", "result")
    assert list(kept) == [
        ("p", 1, "balanced"),
        ("q", 1, "balanced"),
        ("p", 2, "surplus"),
        ("p", 3, "surplus"),
    ]


@pytest.mark.parametrize("other", ["o", "q"])
def test_a_refund_that_names_another_payment_is_not_the_shop_s(alipay, order, other):
    refunded(paid(order, "p"), "r")
    paid(order, other)

    fetched(alipay, row("p"), row(other), row(other, "9.00", "r"))

    assert lines() == [("p", "balanced"), (other, "balanced"), ("r", "surplus")]


def test_fetched_again_each_row_is_as_it_is_now(alipay, order):
    paid(order, "p")
    paid(order, "q")
    fetched(alipay, row("p"), row("q"), row("gone", "1.00"))
    (p, q, _) = BillLine.objects.order_by("pk")

    fetched(alipay, row("new", "2.00"), row("p"), row("q", raw="another", trade_no="other"))

    p.refresh_from_db()
    q.refresh_from_db()
    assert (p.raw, q.raw, q.trade_no, q.result) == ("raw p", "another", "other", "balanced")
    assert lines() == [("p", "balanced"), ("q", "balanced"), ("new", "surplus")]


def test_what_a_bill_lacks_now_is_the_shop_s_alone(alipay, order):
    paid(order, "p")
    fetched(alipay, row("p"), row("q"))

    fetched(alipay)

    (line,) = BillLine.objects.all()
    assert (line.result, line.amount, line.at, line.raw) == ("shortage", None, None, "")
    assert line.own_amount == 99


def test_a_bill_says_when_it_came_and_what_is_in_it(alipay, order):
    refunded(paid(order, "p"), "r")
    paid(order, "missing")
    paid(order, "wrong")

    bill = fetched(
        alipay, row("p"), row("p", "9.00", "r"), row("extra", "1.00"), row("wrong", "98.00")
    )

    bill.refresh_from_db()
    assert (bill.fetched_at, bill.tried_at, bill.digest) == (LATER, LATER, "digest")
    assert (bill.received, bill.refunded) == (Decimal("198.00"), Decimal("9.00"))
    numbers = (bill.balanced, bill.surplus, bill.shortage, bill.mismatched, bill.unsettled)
    assert numbers == (2, 1, 1, 1, 3)


# --- Differences that were settled ----------------------------------------------------------------


@pytest.mark.parametrize("amount", ["98.00", "99.02"])
def test_another_amount_there_is_another_difference(alipay, order, amount):
    paid(order, "p")
    fetched(alipay, row("p", "99.01"))
    settle("p")

    bill = fetched(alipay, row("p", amount))

    line = BillLine.objects.get()
    assert (line.note, line.settled_at, bill.unsettled) == ("核对过", None, 1)


@pytest.mark.parametrize("amount", [98, 100])
def test_another_amount_here_is_another_difference(alipay, order, amount):
    paid(order, "p")
    fetched(alipay, row("p", "99.01"))
    settle("p")
    Payment.objects.update(amount=amount)

    bill = fetched(alipay, row("p", "99.01"))

    line = BillLine.objects.get()
    assert (line.own_amount, line.settled_at, bill.unsettled) == (amount, None, 1)


def test_the_same_amounts_are_the_same_difference_whatever_else_the_row_says(alipay, order):
    paid(order, "p")
    fetched(alipay, row("p", "99.01"))
    settle("p")

    bill = fetched(alipay, row("p", "99.01", raw="another"))

    line = BillLine.objects.get()
    assert (line.raw, line.settled_at, bill.unsettled) == ("another", MORNING, 0)


def test_a_difference_that_is_none_any_more_still_says_when_it_was_settled(alipay, order):
    paid(order, "p")
    fetched(alipay, row("p", "99.01"))
    settle("p")
    Payment.objects.update(amount="99.01")

    bill = fetched(alipay, row("p", "99.01"))

    line = BillLine.objects.get()
    assert (line.result, line.settled_at, bill.unsettled) == ("balanced", MORNING, 0)


def test_another_row_here_of_the_same_money_is_the_same_difference(alipay, order):
    payment = paid(order, "p")
    fetched(alipay, row("p", "99.01"))
    settle("p")
    BillLine.objects.update(payment=None)

    bill = fetched(alipay, row("p", "99.01"))

    line = BillLine.objects.get()
    assert (line.payment, line.settled_at, bill.unsettled) == (payment, MORNING, 0)


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_what_is_missed_no_more_goes_but_for_what_somebody_noted(alipay, order, monkeypatch, batch):
    monkeypatch.setattr(judging, "BATCH", batch)
    for number in ("noted", "p", "q"):
        paid(order, number)
    fetched(alipay)
    settle("noted")
    Payment.objects.update(status=CLOSED)

    bill = fetched(alipay)

    line = BillLine.objects.get()
    assert (str(line), line.result, line.note) == ("noted", "balanced", "核对过")
    assert (bill.balanced, bill.shortage, bill.unsettled) == (1, 0, 0)


def test_what_is_missed_again_is_to_be_settled_again(alipay, order):
    paid(order, "p")
    fetched(alipay)
    settle("p")
    Payment.objects.update(status=CLOSED)
    fetched(alipay)
    Payment.objects.update(status=EXCESS)

    bill = fetched(alipay)

    line = BillLine.objects.get()
    assert (line.result, line.settled_at, bill.unsettled) == ("shortage", None, 1)


def test_what_is_still_missed_stays_settled(alipay, order):
    paid(order, "p")
    fetched(alipay)
    settle("p")

    bill = fetched(alipay)

    assert (BillLine.objects.get().settled_at, bill.unsettled) == (MORNING, 0)


def test_settling_moves_nothing_but_the_number_of_those_that_wait(alipay, order):
    paid(order, "p")
    paid(order, "q")
    fetched(alipay)

    line = settle("p")

    assert (line.note, line.settled_at, line.settled_by) == ("核对过", MORNING, None)
    bill = Bill.objects.get()
    assert (bill.shortage, bill.unsettled) == (2, 1)
    with pytest.raises(settling.NotOpen):
        settle("p")


# --- What the shop has ----------------------------------------------------------------------------


def test_money_counts_whatever_an_order_could_take_of_it_and_no_other(alipay, order):
    paid(order, "paid", status=PAID)
    paid(order, "excess", status=EXCESS)
    paid(order, "closed", status=CLOSED)
    paid(order, "wechat", channel="wechat")

    fetched(alipay)

    assert lines() == [("paid", "shortage"), ("excess", "shortage")]


def test_refunds_count_that_went_out_through_the_channel(alipay, order):
    payment = paid(order, "p")
    refunded(payment, "done")
    refunded(payment, "a fen", amount="0.01")
    refunded(payment, "nothing", amount="0.00")
    refunded(payment, "approved", status=Refund.Status.APPROVED)
    refunded(paid(order, "w", channel="wechat"), "wechat")

    fetched(alipay, row("p"))

    assert lines() == [("p", "balanced"), ("done", "shortage"), ("a fen", "shortage")]
    missing = BillLine.objects.get(out_request_no="done")
    assert (missing.kind, missing.out_trade_no, missing.own_amount) == ("refund", "p", 9)


END = MIDNIGHT + ONE - 30 * MINUTE


@pytest.mark.parametrize(
    ("at", "missed"),
    [
        (MIDNIGHT - INSTANT, False),
        (MIDNIGHT, True),
        (END - INSTANT, True),
        (END, False),
    ],
)
def test_money_is_missed_from_midnight_to_the_last_half_hour(alipay, order, at, missed):
    refunded(paid(order, "p", at), "r", at)

    fetched(alipay)

    assert lines() == ([("p", "shortage"), ("r", "shortage")] if missed else [])


@pytest.mark.parametrize(
    ("at", "missed"),
    [(MIDNIGHT - 30 * MINUTE - INSTANT, False), (MIDNIGHT - 30 * MINUTE, True)],
)
def test_behind_a_bill_the_last_half_hour_of_its_day_is_missed_too(alipay, order, at, missed):
    fetched(alipay, day=DAY - ONE)
    refunded(paid(order, "p", at), "r", at)

    fetched(alipay)

    assert lines() == ([("p", "shortage"), ("r", "shortage")] if missed else [])


@pytest.mark.parametrize(
    "other",
    [
        {"day": DAY - 2 * ONE, "fetched_at": NOON},
        {"day": DAY, "fetched_at": NOON, "channel": "wechat"},
        {"day": DAY - ONE, "fetched_at": NOON, "channel": "wechat"},
        {"day": DAY - ONE, "fetched_at": None},
    ],
    ids=str,
)
def test_only_the_channel_s_own_bill_of_the_day_before_counts(alipay, order, other):
    Bill.objects.create(**{"channel": "alipay", "tried_at": NOON, **other})
    paid(order, "p", MIDNIGHT - MINUTE)

    fetched(alipay)

    assert lines() == []


def test_what_stands_in_another_bill_is_not_missed(alipay, order):
    refunded(paid(order, "p"), "r")
    fetched(alipay, row("p"), row("p", "9.00", "r"), day=DAY + ONE)

    fetched(alipay)

    assert lines() == []


def test_what_stands_in_another_channel_s_bill_is_missed(gateways, alipay, order):
    paid(order, "p")
    fetched(gateways.wechat, row("p", channel="wechat"))

    fetched(alipay)

    assert BillLine.objects.get(bill__channel="alipay").result == "shortage"


def test_many_numbers_are_looked_up_in_parts(alipay, order, monkeypatch):
    monkeypatch.setattr(own, "AT_ONCE", 2)
    payments = [paid(order, f"p{number}") for number in range(5)]
    for number, payment in enumerate(payments):
        refunded(payment, f"r{number}")

    bill = fetched(
        alipay,
        *[row(f"p{number}") for number in range(5)],
        *[row(f"p{number}", "9.00", f"r{number}") for number in range(5)],
        day=DAY + ONE,
    )
    assert bill.balanced == 10
    assert fetched(alipay).shortage == 0


# --- Other bills ----------------------------------------------------------------------------------


def test_the_neighbours_of_a_bill_are_judged_again(alipay, order):
    days = [DAY + number * ONE for number in (-2, -1, 0, 1, 2)]
    for day in days:
        fetched(alipay, day=day)
    for day in days:
        paid(order, str(day), NOON + (day - DAY))

    fetched(alipay)

    assert [bool(lines(day)) for day in days] == [False, True, True, True, False]


def test_differences_of_a_month_are_looked_at_again(alipay, order):
    for ago in (31, 32):
        fetched(alipay, row(str(ago)), day=DAY - ago * ONE)
    for ago in (31, 32):
        paid(order, str(ago), NOON - ago * ONE)

    fetched(alipay)

    assert lines(DAY - 31 * ONE) == [("31", "balanced")]
    assert lines(DAY - 32 * ONE) == [("32", "surplus")]


# --- Bills that do not come -----------------------------------------------------------------------

READY = MIDNIGHT + ONE + timedelta(hours=9)


def test_no_bill_is_an_empty_one_once_it_would_be_there(alipay):
    with pytest.raises(BillAbsent):
        reconcile("alipay", DAY, now=READY - INSTANT)
    assert Bill.objects.get().fetched_at is None

    bill = reconcile("alipay", DAY, now=READY)

    assert (bill.fetched_at, bill.problem, bill.digest) == (READY, "", "")
    assert lines() == []


@pytest.mark.parametrize(
    ("at", "there"),
    [
        (MIDNIGHT - INSTANT, True),
        (MIDNIGHT, False),
        (MIDNIGHT + ONE - INSTANT, False),
        (MIDNIGHT + ONE, True),
    ],
)
@pytest.mark.parametrize("what", ["came", "went"])
def test_no_bill_of_a_day_on_which_money_moved_is_none(alipay, order, at, there, what):
    payment = paid(order, "p", at if what == "came" else NOON - 9 * ONE)
    if what == "went":
        refunded(payment, "r", at)

    if there:
        assert reconcile("alipay", DAY, now=READY).fetched_at == READY
    else:
        with pytest.raises(BillAbsent):
            reconcile("alipay", DAY, now=READY)
        assert Bill.objects.get().fetched_at is None


def test_each_problem_is_told_at_the_desk_and_in_the_log(alipay, order, caplog):
    paid(order, "p")

    def told() -> tuple[str, int]:
        return Bill.objects.get().problem, caplog.records[-1].levelno

    def logged() -> str:
        return caplog.records[-1].getMessage().removeprefix("alipay: the bill of 2026-03-05: ")

    with pytest.raises(BillAbsent):
        reconcile("alipay", DAY, now=READY)
    assert (*told(), logged()) == ("渠道还没有这一天的账单", logging.WARNING, "BillAbsent")
    alipay.unreadable = "长" * 300
    with pytest.raises(BillUnreadable):
        reconcile("alipay", DAY, now=READY)
    assert told() == (f"账单文件有误：{'长' * 248}", logging.ERROR)
    assert logged() == "长" * 300
    alipay.silent = True
    with pytest.raises(GatewayOutOfReach):
        reconcile("alipay", DAY, now=READY + ONE)
    assert told() == ("渠道没有响应", logging.ERROR)

    bill = Bill.objects.get()
    assert (bill.tried_at, bill.fetched_at) == (READY + ONE, None)


def test_a_channel_without_a_merchant_has_no_bill(gateways):
    gateways.alipay = None

    with pytest.raises(ChannelUnavailable):
        reconcile("alipay", DAY, now=READY)
    assert fetch_due(now=READY, channels=["alipay"]) == 0
    assert not Bill.objects.exists()


# --- The job --------------------------------------------------------------------------------------


def asked(gateway: FakeGateway) -> list[str]:
    return [number for what, number in gateway.heard if what == "bill"]


@pytest.mark.parametrize(
    ("now", "days", "left"),
    [(READY - INSTANT, ["03", "04"], 1), (READY, ["03", "04", "05"], 0)],
)
def test_the_job_fetches_the_bills_of_three_days_the_oldest_first(alipay, now, days, left):
    assert fetch_due(now=now, channels=["alipay"]) == len(days)

    assert asked(alipay) == [f"2026-03-{day}" for day in days]
    assert fetch_due(now=now + ONE / 2, channels=["alipay"]) == left


@pytest.mark.parametrize("minutes", [10, 25])
def test_a_bill_that_did_not_come_is_tried_again_after_ten_minutes(alipay, order, minutes):
    paid(order, "p")
    assert fetch_due(now=READY, channels=["alipay"]) == 2
    alipay.bills[DAY] = BillFile((row("p"),), "")

    assert fetch_due(now=READY + 10 * MINUTE - INSTANT, channels=["alipay"]) == 0
    assert fetch_due(now=READY + minutes * MINUTE, channels=["alipay"]) == 1
    assert fetch_due(now=READY + ONE / 2, channels=["alipay"]) == 0


def test_a_bill_that_is_late_keeps_no_other_from_coming(alipay, order):
    paid(order, "p", NOON - 2 * ONE)

    assert fetch_due(now=READY, channels=["alipay"]) == 2

    assert len(asked(alipay)) == 3


def test_a_failure_is_raised_after_all_were_tried(gateways, alipay):
    alipay.silent = True
    wechat: Any = gateways.wechat

    with pytest.raises(GatewayOutOfReach):
        fetch_due(now=READY, channels=["alipay", "wechat"])

    assert (len(asked(alipay)), len(asked(wechat))) == (3, 3)
    assert Bill.objects.filter(channel="wechat", fetched_at=READY).count() == 3


def test_the_day_of_a_job_is_the_shop_s(alipay):
    """Just past midnight in Beijing, where it is still the day before in London."""
    fetch_due(now=timezone.localtime(MIDNIGHT + MINUTE), channels=["alipay"])

    assert asked(alipay) == ["2026-03-02", "2026-03-03"]
