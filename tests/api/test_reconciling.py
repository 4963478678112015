"""The gateways' bills beside payments and refunds (contract §10, Reconciliation)."""

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from api.errors import ChannelUnavailable, GatewayOutOfReach
from api.gateways.alipay.client import Alipay
from api.gateways.base import BillAbsent, BillUnreadable
from api.gateways.channels import gateway_of
from api.gateways.local import bills
from api.models import Bill, BillLine, Payment
from api.services.reconciling import settling
from api.services.reconciling.fetching import fetch_due, reconcile
from api.services.refunds import asking as refund_asking
from api.services.refunds import deciding, sending
from tests.support.at_once import at_once
from tests.support.bills import DAY, MORNING, NOON, paid_through
from tests.support.gateways import LocalGateway

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CHANNELS = pytest.mark.parametrize("channel", ["alipay", "wechat"])
NEXT = DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway takes requests of another day's clock."""
    monkeypatch.setattr("api.gateways.local.alipay.OLDEST", timedelta(days=36_500))


def lines(day: Any = DAY) -> list[tuple[Any, ...]]:
    """What is kept of a day's bill: result, number, the gateway's amount, the shop's."""
    kept = BillLine.objects.filter(bill__day=day).order_by("pk")
    return [(one.result, str(one), one.amount, one.own_amount) for one in kept]


def refunded(payment: Payment, at: Any = NOON) -> str:
    """All of the payment's order goes back; gives the refund's number."""
    order, now = payment.order, timezone.now()
    who = {"account_id": order.account_id, "order_number": order.order_number}
    type(order).objects.filter(pk=order.pk).update(pay_time=now)
    refund_asking.ask(**who, course_ids=(), reason="", now=now)
    refund = order.refunds.get()
    staff = User.objects.create_user("approver")
    refund = deciding.approve(refund.pk, staff_id=staff.pk, note="", now=now)
    assert sending.send(refund, now=now)
    type(refund).objects.filter(pk=refund.pk).update(done_at=at)
    return str(refund.out_request_no)


def at_gateway(gateway: LocalGateway, number: str, at: Any) -> None:
    with gateway.book._rows() as rows:
        rows.execute("UPDATE refund SET at = ? WHERE number = ?", [at.isoformat(), number])


# --- What differs ---------------------------------------------------------------------------------


@CHANNELS
def test_payments_and_refunds_that_agree_balance(gateway: LocalGateway, channel: str) -> None:
    payment = paid_through(gateway, channel)
    number = refunded(payment)
    at_gateway(gateway, number, NOON + timedelta(hours=1))

    bill = reconcile(channel, DAY, now=MORNING)

    ninety_nine = Decimal("99.00")
    assert lines() == [
        ("balanced", payment.out_trade_no, ninety_nine, ninety_nine),
        ("balanced", number, ninety_nine, ninety_nine),
    ]
    assert (bill.balanced, bill.unsettled) == (2, 0)
    assert (bill.received, bill.refunded) == (ninety_nine, ninety_nine)
    line = BillLine.objects.get(kind="payment")
    assert (line.payment, line.at, line.trade_no) == (payment, NOON, payment.trade_no)
    assert payment.out_trade_no in line.raw


@CHANNELS
def test_a_missing_an_extra_and_a_wrong_row_are_named(gateway: LocalGateway, channel: str) -> None:
    right, missing, wrong = (paid_through(gateway, channel) for _ in range(3))
    for payment, how in ((missing, "omit"), (wrong, "amount")):
        gateway.book.falsify(channel, str(DAY), f"{payment.out_trade_no}/", how)
    gateway.book.falsify(channel, str(DAY), "20260305999/", "extra")

    bill = reconcile(channel, DAY, now=MORNING)

    own = Decimal("99.00")
    assert lines() == [
        ("balanced", right.out_trade_no, own, own),
        ("amount", wrong.out_trade_no, Decimal("99.01"), own),
        ("surplus", "20260305999", Decimal("1.00"), None),
        ("shortage", missing.out_trade_no, None, own),
    ]
    numbers = (bill.balanced, bill.surplus, bill.shortage, bill.mismatched, bill.unsettled)
    assert numbers == (1, 1, 1, 1, 3)


@CHANNELS
def test_a_refund_that_the_bill_lacks_is_named(gateway: LocalGateway, channel: str) -> None:
    payment = paid_through(gateway, channel)
    number = refunded(payment)
    at_gateway(gateway, number, NOON)
    gateway.book.falsify(channel, str(DAY), f"{payment.out_trade_no}/{number}", "omit")

    reconcile(channel, DAY, now=MORNING)

    assert ("shortage", number, None, Decimal("99.00")) in lines()


def test_money_that_the_shop_never_took_in_is_there_too_much_until_it_does(
    gateway: LocalGateway,
) -> None:
    payment = paid_through(gateway, "alipay")
    Payment.objects.update(status=Payment.Status.WAITING, paid_at=None)
    reconcile("alipay", DAY, now=MORNING)
    assert lines() == [("surplus", payment.out_trade_no, Decimal("99.00"), None)]

    Payment.objects.update(status=Payment.Status.PAID, paid_at=MORNING)
    reconcile("alipay", DAY, now=MORNING)

    assert [one[0] for one in lines()] == ["balanced"]


def test_what_a_gateway_took_twice_is_too_much_once(gateway: LocalGateway, monkeypatch) -> None:
    payment = paid_through(gateway, "alipay")
    written = bills.written
    monkeypatch.setattr(bills, "written", lambda *told: written(*told) * 2)

    reconcile("alipay", DAY, now=MORNING)
    reconcile("alipay", DAY, now=MORNING)

    own = Decimal("99.00")
    assert lines() == [
        ("balanced", payment.out_trade_no, own, own),
        ("surplus", payment.out_trade_no, own, None),
    ]


def test_a_channel_is_held_against_its_own_money_alone(gateway: LocalGateway) -> None:
    paid_through(gateway, "alipay")
    other = paid_through(gateway, "wechat")

    reconcile("wechat", DAY, now=MORNING)

    assert [one[:2] for one in lines()] == [("balanced", other.out_trade_no)]


# --- Again, and by hand ---------------------------------------------------------------------------


@CHANNELS
def test_twice_gives_the_same_and_nothing_double(gateway: LocalGateway, channel: str) -> None:
    paid_through(gateway, channel)
    missing = paid_through(gateway, channel)
    gateway.book.falsify(channel, str(DAY), f"{missing.out_trade_no}/", "omit")
    reconcile(channel, DAY, now=MORNING)
    before = list(BillLine.objects.order_by("pk").values())

    reconcile(channel, DAY, now=MORNING + timedelta(hours=1))

    assert list(BillLine.objects.order_by("pk").values()) == before
    assert Bill.objects.count() == 1


def settled(note: str = "已与支付宝核对") -> BillLine:
    staff = User.objects.create_user("finance")
    line = BillLine.objects.exclude(result="balanced").get()
    return settling.settle(line.pk, staff_id=staff.pk, note=note, now=MORNING)


def test_what_was_settled_by_hand_keeps_its_note(gateway: LocalGateway) -> None:
    payment = paid_through(gateway, "alipay")
    gateway.book.falsify("alipay", str(DAY), f"{payment.out_trade_no}/", "amount")
    reconcile("alipay", DAY, now=MORNING)
    line = settled()

    bill = reconcile("alipay", DAY, now=MORNING + timedelta(hours=1))

    line.refresh_from_db()
    assert (line.result, line.note, line.settled_at) == ("amount", "已与支付宝核对", MORNING)
    assert (bill.mismatched, bill.unsettled) == (1, 0)


def test_a_difference_that_has_cleared_up_keeps_its_note_too(gateway: LocalGateway) -> None:
    payment = paid_through(gateway, "alipay")
    other = paid_through(gateway, "alipay")
    gateway.book.falsify("alipay", str(DAY), f"{payment.out_trade_no}/", "omit")
    reconcile("alipay", DAY, now=MORNING)
    line = settled()
    gateway.book.falsify("alipay", str(DAY), f"{payment.out_trade_no}/", "")

    reconcile("alipay", DAY, now=MORNING)

    line.refresh_from_db()
    assert (line.result, line.note, line.amount) == ("balanced", "已与支付宝核对", 99)
    assert {one[1] for one in lines()} == {payment.out_trade_no, other.out_trade_no}


def test_a_difference_that_became_another_is_to_be_settled_again(gateway: LocalGateway) -> None:
    payment = paid_through(gateway, "alipay")
    paid_through(gateway, "alipay")
    row = f"{payment.out_trade_no}/"
    gateway.book.falsify("alipay", str(DAY), row, "omit")
    reconcile("alipay", DAY, now=MORNING)
    line = settled()
    gateway.book.falsify("alipay", str(DAY), row, "amount")

    bill = reconcile("alipay", DAY, now=MORNING)

    line.refresh_from_db()
    assert (line.result, line.note, line.is_open) == ("amount", "已与支付宝核对", True)
    assert bill.unsettled == 1


def test_what_balances_is_not_settled(gateway: LocalGateway) -> None:
    paid_through(gateway, "alipay")
    reconcile("alipay", DAY, now=MORNING)
    line = BillLine.objects.get()

    with pytest.raises(settling.NotOpen):
        settling.settle(line.pk, staff_id=1, note="好", now=MORNING)

    line.refresh_from_db()
    assert (line.note, line.settled_at) == ("", None)


# --- The edge of a day ----------------------------------------------------------------------------

LAST = NOON.replace(hour=23, minute=59, second=59)
FIRST = LAST + timedelta(seconds=2)


@CHANNELS
def test_paid_at_the_end_of_a_day_and_on_the_bill_of_the_next(
    gateway: LocalGateway, channel: str
) -> None:
    payment = paid_through(gateway, channel, at=FIRST, noted=LAST)
    paid_through(gateway, channel)

    reconcile(channel, DAY, now=MORNING)
    assert [one[0] for one in lines()] == ["balanced"]  # the other one
    reconcile(channel, NEXT, now=MORNING + timedelta(days=1))

    assert [one[:2] for one in lines(NEXT)] == [("balanced", payment.out_trade_no)]
    assert [one[0] for one in lines()] == ["balanced"]


@CHANNELS
@pytest.mark.parametrize("later_first", [False, True])
def test_on_the_bill_of_a_day_and_noted_on_the_next(
    gateway: LocalGateway, channel: str, later_first: bool
) -> None:
    payment = paid_through(gateway, channel, at=LAST, noted=FIRST)
    paid_through(gateway, channel, at=MORNING)
    days = [NEXT, DAY] if later_first else [DAY, NEXT]

    for day in days:
        reconcile(channel, day, now=MORNING + timedelta(days=1))

    assert [one[:2] for one in lines()] == [("balanced", payment.out_trade_no)]
    assert [one[0] for one in lines(NEXT)] == ["balanced"]


def test_what_neither_of_two_bills_has_is_missed_once(gateway: LocalGateway) -> None:
    payment = paid_through(gateway, "alipay", at=LAST)
    paid_through(gateway, "alipay")
    paid_through(gateway, "alipay", at=MORNING)
    gateway.book.falsify("alipay", str(DAY), f"{payment.out_trade_no}/", "omit")

    for day in (DAY, NEXT, DAY):
        reconcile("alipay", day, now=MORNING + timedelta(days=1))

    missed = BillLine.objects.exclude(result="balanced").get()
    assert (str(missed), missed.result, missed.bill.day) == (payment.out_trade_no, "shortage", NEXT)


@pytest.mark.parametrize(
    ("noted", "missed"),
    [(LAST.replace(minute=29), True), (LAST.replace(minute=30, second=0), False)],
)
def test_money_of_the_last_half_hour_alone_is_not_missed_in_the_bill_of_the_day(
    gateway: LocalGateway, noted: Any, missed: bool
) -> None:
    payment = paid_through(gateway, "alipay", noted=noted)
    paid_through(gateway, "alipay")
    gateway.book.falsify("alipay", str(DAY), f"{payment.out_trade_no}/", "omit")

    reconcile("alipay", DAY, now=MORNING)

    expected = ["balanced", "shortage"] if missed else ["balanced"]
    assert [one[0] for one in lines()] == expected


# --- Bills that do not come -----------------------------------------------------------------------


@CHANNELS
def test_a_day_on_which_nothing_moved_is_an_empty_bill(gateway: LocalGateway, channel: str) -> None:
    bill = reconcile(channel, DAY, now=MORNING)

    assert (bill.fetched_at, bill.problem, lines()) == (MORNING, "", [])


@CHANNELS
def test_a_bill_that_is_not_made_yet_imports_nothing(gateway: LocalGateway, channel: str) -> None:
    payment = paid_through(gateway, channel)
    gateway.book.falsify(channel, str(DAY), f"{payment.out_trade_no}/", "omit")

    with pytest.raises(BillAbsent):
        reconcile(channel, DAY, now=MORNING)

    bill = Bill.objects.get()
    assert (bill.fetched_at, bill.problem, lines()) == (None, "渠道还没有这一天的账单", [])


@CHANNELS
def test_a_gateway_that_fails_leaves_what_was_fetched(gateway: LocalGateway, channel: str) -> None:
    paid_through(gateway, channel)
    reconcile(channel, DAY, now=MORNING)
    before = lines()
    gateway.book.behave("answer", "error")

    with pytest.raises(GatewayOutOfReach):
        reconcile(channel, DAY, now=MORNING)

    bill = Bill.objects.get()
    assert (lines(), bill.fetched_at, bill.problem) == (before, MORNING, "渠道没有响应")


@CHANNELS
def test_a_broken_file_leaves_what_was_fetched(
    gateway: LocalGateway, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid_through(gateway, channel)
    reconcile(channel, DAY, now=MORNING)
    before = lines()
    monkeypatch.setattr(bills, "ALIPAY_HEADER", bills.ALIPAY_HEADER.replace("完成时间", "时间"))
    monkeypatch.setattr(bills, "WECHAT_HEADER", bills.WECHAT_HEADER.replace("交易状态", "状态"))

    with pytest.raises(BillUnreadable, match="the header is another one"):
        reconcile(channel, DAY, now=MORNING)

    assert lines() == before
    assert Bill.objects.get().problem.startswith("账单文件有误：the header")


def test_a_channel_without_a_merchant_has_no_bill(db: None) -> None:
    with pytest.raises(ChannelUnavailable):
        reconcile("alipay", DAY, now=MORNING)
    assert not Bill.objects.exists()


def test_an_address_at_another_host_is_not_fetched(gateway: LocalGateway, settings: Any) -> None:
    paid_through(gateway, "wechat")
    paid_through(gateway, "alipay")
    clients = [gateway_of(channel) for channel in ("alipay", "wechat")]
    settings.PUBLIC_URL = "http://127.0.0.1:1"  # what the gateway names now

    for client in clients:
        with pytest.raises(BillUnreadable, match="its address is not"):
            client.bill(DAY, now=timezone.now())


# --- The command, and the job ---------------------------------------------------------------------


def test_the_command_says_what_differs_and_ends_with_1(gateway: LocalGateway) -> None:
    payment = paid_through(gateway, "alipay")
    out = StringIO()
    call_command("reconcile", "--day", str(DAY), stdout=out)
    assert "alipay 2026-03-05: 平 1, 长款 0, 短款 0, 金额不符 0" in out.getvalue()
    gateway.book.falsify("alipay", str(DAY), f"{payment.out_trade_no}/", "amount")

    with pytest.raises(CommandError, match="not all of it balances"):
        call_command("reconcile", "--day", str(DAY), "--channel", "alipay", stdout=out)

    assert f"金额不符 收款 {payment.out_trade_no}: gateway 99.01, own 99.00" in out.getvalue()
    settled()
    call_command("reconcile", "--day", str(DAY), stdout=out)


def test_the_command_does_not_end_well_without_a_bill(gateway: LocalGateway) -> None:
    gateway.book.behave("answer", "error")
    with pytest.raises(CommandError):
        call_command("reconcile", "--day", str(DAY), stdout=StringIO())


def test_the_command_refuses_a_day_that_has_no_bill(gateway: LocalGateway) -> None:
    today = timezone.localdate()
    for day in (date.min, date(1999, 12, 31), today + timedelta(days=1), date.max):
        with pytest.raises(CommandError, match=r"--day must be a day from 2000-01-01 to today"):
            call_command("reconcile", "--day", str(day), stdout=StringIO())
    assert not Bill.objects.exists()


def test_the_job_fetches_the_last_three_days_once(gateway: LocalGateway) -> None:
    paid_through(gateway, "alipay")

    assert fetch_due(now=MORNING) == 6  # of two channels
    assert fetch_due(now=MORNING) == 0

    assert [one[0] for one in lines()] == ["balanced"]


@pytest.mark.parametrize(
    ("hour", "fetched"), [(8, set()), (9, {"alipay"}), (10, {"alipay", "wechat"})]
)
def test_the_job_waits_for_the_morning(gateway: LocalGateway, hour: int, fetched: set[str]) -> None:
    fetch_due(now=MORNING.replace(hour=hour))

    assert set(Bill.objects.filter(day=DAY).values_list("channel", flat=True)) == fetched


def test_the_job_tries_again_after_ten_minutes(gateway: LocalGateway) -> None:
    gateway.book.behave("answer", "error")
    with pytest.raises(GatewayOutOfReach):
        fetch_due(now=MORNING)
    gateway.book.behave("answer", "")

    assert fetch_due(now=MORNING + timedelta(minutes=9)) == 0
    assert fetch_due(now=MORNING + timedelta(minutes=10)) == 6


def test_a_bill_that_is_late_does_not_fail_the_job(gateway: LocalGateway) -> None:
    payment = paid_through(gateway, "alipay")
    gateway.book.falsify("alipay", str(DAY), f"{payment.out_trade_no}/", "omit")

    assert fetch_due(now=MORNING) == 5

    gateway.book.falsify("alipay", str(DAY), f"{payment.out_trade_no}/", "")
    assert fetch_due(now=MORNING + timedelta(minutes=10)) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_four_runs_at_once_keep_each_row_once(
    gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = paid_through(gateway, "alipay")
    paid_through(gateway, "alipay")
    gateway.book.falsify("alipay", str(DAY), f"{payment.out_trade_no}/", "omit")

    Bill.objects.create(channel="alipay", day=DAY, tried_at=NOON)  # its INSERT would be a lock
    file, met = gateway_of("alipay").bill(DAY, now=MORNING), Barrier(4)
    monkeypatch.setattr(Alipay, "bill", lambda *_, **__: met.wait(timeout=30) < 4 and file)

    came = at_once(*[lambda: reconcile("alipay", DAY, now=MORNING)] * 4)

    assert [type(one) for one in came] == [Bill] * 4
    assert sorted(one[0] for one in lines()) == ["balanced", "shortage"]
