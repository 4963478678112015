"""What happens to a coupon between a claim's first look at it and the moment when its piece is
taken (contract §11). Nothing of a claim that is refused then stays."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from api.errors import ClaimedOut, ClaimLimitReached, CouponNotThere, CouponStopped
from api.models import Coupon, CouponRecord, CouponRecordEvent, ShopEvent
from api.services.coupons import claiming, lifecycle
from api.services.coupons.claiming import Wanted
from api.services.coupons.mine import MyCoupon
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory
from utils.exceptions import ShopError

pytestmark = pytest.mark.django_db
Meanwhile = Callable[[Callable[[], Any]], None]


@pytest.fixture
def coupon() -> Coupon:
    return CouponFactory(claimable=True, quantity=5)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Does something just before a claim writes its record."""
    come = lifecycle.come

    def arrange(event: Callable[[], Any]) -> None:
        def comes(*args: Any, **kwargs: Any) -> Any:
            event()
            return come(*args, **kwargs)

        monkeypatch.setattr(lifecycle, "come", comes)

    return arrange


def everything() -> list[Any]:
    tables = (Coupon, CouponRecord, CouponRecordEvent, ShopEvent)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def claim(coupon: Coupon, account_id: int) -> MyCoupon:
    wanted = Wanted(coupon.pk, by_code=False)
    return claiming.claim(wanted, account_id=account_id, now=timezone.now())


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"paused": True}, CouponStopped),
        ({"claimable": False}, CouponNotThere),
        ({"issued": F("quantity")}, ClaimedOut),
    ],
)
def test_what_became_of_the_coupon_meanwhile_refuses_the_claim(
    coupon: Coupon, meanwhile: Meanwhile, change: dict[str, Any], refusal: type[ShopError]
) -> None:
    before, account = everything(), AccountFactory()
    meanwhile(lambda: Coupon.objects.update(**change))

    with pytest.raises(refusal):
        claim(coupon, account.pk)

    assert everything() == before


def test_one_that_was_issued_to_the_account_meanwhile_counts(
    coupon: Coupon, meanwhile: Meanwhile
) -> None:
    before, account = everything(), AccountFactory()
    meanwhile(lambda: CouponRecordFactory(coupon=coupon, account=account))

    with pytest.raises(ClaimLimitReached):
        claim(coupon, account.pk)

    assert everything() == before


def test_what_the_coupon_is_worth_now_is_answered(coupon: Coupon, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: Coupon.objects.update(name="新名字"))

    assert claim(coupon, AccountFactory().pk).held.name == "新名字"


def test_a_number_that_another_claim_of_the_account_took_meanwhile_is_looked_for_again(
    coupon: Coupon, meanwhile: Meanwhile
) -> None:
    taken = [IntegrityError, IntegrityError]

    def take() -> None:
        if taken:
            raise taken.pop()

    meanwhile(take)

    number = claim(coupon, AccountFactory().pk).number

    coupon.refresh_from_db()
    record = CouponRecord.objects.get()
    assert (record.number, record.claim_no, coupon.issued) == (number, 1, 1)


def test_a_claim_that_cannot_be_written_says_so_and_leaves_nothing(
    coupon: Coupon, meanwhile: Meanwhile
) -> None:
    before, account = everything(), AccountFactory()

    def refuse() -> None:
        raise IntegrityError("whatever it is")

    meanwhile(refuse)

    with pytest.raises(IntegrityError):
        claim(coupon, account.pk)

    assert everything() == before
