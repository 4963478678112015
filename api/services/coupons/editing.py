"""What a change of a coupon does to those who hold it, and what about it looks like a slip.

The form refuses what is wrong; all that is here is allowed, and the manager is told of it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from api.models import Coupon
from api.rules.coupons import CouponType, Terms, UseDays
from api.services.coupons import expiry
from api.services.coupons.issuing import holders_of
from api.services.coupons.lifecycle import Actor

TINY_PERCENT = 50  # a discount that leaves less to pay is more likely a slip than meant


@dataclass(frozen=True)
class Revived:
    """Records that had expired by the old days can be used again."""

    records: int

    def __str__(self) -> str:
        return f"按新的有效期，{self.records}张已过期的优惠券恢复为未使用。"


@dataclass(frozen=True)
class NewlyOver:
    """Unused records are over by the new days."""

    records: int

    def __str__(self) -> str:
        what = "未使用的优惠券已过期，从现在起不能使用，今晚标为已过期"
        return f"按新的有效期，{self.records}张{what}。"


@dataclass(frozen=True)
class HoldersConcerned:
    """Accounts hold the coupon unused, and have its new terms from now on."""

    holders: int

    def __str__(self) -> str:
        return f"已有{self.holders}人持有未使用的此优惠券，修改已立即对他们生效。"


@dataclass(frozen=True)
class WorthItsMinimum:
    """Whoever just reaches the minimum pays nothing."""

    terms: Terms

    def __str__(self) -> str:
        worth = self.terms.worth
        offer = f"满{worth.minimum_consume}减{worth.money_equivalent_value}"
        return f"请确认：{offer}，顾客刚满最低消费时不用付钱。"


@dataclass(frozen=True)
class TinyPercent:
    """The discount leaves less than TINY_PERCENT to pay."""

    terms: Terms

    def __str__(self) -> str:
        worth = self.terms.worth
        return (
            f"请确认：折扣百分比是{worth.off_percent}，即{worth.words}，"
            f"顾客只付原价的{worth.off_percent}%。"
        )


# `str()` says each of them to the manager.
Slip = WorthItsMinimum | TinyPercent
Consequence = Revived | NewlyOver | HoldersConcerned | Slip


def lock(coupon_id: int) -> Coupon:
    """The coupon as it is now. Until the caller's transaction ends nobody else issues it, gives it
    other days, or expires its records."""
    # No key: other programs may go on writing records that only refer to the coupon.
    return Coupon.objects.select_for_update(no_key=True).get(pk=coupon_id)


def stop(coupon_id: int) -> bool:
    """From now on nobody gets the coupon, by claiming or by issuing (停止发放, contract §11); its
    holders go on. Whoever is getting it at this moment has it before this returns, or not at all.
    False if it was stopped before."""
    return Coupon.objects.filter(pk=coupon_id, paused=False).update(paused=True) == 1


def resume(coupon_id: int) -> bool:
    """The contrary of `stop`. False if it was not stopped."""
    return Coupon.objects.filter(pk=coupon_id, paused=True).update(paused=False) == 1


def disable(coupon_id: int) -> bool:
    """From now on nobody can use the coupon, nor get it (停用, contract §11), until it is enabled.
    Orders that have taken it keep it. False if it was disabled before."""
    return Coupon.objects.filter(pk=coupon_id, disabled=False).update(disabled=True) == 1


def enable(coupon_id: int) -> bool:
    """The contrary of `disable`: whose days are not over can use it again. False if it was not
    disabled."""
    return Coupon.objects.filter(pk=coupon_id, disabled=True).update(disabled=False) == 1


def after_saving(
    coupon: Coupon, *, before: Terms | None, now: datetime, by: Actor
) -> list[Consequence]:
    """Brings the records into line with the coupon's new days, and says what there is to tell.

    To be called in the transaction that saved the coupon and holds its lock. `before` are the terms
    it had until then; None if it is new.
    """
    found: list[Consequence] = []
    if before is not None and before.days != coupon.terms.days:
        found += _after_new_days(coupon, before.days, now=now, by=by)
    if before is not None and before != coupon.terms and (holders := holders_of(coupon)):
        found.append(HoldersConcerned(holders))
    return found + likely_slips(coupon.terms)


def _after_new_days(
    coupon: Coupon, before: UseDays, *, now: datetime, by: Actor
) -> list[Consequence]:
    found: list[Consequence] = []
    if revived := expiry.revive(coupon, before, now=now, by=by):
        found.append(Revived(revived))
    if past := expiry.newly_over(coupon, before, today=timezone.localdate(now)):
        found.append(NewlyOver(past))
    return found


def likely_slips(terms: Terms) -> list[Slip]:
    """What is odd about the worth of a coupon. Needs no database."""
    worth = terms.worth
    match worth.coupon_type:
        case CouponType.THRESHOLD if worth.money_equivalent_value >= worth.minimum_consume:
            return [WorthItsMinimum(terms)]
        case CouponType.DISCOUNT if (worth.off_percent or 100) < TINY_PERCENT:
            return [TinyPercent(terms)]
    return []
