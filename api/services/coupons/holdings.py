"""The coupon records that an account holds, as values of the rules (contract §5)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from api.models import CouponRecord, CouponRecordStatus
from api.models.compiled import Compiled, padded
from api.models.coupon_record import CouponRecordQuerySet
from api.rules.coupons import HeldCoupon, Scope, Terms, UseDays, Worth, scope_of

FIELDS = (  # of a record, in the order in which `held_from` reads them
    "id",
    "status",
    "get_time",
    "valid_until",
    "coupon_id",
    "coupon__name",
    "coupon__coupon_type",
    "coupon__money_equivalent_value",
    "coupon__minimum_consume",
    "coupon__off_percent",
    "coupon__max_off",
    "coupon__valid_begin_date",
    "coupon__valid_end_date",
    "coupon__coupon_valid_days",
    "coupon__object_id",
    "coupon__content_type__model",
    "coupon__disabled",
)


def held_by(account_id: int) -> list[HeldCoupon]:
    """The account's unused coupon records (status 0), by record id, whatever their days.

    A coupon bound to anything but a course (a degree course) is left out: contract §5. One query,
    whatever the number of records.
    """
    held = held_from(_UNUSED.rows(account_id))
    return [coupon for coupon in held if coupon.terms.scope is not Scope.ELSEWHERE]


def held_among(account_id: int, record_ids: Iterable[int]) -> list[HeldCoupon]:
    """Those of the records that are the account's, whatever became of them. One query."""
    wanted = list(record_ids)
    return held_from(_AMONG.rows(account_id, *padded(wanted))) if wanted else []


def _read(records: CouponRecordQuerySet) -> QuerySet[CouponRecord, Any]:
    return records.values_list(*FIELDS)


_UNUSED = Compiled(lambda account_id: _read(CouponRecord.objects.unused_of(account_id)))
_AMONG = Compiled(
    lambda account_id, *record_ids: _read(
        CouponRecord.objects.filter(account_id=account_id, pk__in=record_ids)
    )
)


def held_from(rows: Iterable[Sequence[Any]]) -> list[HeldCoupon]:
    """What rows of these FIELDS say."""
    terms_of: dict[int, Terms] = {}  # many records may be of one coupon
    held = []
    for record_id, status, received, until, coupon_id, name, *coupon in rows:
        terms = terms_of.get(coupon_id) or terms_of.setdefault(coupon_id, _terms(*coupon))
        window = terms.days.of_receipt(timezone.localdate(received), until)
        free = status == CouponRecordStatus.UNUSED
        held.append(HeldCoupon(record_id, terms, window, name, free))
    return held


def _terms(
    kind: int,
    money: int,
    minimum: int,
    percent: int | None,
    most: int | None,
    *days_binding_and_state: Any,
) -> Terms:
    begin, end, valid_days, object_id, bound_model, disabled = days_binding_and_state
    scope = scope_of(object_id, bound_model, "course")
    return Terms(
        worth=Worth.of(kind, money, minimum, percent, most),
        days=UseDays(begin, end, valid_days),
        scope=scope,
        course_id=object_id if scope is Scope.COURSE else None,
        disabled=disabled,
    )
