"""One-time codes as they are kept, found and used (contract §11)."""

import hashlib
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from api.models import Coupon, CouponCode, CouponRecord, IssueBatch
from api.rules.one_time_codes import one_time_code

# Of a code, as of a token, only this is kept: who reads the table can claim nothing. But a code has
# half as much chance in it as a token, and many are looked for at once: so each guess costs this
# often. The salt is the same for all, since a code is looked up by what is kept of it.
ROUNDS = 1_000
SALT = b"luffy one-time code"


class Free(NamedTuple):
    """A code that can be claimed by."""

    code_id: int
    coupon_id: int
    batch_id: int


def stored(code: str) -> str:
    """What is kept of a code, of 16 characters without hyphens."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), SALT, ROUNDS).hex()


def find(typed: str) -> Free | None:
    """The code that was typed; None where there is none, or it was used or taken back. One query
    for what a code can be, none otherwise."""
    code = one_time_code(typed)
    if code is None:
        return None
    free = CouponCode.objects.filter(~_taken_back(), code=stored(code), record=None)
    found = free.values_list("pk", "coupon_id", "batch_id").first()
    return Free(*found) if found else None


def use(code_id: int, record: CouponRecord) -> bool:
    """Gives the code this record, by one UPDATE on the condition that it has none and was not taken
    back; False, and nothing has changed, if it is so. To be called by who holds the coupon's row,
    as who takes back does."""
    free = CouponCode.objects.filter(~_taken_back(), pk=code_id, record=None)
    return free.update(record=record) == 1


def outstanding(coupon: Coupon) -> int:
    """How many codes of the coupon can be claimed by, those included that are still being made. Two
    queries."""
    batches = list(
        IssueBatch.objects.filter(
            coupon=coupon, source=IssueBatch.Source.CODES, taken_back_at=None
        ).values_list("pk", "number", "made")
    )
    unused = CouponCode.objects.filter(batch__in=[pk for pk, _, _ in batches], record=None).count()
    return unused + sum(number - made for _, number, made in batches)


def _taken_back() -> Exists:
    taken_back = IssueBatch.objects.filter(pk=OuterRef("batch"), taken_back_at__isnull=False)
    return Exists(taken_back)
