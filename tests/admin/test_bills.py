"""对账 at the desk: bills by day, and differences settled by hand (contract §10)."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from api.models import Bill, BillLine
from api.services.reconciling import judging
from tests.admin.conftest import MakeStaff
from tests.admin.rows import bill

pytestmark = pytest.mark.django_db
BILLS, LINES = "/admin/api/bill/", "/admin/api/billline/"


@pytest.fixture
def finance(staff: MakeStaff) -> Client:
    return staff("finance", "财务")


@pytest.fixture
def onlooker(staff: MakeStaff) -> Client:
    browser = staff("onlooker", None)
    for codename in ("view_bill", "view_billline"):
        browser.user.user_permissions.add(Permission.objects.get(codename=codename))
    return browser


def lines() -> list[BillLine]:
    """A line of each result, of one bill."""
    own, made = bill(), []
    for result, amount, ours in (
        ("balanced", 1, 1),
        ("surplus", 2, None),
        ("shortage", None, 3),
        ("amount", 4, 5),
    ):
        made.append(
            BillLine.objects.create(
                bill=own,
                kind="payment",
                out_trade_no=f"NO-{result}",
                amount=amount,
                own_amount=ours,
                result=result,
            )
        )
    judging.count(own)
    return made


def settle(browser: Client, line: BillLine, note: str = "已与渠道核对", **sent: str) -> str:
    """Sends the dialog; gives what it answers."""
    answer = browser.post(
        f"{LINES}{line.pk}/settle/",
        {"note": note, "_form_submitted": "True", **sent},
        headers={"HX-Request": "true"},
    )
    line.refresh_from_db()
    return answer.content.decode()


def shown(browser: Client, **query: str) -> set[str]:
    page = browser.get(LINES, query).content.decode()
    return {name for name in ("balanced", "surplus", "shortage", "amount") if f"NO-{name}" in page}


def test_a_bill_shows_its_numbers_and_leads_to_what_is_open(finance: Client) -> None:
    lines()
    day = Bill.objects.get().day

    page = finance.get(BILLS).content.decode()

    query = f"bill__channel__exact=alipay&amp;bill__day_from={day}&amp;bill__day_to={day}"
    assert "待处理" in page
    assert f"{LINES}?{query}" in page
    assert shown(finance, bill__channel__exact="alipay", bill__day_from=str(day)) == {
        "surplus",
        "shortage",
        "amount",
    }
    later = str(day + timedelta(days=1))
    assert shown(finance, bill__channel__exact="alipay", bill__day_from=later) == set()


def test_a_bill_that_did_not_come_says_why(finance: Client) -> None:
    Bill.objects.filter(pk=bill().pk).update(fetched_at=None, problem="渠道没有响应")

    assert "未取得" in finance.get(BILLS).content.decode()
    page = finance.get(f"{BILLS}{Bill.objects.get().pk}/change/").content.decode()
    assert "渠道没有响应" in page


def test_a_bill_is_found_by_its_day_or_its_month(finance: Client) -> None:
    Bill.objects.filter(pk=bill().pk).update(day="2026-03-05")

    row = f"{BILLS}{Bill.objects.get().pk}/change/"
    for term, there in (
        ("2026-03-05", True),
        ("2026-03", True),
        ("2026-03-06", False),
        ("2026-04", False),
        ("三月", False),
    ):
        assert (row in finance.get(BILLS, {"q": term}).content.decode()) is there, term


def test_the_work_list_has_what_does_not_balance(finance: Client) -> None:
    _, surplus, *_ = lines()
    settle(finance, surplus)

    assert shown(finance) == {"shortage", "amount"}
    assert shown(finance, standing="settled") == {"surplus"}
    assert shown(finance, standing="balanced") == {"balanced"}
    assert len(shown(finance, standing="all")) == 4
    assert shown(finance, standing="all", result__exact="amount") == {"amount"}
    assert shown(finance, q="NO-sho") == {"shortage"}


def test_settling_notes_who_when_and_how(finance: Client) -> None:
    before = timezone.now()
    _, surplus, *_ = lines()

    settle(finance, surplus)

    assert (surplus.note, surplus.settled_by) == ("已与渠道核对", finance.user)
    assert surplus.settled_at >= before
    assert (surplus.result, surplus.amount) == ("surplus", 2)
    assert Bill.objects.get().unsettled == 2
    assert "处理长款：已与渠道核对" in LogEntry.objects.get().change_message
    page = finance.get(f"{LINES}{surplus.pk}/change/").content.decode()
    assert "已处理。" in page
    assert f"{LINES}{surplus.pk}/settle/" not in page


def test_a_note_is_required(finance: Client) -> None:
    _, surplus, *_ = lines()

    settle(finance, surplus, note=" ")

    assert (surplus.note, surplus.settled_at) == ("", None)


def test_what_balances_and_what_was_settled_is_not_settled(finance: Client) -> None:
    balanced, surplus, *_ = lines()
    settle(finance, balanced)
    assert balanced.settled_at is None
    settle(finance, surplus)
    at = surplus.settled_at

    settle(finance, surplus, note="另一个说明")

    assert (surplus.note, surplus.settled_at) == ("已与渠道核对", at)
    page = finance.get(f"{LINES}{surplus.pk}/change/").content.decode()
    assert "已经处理过" in page


def test_sent_twice_it_says_that_it_was_done(finance: Client) -> None:
    _, surplus, *_ = lines()
    settle(finance, surplus)
    settle(finance, surplus)

    page = finance.get(f"{LINES}{surplus.pk}/change/").content.decode()

    assert "之前已由您处理" in page


def test_a_difference_that_changed_meanwhile_is_shown_first(finance: Client) -> None:
    _, surplus, *_ = lines()
    seen = '{"结果": "长款", "渠道金额": "1.00", "本店金额": "无", "处理说明": "无"}'

    page = settle(finance, surplus, _seen=seen)

    assert surplus.settled_at is None
    assert "2.00" in page


def test_who_may_only_look_settles_nothing(onlooker: Client) -> None:
    _, surplus, *_ = lines()
    page = onlooker.get(f"{LINES}{surplus.pk}/change/").content.decode()
    assert f"{LINES}{surplus.pk}/settle/" not in page

    settle(onlooker, surplus)

    assert surplus.settled_at is None


def test_others_do_not_see_bills(manager: Client, course_manager: Client) -> None:
    for browser in (manager, course_manager):
        assert browser.get(BILLS).status_code == 403
        assert browser.get(LINES).status_code == 403
        assert BILLS not in browser.get("/admin/").content.decode()
