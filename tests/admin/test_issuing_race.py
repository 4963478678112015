"""Two managers issue the last coupons at the same moment. On PostgreSQL: SQLite has one writer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from django.db import connection, transaction
from django.utils import timezone

from api.models import CouponRecord
from api.services.coupons import issuing
from api.services.coupons.audiences import Audience
from api.services.coupons.refusals import IssuingRefused, NobodyToReceive, NotEnoughLeft
from tests.support.factories import AccountFactory, CouponFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
]


@pytest.fixture
def both_have_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each issuer, when it knows what is left, waits for the other to know it too. With the guard,
    the other cannot come that far: then the wait ends by itself."""
    met = threading.Barrier(2)
    receivers = issuing._receivers

    def meet_first(*args: object) -> Iterator[int]:
        found = list(receivers(*args))
        with suppress(threading.BrokenBarrierError):
            met.wait(timeout=1)
        return iter(found)

    monkeypatch.setattr(issuing, "_receivers", meet_first)


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """What each returned, or the refusal it raised."""
    outcomes: list[object] = [None] * len(jobs)

    def run(at: int) -> None:
        try:
            outcomes[at] = jobs[at]()
        except IssuingRefused as refused:
            outcomes[at] = type(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


def issuing_to(coupon_id: int, *account_ids: int) -> Callable[[], int]:
    return lambda: len(list(issuing.issue(coupon_id, Audience(account_ids), now=timezone.now())))


@pytest.mark.usefixtures("both_have_counted")
def test_two_managers_cannot_issue_more_than_there_is() -> None:
    coupon = CouponFactory(quantity=3)
    one, two, three, four = (account.pk for account in AccountFactory.create_batch(4))
    outcomes = at_once(issuing_to(coupon.pk, one, two), issuing_to(coupon.pk, three, four))
    assert sorted(map(str, outcomes)) == ["2", str(NotEnoughLeft)]
    assert CouponRecord.objects.count() == 2


@pytest.mark.usefixtures("both_have_counted")
def test_two_managers_cannot_issue_one_coupon_to_the_same_account() -> None:
    coupon, account = CouponFactory(quantity=3), AccountFactory()
    outcomes = at_once(*[issuing_to(coupon.pk, account.pk)] * 2)
    assert sorted(map(str, outcomes)) == ["2", str(NobodyToReceive)]
    assert CouponRecord.objects.count() == 1


def test_another_program_can_write_a_record_of_a_coupon_that_is_being_issued() -> None:
    """The lock is one without the key: a reference to the row does not wait for it."""
    coupon, other = CouponFactory(quantity=3), AccountFactory()
    account = AccountFactory()
    issue = issuing.issue(coupon.pk, Audience((account.pk,)), now=timezone.now())
    next(issue)  # the coupon's row is locked from here on

    def write() -> bool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            CouponRecord.objects.create(
                coupon_id=coupon.pk,
                account_id=other.pk,
                number="ELSEWHERE",
                get_time=timezone.now(),
            )
        return True

    [written] = at_once(write)
    assert written is True
    assert list(issue)[-1] == (1, 1)
    assert CouponRecord.objects.filter(coupon=coupon).count() == 2
