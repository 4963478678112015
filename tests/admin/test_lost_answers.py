"""The answer to a COMMIT is lost: nobody claims to know, and a second try finds the first."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import OperationalError, connections
from django.test import Client
from django.utils import timezone

from api.admin.coupons import issuing as page
from api.models import (
    Coupon,
    CouponRecord,
    CouponRecordEvent,
    IssueBatch,
    Order,
    Payment,
    Refund,
)
from api.services.refunds import asking as refunding
from api.services.refunds import sending
from tests.admin.conftest import MakeStaff
from tests.admin.test_lost_updates import dialog_of, opened, url_of
from tests.support import orders
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
Lose = Callable[..., None]
RECORDS = "/admin/api/couponrecord/"


@pytest.fixture
def lose(monkeypatch: pytest.MonkeyPatch) -> Lose:
    """Loses the answer to the next COMMIT, which arrives at the server, or does not."""

    def arrange(*, arrives: bool) -> None:
        wrapper: Any = connections["default"]
        commit, left = wrapper._commit, [1]

        def lost() -> None:
            if arrives or not left:
                commit()
            if left:
                left.pop()
                raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(wrapper, "_commit", lost)

    return arrange


@pytest.fixture
def boss(staff: MakeStaff) -> Client:
    return staff("boss", None, superuser=True)


def paid_order() -> Order:
    order = orders.order()
    orders.pay(order)
    order.refresh_from_db()
    return order


def previewed(browser: Client, coupon: Coupon, **fields: Any) -> str:
    answer = browser.post(f"/admin/api/coupon/{coupon.pk}/issue/", fields)
    return str(answer.context["token"])


def confirm(browser: Client, coupon: Coupon, token: str) -> dict[str, Any]:
    """The last step."""
    answer = browser.post(f"/admin/api/coupon/{coupon.pk}/issue/confirm/", {"token": token})
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return dict(json.loads(content.splitlines()[-1]))


# --- Issuing --------------------------------------------------------------------------------------


def test_what_was_issued_is_found_at_once_where_the_database_is_there(
    boss: Client, lose: Lose
) -> None:
    coupon, account = CouponFactory(), AccountFactory()
    token = previewed(boss, coupon, source="picked", accounts=[account.pk], again="on")
    lose(arrives=True)
    for _ in range(2):
        told = confirm(boss, coupon, token)
        assert (told["issued"], told["before"]) == (1, True)
    assert CouponRecord.objects.count() == LogEntry.objects.count() == 1


def test_where_it_cannot_be_found_out_nobody_claims_to_know_and_the_second_try_finds_it(
    boss: Client, lose: Lose, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon, account = CouponFactory(), AccountFactory()
    token = previewed(boss, coupon, source="picked", accounts=[account.pk], again="on")
    look, answers = page._done_under, [None, OperationalError("gone")]

    def gone(*args: Any) -> Any:
        if not answers:
            return look(*args)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(page, "_done_under", gone)
    lose(arrives=True)
    told = confirm(boss, coupon, token)
    assert told == {"error": page.UNKNOWN, "again": True}
    assert "不知道" in page.UNKNOWN
    assert "没有发放" not in page.UNKNOWN
    told = confirm(boss, coupon, token)
    assert (told["issued"], told["before"]) == (1, True)
    assert CouponRecord.objects.count() == 1


def test_a_commit_that_never_arrived_is_made_good_by_the_second_try(
    boss: Client, lose: Lose
) -> None:
    coupon, account = CouponFactory(), AccountFactory()
    token = previewed(boss, coupon, source="picked", accounts=[account.pk], again="on")
    lose(arrives=False)
    assert confirm(boss, coupon, token)["error"] == page.UNKNOWN
    assert not CouponRecord.objects.exists()
    told = confirm(boss, coupon, token)
    assert (told["issued"], "before" in told) == (1, False)
    assert CouponRecord.objects.count() == 1
    coupon.refresh_from_db()
    assert coupon.issued == 1


def test_a_batch_says_who_issued_what_when_and_how(boss: Client) -> None:
    coupon = CouponFactory()
    accounts = AccountFactory.create_batch(3)
    token = previewed(boss, coupon, source="everyone")
    confirm(boss, coupon, token)
    batch = IssueBatch.objects.get()
    assert (batch.coupon, batch.manager, batch.number) == (coupon, boss.user, 3)
    assert (batch.key, batch.source) == (token, IssueBatch.Source.EVERYONE)
    assert {one.account for one in batch.records.all()} == set(accounts)
    assert {one.get_time for one in batch.records.all()} == {batch.at}


@pytest.mark.parametrize(
    ("sqlstate", "says"), [("55P03", page.BUSY), ("57014", page.BUSY), (None, page.OUT_OF_ORDER)]
)
def test_before_the_commit_it_is_known_that_nothing_was_issued(
    boss: Client, monkeypatch: pytest.MonkeyPatch, sqlstate: str | None, says: str
) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    token = previewed(boss, coupon, source="everyone")

    def fail(*_: Any) -> None:
        cause = Exception("…")
        cause.sqlstate = sqlstate
        raise OperationalError("…") from cause

    with monkeypatch.context() as broken:
        broken.setattr(type(Coupon.objects.all()), "take", fail)
        broken.setattr(Coupon.objects, "take", fail, raising=False)
        assert confirm(boss, coupon, token) == {"error": says, "again": True}
    assert "同事" not in says
    assert not IssueBatch.objects.exists()
    assert confirm(boss, coupon, token)["issued"] == 1


def test_with_the_database_gone_nobody_says_that_nothing_was_issued(
    boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    token = previewed(boss, coupon, source="everyone")

    def gone(*_: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(page, "_done_under", gone)
    told = confirm(boss, coupon, token)
    assert told == {"error": page.TRY_AGAIN, "again": True}
    assert "没有发放" not in told["error"]


# --- Dialogs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrives", [True, False])
def test_taking_back_says_that_nobody_knows_and_the_second_try_does_no_harm(
    boss: Client, lose: Lose, arrives: bool
) -> None:
    record = CouponRecordFactory()
    url = f"{RECORDS}{record.pk}/void/"
    mine = dialog_of(boss, url) | {"reason": "发错了人"}
    lose(arrives=arrives)
    shown = boss.post(url, mine).content.decode()
    assert "不知道是否已经执行" in shown
    assert "发错了人" in shown
    assert not [str(one) for one in boss.get(RECORDS).context["messages"]]
    assert boss.post(url, mine).headers["HX-Redirect"]
    page_after = boss.get(RECORDS).content.decode()
    assert f"{record.number}之前已由您作废" in page_after or f"已作废{record.number}" in page_after
    record.refresh_from_db()
    assert record.status == 3
    assert CouponRecordEvent.objects.filter(record=record, to_status=3).count() == 1
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("arrives", [True, False])
def test_marking_as_paid_likewise(boss: Client, lose: Lose, arrives: bool) -> None:
    order = orders.order()
    url = f"/admin/api/order/{order.pk}/mark_paid/"
    mine = dialog_of(boss, url) | {"note": "转账 7"}
    lose(arrives=arrives)
    assert "不知道是否已经执行" in boss.post(url, mine).content.decode()
    assert boss.post(url, mine).headers["HX-Redirect"]
    assert Payment.objects.count() == 1
    order.refresh_from_db()
    assert order.status == 0


@pytest.mark.parametrize("arrives", [True, False])
def test_asking_for_a_refund_likewise(boss: Client, lose: Lose, arrives: bool) -> None:
    order = paid_order()
    url = f"/admin/api/order/{order.pk}/ask_refund/"
    mine = dialog_of(boss, url) | {"reason": "电话申请"}
    lose(arrives=arrives)
    assert "不知道是否已经执行" in boss.post(url, mine).content.decode()
    assert boss.post(url, mine).headers["HX-Redirect"]
    said = boss.get("/admin/").content.decode()
    assert "没有提交" not in said
    assert "等待审核" in said
    assert Refund.objects.count() == 1
    order.refresh_from_db()
    assert order.status == 2


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize(("what", "status"), [("approve", 2), ("refuse", 3)])
def test_deciding_a_refund_likewise(
    boss: Client, lose: Lose, arrives: bool, what: str, status: int
) -> None:
    order = paid_order()
    Payment.objects.update(channel="offline")
    refunding.ask(
        account_id=order.account_id,
        order_number=order.order_number,
        course_ids=[],
        reason="不想学了",
        now=timezone.now(),
    )
    refund = Refund.objects.get()
    url = f"/admin/api/refund/{refund.pk}/{what}/"
    mine = dialog_of(boss, url) | {"note": "核实过"}
    lose(arrives=arrives)
    assert "不知道是否已经执行" in boss.post(url, mine).content.decode()
    assert boss.post(url, mine).headers["HX-Redirect"]
    assert "没有改变" not in boss.get("/admin/").content.decode()
    sending.send_waiting(now=timezone.now() + timedelta(hours=1))
    refund.refresh_from_db()
    assert refund.status == status
    assert LogEntry.objects.count() == 1


# --- Forms ----------------------------------------------------------------------------------------


def test_a_form_says_that_nobody_knows_and_announces_no_success(boss: Client, lose: Lose) -> None:
    coupon = CouponFactory(name="旧名")
    mine = opened(boss, coupon) | {"name": "新名"}
    lose(arrives=True)
    answer = boss.post(url_of(coupon), mine)
    assert answer.status_code == 503
    assert "不知道是否已经保存" in answer.content.decode()
    assert "成功" not in boss.get("/admin/").content.decode()
    # Sent once more, nothing stands against it: what is saved is what was sent.
    assert boss.post(url_of(coupon), mine).status_code == 302
    assert Coupon.objects.get().name == "新名"


def test_a_form_that_failed_before_the_commit_says_that_nothing_was_saved(
    boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon = CouponFactory(name="旧名")
    mine = opened(boss, coupon) | {"name": "新名"}

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(Coupon, "save", fail)
        answer = boss.post(url_of(coupon), mine)
    assert answer.status_code == 503
    assert "没有保存：服务暂时不可用" in answer.content.decode()
    assert "正在" not in answer.content.decode()
    assert Coupon.objects.get().name == "旧名"


def test_deleting_says_that_nobody_knows(boss: Client, lose: Lose) -> None:
    coupon = CouponFactory()
    lose(arrives=True)
    answer = boss.post(f"/admin/api/coupon/{coupon.pk}/delete/", {"post": "yes"})
    assert "不知道是否已经删除" in answer.content.decode()
    assert "成功" not in boss.get("/admin/").content.decode()
