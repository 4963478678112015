"""A learner takes a coupon himself (领取, contract §11): from the public list, by its code, or by a
one-time code of his own.

What he may have is looked at twice: before anything is written, so that those who come too late
write nothing and do not queue, and again when a piece was taken. Whoever has taken one holds the
coupon's row until his transaction ends, so the second look cannot become untrue: issuing waits for
the row too. All who want the coupon queue for that row, so a piece is taken last of all: everything
else is written before, and goes with the transaction where there was none left.
"""

import logging
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.db.models import Count, F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from api.errors import (
    ClaimedOut,
    ClaimLimitReached,
    CouponNotThere,
    CouponStopped,
    NotInReceiptDays,
)
from api.models import Coupon, CouponRecord, Course
from api.models.compiled import Compiled
from api.rules.coupons import claim_code
from api.services.coupons import codes, lifecycle, mine
from api.services.coupons.bindings import of_some_use
from api.services.coupons.codes import Free
from api.services.coupons.issuing import is_over, new_number
from api.services.coupons.lifecycle import Actor
from api.services.coupons.mine import MyCoupon
from api.services.events.writing import Moved, write_claimed
from api.services.pages import Page, page_of_all

logger = logging.getLogger(__name__)

_TRIES = 10  # far more than an account sends at once, and gets past its limit a minute with


class Wanted(NamedTuple):
    """The coupon that is asked for; None where the code is no coupon's. One with a code need not be
    claimable by everybody. `one_time` is the code, if it is one that works once."""

    coupon_id: int | None
    by_code: bool
    one_time: Free | None = None


_FIELDS = [field.attname for field in Coupon._meta.concrete_fields]


class Asked(NamedTuple):
    """The coupon that is asked for as it is now, how many of it the account has had, and the number
    of its last claim."""

    coupon: Coupon
    had: int
    last_claim: int


class Offered(NamedTuple):
    """A coupon that can be claimed now. `mine` is how many of it the account has had."""

    coupon: Coupon
    mine: int


def offered(*, account_id: int | None, page: int, page_size: int, now: datetime) -> Page:
    """A page of what everybody can claim now, the newest first; also what this account has claimed.
    One query, and one for what the account has."""
    today = timezone.localdate(now)
    found = of_some_use(Coupon.objects.receivable(today)).filter(
        claimable=True, quantity__gt=F("issued")
    )
    coupons = [coupon for coupon in found.order_by("-pk") if not is_over(coupon, today)]
    found_page = page_of_all(coupons, page=page, page_size=page_size)
    had = _had_of(found_page.results, account_id)
    shown = [Offered(coupon, had.get(coupon.pk, 0)) for coupon in found_page.results]
    return replace(found_page, results=shown)


def wanted(*, coupon_id: int | None, code: str | None) -> Wanted:
    """Which coupon is meant. One query for a code, two for one that only looks like a one-time
    code, none otherwise."""
    if code is None:
        return Wanted(coupon_id, by_code=False)
    if free := codes.find(code):
        return Wanted(free.coupon_id, by_code=True, one_time=free)
    found = Coupon.objects.filter(code=claim_code(code)).values_list("pk", flat=True).first()
    return Wanted(found, by_code=True)


def claim(wanted: Wanted, *, account_id: int, now: datetime) -> MyCoupon:
    """Gives the account a record of the coupon, in one transaction with its event.

    Raises, the first that is so: CouponNotThere, CouponStopped, NotInReceiptDays,
    ClaimLimitReached, ClaimedOut. A one-time code that another claims by at this moment is nobody's
    any more: CouponNotThere.
    """
    for _ in range(_TRIES - 1):
        try:
            return _claimed(wanted, account_id, now)
        except IntegrityError:
            logger.info("account %s claims at the same moment again", account_id)
    return _claimed(wanted, account_id, now)


def _claimed(wanted: Wanted, account_id: int, now: datetime) -> MyCoupon:
    """`claim`; IntegrityError where another claim of the account has got its number meanwhile."""
    today, one_time = timezone.localdate(now), wanted.one_time
    with transaction.atomic():
        asked = _may_have(wanted, account_id, today, more=1)
        if not asked.coupon.left:
            raise ClaimedOut
        record = CouponRecord(
            coupon=asked.coupon,
            account_id=account_id,
            number=new_number(),
            get_time=now,
            claim_no=asked.last_claim + 1,
            batch_id=one_time and one_time.batch_id,
        )
        reason = "凭兑换码领取" if one_time else "领取"
        lifecycle.come([record], by=Actor(account_id=account_id), reason=reason)
        write_claimed(Moved(record.pk, asked.coupon.pk, account_id), now)
        taken = Coupon.objects.receivable(today).take(asked.coupon.pk, 1)
        record.coupon = _may_have(wanted, account_id, today, more=0).coupon
        if not taken:
            raise ClaimedOut
        if one_time and not codes.use(one_time.code_id, record):
            raise CouponNotThere
    return mine.just_received(record, now=now)


def _may_have(wanted: Wanted, account_id: int, today: date, *, more: int) -> Asked:
    """The coupon as it is now, if the account may have so many more of it. One query."""
    asked = _asked(wanted.coupon_id or 0, account_id)
    if asked is None or not (wanted.by_code or asked.coupon.claimable):
        raise CouponNotThere
    coupon = asked.coupon
    if coupon.is_stopped:
        raise CouponStopped
    if not coupon.open_date <= today <= coupon.close_date or is_over(coupon, today):
        raise NotInReceiptDays
    if asked.had + more > coupon.per_account:
        raise ClaimLimitReached
    return asked


def _asked(coupon_id: int, account_id: int) -> Asked | None:
    rows = _queries(ContentType.objects.get_for_model(Course).pk).rows(coupon_id, account_id)
    if not rows:
        return None
    *fields, had, last_claim = rows[0]
    return Asked(Coupon.from_db(DEFAULT_DB_ALIAS, _FIELDS, fields), had, last_claim)


@cache
def _queries(content_type_id: int) -> Compiled:
    """Its statement holds the content type by which coupons know that they are of a course."""
    return Compiled(
        lambda coupon_id, account_id: (
            of_some_use(Coupon.objects.filter(pk=coupon_id))
            .annotate(
                had=_of_records(account_id, Count("pk")),
                last_claim=_of_records(account_id, Max("claim_no")),
            )
            .values_list(*_FIELDS, "had", "last_claim")
        )
    )


def _of_records(account_id: int, figure: Count | Max) -> Coalesce:
    """Of the account's records of the coupon, void, expired and issued ones too; 0 of none."""
    theirs = CouponRecord.objects.filter(coupon=OuterRef("pk"), account=account_id)
    return Coalesce(Subquery(theirs.values("coupon").values_list(figure)), 0)


def _had_of(coupons: list[Coupon], account_id: int | None) -> dict[int, int]:
    if account_id is None or not coupons:
        return {}
    records: QuerySet[Any, Any] = CouponRecord.objects.filter(account_id=account_id)
    counted = records.filter(coupon__in=coupons).values("coupon_id").annotate(number=Count("pk"))
    return dict(counted.values_list("coupon_id", "number"))
