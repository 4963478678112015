"""Making one-time codes (contract §11), in the background, and handing them out in a file, once.

A code follows from its batch's seed and its serial number, so making them can stop anywhere and go
on, and the file needs nothing but the seed. With the seed, the codes are gone.
"""

import hmac
import secrets
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from api.models import Coupon, CouponCode, IssueBatch
from api.rules.one_time_codes import ALPHABET, CHOSEN, TAIL, grouped, with_check
from api.services.coupons.codes import stored
from api.services.coupons.issuing import why_not
from api.services.coupons.lifecycle import Actor
from api.services.later import later

MOST = 100_000  # codes of a batch
CHUNK = 500  # codes of one transaction: they take less than a second to make
READ = 5_000


class NotExported(Exception):
    """There is no file; `str()` says why, to the manager."""


class StillMaking(NotExported):
    def __init__(self, batch: IssueBatch) -> None:
        super().__init__(f"还在生成：{batch.made} / {batch.number}，完成后才能导出")


class ExportedBefore(NotExported):
    def __init__(self) -> None:
        super().__init__("这一批兑换码已经导出过，不能再次导出")


class TakenBack(NotExported):
    def __init__(self) -> None:
        super().__init__("这一批兑换码已经撤回，没有可以导出的")


def start(
    coupon_id: int, number: int, *, note: str, key: str, now: datetime, by: Actor
) -> IssueBatch:
    """Has so many codes of the coupon made, 1 to MOST. `key` is the same for every try of the same
    order: a second try finds the batch of the first. Raises IssuingRefused, ValueError;
    Coupon.DoesNotExist."""
    if not 1 <= number <= MOST:
        raise ValueError(number)
    with transaction.atomic():
        coupon = Coupon.objects.select_for_update(no_key=True).get(pk=coupon_id)
        if earlier := IssueBatch.objects.filter(key=key, coupon=coupon).first():
            return earlier
        if refused := why_not(coupon, timezone.localdate(now)):
            raise refused
        batch = IssueBatch.objects.create(
            coupon=coupon,
            key=key,
            source=IssueBatch.Source.CODES,
            number=number,
            note=note,
            seed=secrets.token_hex(32),
            at=now,
            manager_id=by.staff_id,
        )
        later("coupons.make_codes", batch.pk)
    return batch


def go_on(batch_id: int) -> int:
    """Makes what is left to be made of the batch; says how many it made. Each CHUNK is a
    transaction: whoever is interrupted, another goes on where it was, with the next serial number,
    so that there are never more than were asked for. Leaves a batch alone that another is at."""
    made = 0
    while chunk := _make_chunk(batch_id):
        made += chunk
    return made


def make_waiting() -> int:
    """The same for every batch of codes that is not complete; says how many codes it made."""
    return sum(go_on(pk) for pk in _incomplete().order_by("pk").values_list("pk", flat=True))


def why_not_exported(batch: IssueBatch) -> NotExported | None:
    """What there is against a file of this batch's codes."""
    if batch.taken_back_at:
        return TakenBack()
    if batch.exported_at:
        return ExportedBefore()
    return StillMaking(batch) if batch.made < batch.number else None


def export(batch_id: int, *, now: datetime, by: Actor) -> str:
    """The seed, which `exported` wants, to one caller alone: it is not kept any longer. Raises
    StillMaking, ExportedBefore, TakenBack; IssueBatch.DoesNotExist."""
    with transaction.atomic():
        batch = IssueBatch.objects.select_for_update(no_key=True).get(
            pk=batch_id, source=IssueBatch.Source.CODES
        )
        if refused := why_not_exported(batch):
            raise refused
        seed, batch.seed = batch.seed, ""
        batch.exported_at, batch.exported_by_id = now, by.staff_id
        batch.save(update_fields=["seed", "exported_at", "exported_by"])
    return seed


def exported(batch: IssueBatch, seed: str) -> Iterator[str]:
    """The codes of the batch as they are printed, by their serial numbers. A query for every READ
    of them."""
    codes, last = CouponCode.objects.filter(batch=batch).order_by("serial"), 0
    while serials := list(codes.filter(serial__gt=last).values_list("serial", flat=True)[:READ]):
        yield from (grouped(_code(seed, serial)) for serial in serials)
        last = serials[-1]


def _incomplete() -> QuerySet[IssueBatch]:
    return IssueBatch.objects.filter(
        source=IssueBatch.Source.CODES, made__lt=F("number"), taken_back_at=None
    )


def _make_chunk(batch_id: int) -> int:
    with transaction.atomic():
        waiting = _incomplete().select_for_update(skip_locked=True, no_key=True)
        batch = waiting.filter(pk=batch_id).first()
        if batch is None:
            return 0
        last = min(batch.made + CHUNK, batch.number)
        serials = range(batch.made + 1, last + 1)
        CouponCode.objects.bulk_create(_row(batch, serial) for serial in serials)
        batch.made = last
        batch.save(update_fields=["made"])
    return len(serials)


def _row(batch: IssueBatch, serial: int) -> CouponCode:
    code = _code(batch.seed, serial)
    return CouponCode(
        coupon_id=batch.coupon_id,
        batch=batch,
        serial=serial,
        code=stored(code),
        tail=code[-TAIL:],
    )


def _code(seed: str, serial: int) -> str:
    """By chance as far as anybody can tell who does not have the seed."""
    number = int.from_bytes(hmac.digest(bytes.fromhex(seed), str(serial).encode(), "sha256"))
    chosen = ""
    for _ in range(CHOSEN):
        number, value = divmod(number, len(ALPHABET))
        chosen += ALPHABET[value]
    return with_check(chosen)
