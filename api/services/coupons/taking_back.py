"""Taking back what is unused (contract §11): a whole batch, or the records of a list.

Each is one transaction of its caller's, or of its own; the records are changed in the order of
their ids, a batch of rows at a time, by the one owner of their life. What an order locks meanwhile,
stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max

from api.models import CouponCode, CouponRecord, CouponRecordStatus, IssueBatch
from api.models.coupon_record import CouponRecordQuerySet
from api.services.coupons import editing, lifecycle
from api.services.coupons.lifecycle import Actor


@dataclass(frozen=True)
class Standing:
    """How many records there are of each status, and codes that nobody has used; `last` is the
    highest id among the records, 0 without any."""

    by_status: dict[int, int]
    codes: int = 0
    last: int = 0

    @property
    def unused(self) -> int:
        """What taking back would make void."""
        return self.by_status.get(CouponRecordStatus.UNUSED, 0)

    @property
    def staying(self) -> int:
        """What it leaves as it is, whatever became of it."""
        return sum(self.by_status.values()) - self.unused


@dataclass(frozen=True)
class TakenBack:
    """What was made void."""

    records: int
    codes: int = 0


def standing(records: CouponRecordQuerySet) -> Standing:
    """Of these records. One query."""
    rows = list(
        records.order_by()
        .values("status")
        .annotate(number=Count("pk"), last=Max("pk"))
        .values_list("status", "number", "last")
    )
    last = max((last for _, _, last in rows), default=0)
    return Standing({status: number for status, number, _ in rows}, last=last)


def standing_of(batch: IssueBatch) -> Standing:
    """Of its records and its codes, those included that are still being made. Two queries at
    most."""
    found = standing(CouponRecord.objects.filter(batch=batch))
    return Standing(found.by_status, free_codes(batch), found.last)


def standing_of_all(batches: Sequence[IssueBatch]) -> dict[int, Standing]:
    """Of several batches, by their ids. Two queries; `last` is not asked for."""
    counts: dict[int, dict[int, int]] = {batch.pk: {} for batch in batches}
    records = CouponRecord.objects.filter(batch__in=list(counts)).order_by()
    counted = records.values("batch", "status").annotate(number=Count("pk"))
    for batch_id, status, number in counted.values_list("batch", "status", "number"):
        counts[batch_id][status] = number
    free = {batch.pk: batch.number - batch.made for batch in batches if _has_free(batch)}
    unused = CouponCode.objects.filter(batch__in=list(free), record=None).order_by()
    for batch_id, number in unused.values_list("batch").annotate(number=Count("pk")):
        free[batch_id] += number
    return {pk: Standing(by_status, free.get(pk, 0)) for pk, by_status in counts.items()}


def free_codes(batch: IssueBatch) -> int:
    """How many of its codes can still be claimed by. One query for a batch of codes, none
    otherwise."""
    if not _has_free(batch):
        return 0
    unused = CouponCode.objects.filter(batch=batch, record=None).count()
    return unused + batch.number - batch.made


def _has_free(batch: IssueBatch) -> bool:
    return batch.is_of_codes and batch.taken_back_at is None


def take_back(
    records: CouponRecordQuerySet, *, up_to: int, now: datetime, by: Actor, reason: str
) -> TakenBack:
    """Makes those of the records void that are unused, in one transaction. None beyond the id
    `up_to`: what came after the manager had looked is not among what he takes back."""
    with transaction.atomic():
        wanted = records.filter(pk__lte=up_to)
        return TakenBack(lifecycle.void_all(wanted, now=now, by=by, reason=reason))


def take_back_batch(batch_id: int, *, now: datetime, by: Actor, reason: str) -> TakenBack:
    """Makes the batch's unused records void, and its unused codes nobody's, in one transaction; a
    second time what was given back since. Whoever claims by one of its codes at this moment has his
    record before, and loses it, or has none. Raises IssueBatch.DoesNotExist."""
    with transaction.atomic():
        found = IssueBatch.objects.get(pk=batch_id)
        if found.is_of_codes:
            # Who claims by a code holds the coupon's row; who makes codes, the batch's. For records
            # that were issued nobody who claims has to wait.
            editing.lock(found.coupon_id)
        batch = IssueBatch.objects.select_for_update(no_key=True).get(pk=batch_id)
        codes = free_codes(batch)
        if batch.taken_back_at is None:
            batch.taken_back_at, batch.seed = now, ""
            batch.save(update_fields=["taken_back_at", "seed"])
        records = CouponRecord.objects.filter(batch=batch)
        number = lifecycle.void_all(records, now=now, by=by, reason=reason)
    return TakenBack(number, codes)
