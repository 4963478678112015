"""One-time codes, made and exported."""

import secrets

from django.utils import timezone

from api.models import Coupon, IssueBatch
from api.services.coupons import making_codes
from api.services.coupons.lifecycle import SERVICE, Actor


def ordered(coupon: Coupon, number: int, *, by: Actor = SERVICE, note: str = "") -> IssueBatch:
    """A batch whose codes are still to be made."""
    key = secrets.token_hex(8)
    return making_codes.start(coupon.pk, number, note=note, key=key, now=timezone.now(), by=by)


def made(coupon: Coupon, number: int, *, by: Actor = SERVICE, note: str = "") -> IssueBatch:
    batch = ordered(coupon, number, by=by, note=note)
    making_codes.go_on(batch.pk)
    batch.refresh_from_db()
    return batch


def codes_of(batch: IssueBatch) -> list[str]:
    """As they are exported, which they are by this."""
    seed = making_codes.export(batch.pk, now=timezone.now(), by=SERVICE)
    batch.refresh_from_db()
    return list(making_codes.exported(batch, seed))


def codes(coupon: Coupon, number: int = 1) -> list[str]:
    return codes_of(made(coupon, number))
