"""Handing out a coupon (发放): to these accounts, to those of a segment, or to every account.

What was handed out under a coupon is counted in `Coupon.issued`, whatever became of it since: a
record that was taken back has still been issued.
"""

import secrets
from array import array
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from api.models import Account, Coupon, CouponRecord, CouponRecordStatus, IssueBatch
from api.rules.coupons import Terms
from api.services.coupons import lifecycle
from api.services.coupons.audiences import Audience, members
from api.services.coupons.bindings import binding_of
from api.services.coupons.finding import BATCH, batches
from api.services.coupons.lifecycle import SERVICE, Actor, Receiver
from api.services.coupons.refusals import (
    AlreadyIssued,
    CouponChanged,
    CouponOver,
    CouponPaused,
    IssuingRefused,
    NobodyToReceive,
    NotEnoughLeft,
    OfNoUse,
)

# Ids of one statement. To find those of a segment the database reads whole tables each time: many
# small steps would read them many times.
FOUND = 100_000


class Origin(NamedTuple):
    """What an issuing is known by: `key` is the same for every try of the same one; `note` is told
    beside its batch."""

    key: str
    source: IssueBatch.Source = IssueBatch.Source.OTHER
    note: str = ""


class Progress(NamedTuple):
    done: int
    total: int


@dataclass(frozen=True)
class Preview:
    """What issuing would do now. `receiver_names` and `holder_names` are the first few of the
    receivers, and of the holders, who have the coupon already."""

    receivers: int
    receiver_names: tuple[str, ...]
    holders: int
    holder_names: tuple[str, ...]
    quantity: int
    left: int

    @property
    def is_enough(self) -> bool:
        return self.receivers <= self.left


def holders_of(coupon: Coupon) -> int:
    """How many accounts can still use it: those whom a change of its terms concerns."""
    unused = CouponRecord.objects.filter(coupon=coupon, status=CouponRecordStatus.UNUSED)
    return unused.values("account").distinct().count()


def is_over(coupon: Coupon, today: date) -> bool:
    """Who received it today could not use it any more."""
    return coupon.terms.days.is_over(today, today)


def why_not(coupon: Coupon, today: date) -> IssuingRefused | None:
    """What makes the coupon, whoever gets it, one that nobody should get."""
    if coupon.is_stopped:
        return CouponPaused()
    if is_over(coupon, today):
        return CouponOver()
    binding = binding_of(coupon)
    return OfNoUse(binding) if binding.is_useless else None


def has_changed(coupon: Coupon, seen: Terms) -> bool:
    """Whether it has other terms than those. Whether it is switched off is `why_not`'s to say."""
    return coupon.terms != replace(seen, disabled=coupon.disabled)


def _check_use(coupon: Coupon, today: date) -> None:
    if refused := why_not(coupon, today):
        raise refused


def preview(coupon: Coupon, audience: Audience, *, today: date, names: int = 100) -> Preview:
    """What `issue` would do. Raises CouponPaused, CouponOver, OfNoUse. A few queries, and for
    accounts that are named one for every BATCH of them."""
    _check_use(coupon, today)
    if audience.account_ids is None:
        meant = members(audience.segment, today=today)
        has_it = meant.filter(pk__in=CouponRecord.objects.filter(coupon=coupon).values("account"))
        accounts, holders = meant.count(), has_it.count()
        some = has_it.values_list("username", flat=True).order_by("pk")[:names]
        to_get_it = _to_get_it(coupon, audience, today).order_by("pk")
        first = list(to_get_it.values_list("pk", flat=True)[:names])
    else:
        held = {
            pk for batch in batches(audience.account_ids, BATCH) for pk in _holders(coupon, batch)
        }
        accounts, holders = len(audience.account_ids), len(held)
        in_order = [pk for pk in audience.account_ids if pk in held][:names]
        some = Account.objects.filter(pk__in=in_order).values_list("username", flat=True)
        passed_over = set() if audience.again else held
        first = [pk for pk in audience.account_ids if pk not in passed_over][:names]
    return Preview(
        receivers=accounts if audience.again else accounts - holders,
        holders=holders,
        holder_names=tuple(some),
        receiver_names=_names_of(first),
        quantity=coupon.quantity,
        left=coupon.left,
    )


def _names_of(account_ids: Sequence[int]) -> tuple[str, ...]:
    named = Account.objects.in_bulk(account_ids)
    return tuple(named[pk].username for pk in account_ids if pk in named)


def issue(
    coupon_id: int,
    audience: Audience,
    *,
    now: datetime,
    terms: Terms | None = None,
    by: Actor = SERVICE,
    origin: Origin | None = None,
) -> Generator[Progress, None, None]:
    """Gives every receiver a record of the coupon, in one transaction, and tells how far it is:
    first (0, total), last (total, total). Nothing is issued unless the iterator is exhausted.

    The coupon's row stays locked until then: two managers cannot together give one account the
    same coupon twice. The pieces are taken by one conditional UPDATE, as everybody takes them.
    With `terms`, those that the manager has seen, it must still have them. What it came to is
    written as an IssueBatch, in the same transaction; with `origin`, under its key.
    Raises AlreadyIssued, CouponChanged, CouponPaused, CouponOver, OfNoUse, NobodyToReceive or
    NotEnoughLeft; Coupon.DoesNotExist.
    """
    with transaction.atomic():
        # No key: other programs may go on writing records that only refer to the coupon.
        coupon = Coupon.objects.select_for_update(no_key=True).get(pk=coupon_id)
        origin = origin or Origin(secrets.token_urlsafe(16))
        if earlier := IssueBatch.objects.filter(key=origin.key).first():
            raise AlreadyIssued(earlier)
        if terms is not None and has_changed(coupon, terms):
            raise CouponChanged(terms, coupon.terms)
        _check_use(coupon, timezone.localdate(now))
        receivers = _receivers_with_pieces(coupon, audience, timezone.localdate(now))
        batch = _batch(coupon, origin, len(receivers), now=now, by=by)
        yield Progress(0, len(receivers))
        done = 0
        for some in batches(receivers, BATCH):
            numbered = [Receiver(pk, new_number()) for pk in some]
            lifecycle.come_to(numbered, batch, by=by, reason="发放")
            done += len(some)
            yield Progress(done, len(receivers))


def _receivers_with_pieces(coupon: Coupon, audience: Audience, today: date) -> "array[int]":
    """Those who are to get one; as many pieces are taken off the coupon. Raises NobodyToReceive or
    NotEnoughLeft."""
    receivers = array("q", _receivers(coupon, audience, today))
    if not receivers:
        raise NobodyToReceive
    if not Coupon.objects.take(coupon.pk, len(receivers)):
        raise NotEnoughLeft(wanted=len(receivers), left=coupon.left)
    return receivers


def _batch(coupon: Coupon, origin: Origin, number: int, *, now: datetime, by: Actor) -> IssueBatch:
    return IssueBatch.objects.create(
        coupon=coupon,
        key=origin.key,
        source=origin.source,
        note=origin.note,
        number=number,
        at=now,
        manager_id=by.staff_id,
    )


def _holders(coupon: Coupon, account_ids: Sequence[int]) -> set[int]:
    held = CouponRecord.objects.filter(coupon=coupon, account_id__in=account_ids)
    return set(held.values_list("account_id", flat=True))


def _receivers(coupon: Coupon, audience: Audience, today: date) -> Iterator[int]:
    if audience.account_ids is None:
        yield from _by_key(_to_get_it(coupon, audience, today))
        return
    for batch in batches(audience.account_ids, BATCH):
        passed_over = set() if audience.again else _holders(coupon, batch)
        yield from (pk for pk in _still_there(batch) if pk not in passed_over)


def _to_get_it(coupon: Coupon, audience: Audience, today: date) -> QuerySet[Account]:
    """`_receivers` of a segment or of everybody, for SQL."""
    accounts = members(audience.segment, today=today)
    if audience.again:
        return accounts
    has_it = CouponRecord.objects.filter(coupon=coupon, account=OuterRef("pk"))
    return accounts.filter(~Exists(has_it))


def _by_key(accounts: QuerySet[Account]) -> Iterator[int]:
    last, ids = 0, accounts.order_by("pk").values_list("pk", flat=True)
    while found := list(ids.filter(pk__gt=last)[:FOUND]):
        yield from found
        last = found[-1]


def _still_there(account_ids: Sequence[int]) -> list[int]:
    there = set(Account.objects.filter(pk__in=account_ids).values_list("pk", flat=True))
    return [pk for pk in account_ids if pk in there]


def new_number() -> str:
    """20 characters, 80 bits of chance: nobody guesses one, and no two meet."""
    return secrets.token_hex(10).upper()
