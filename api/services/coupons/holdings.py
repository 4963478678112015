"""The coupon records that an account holds, as values of the rules (contract §5)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Case, F, QuerySet, When
from django.utils import timezone

from api.models import CouponRecord, CouponRecordStatus
from api.models.compiled import Compiled, listed
from api.models.coupon_record import CouponRecordQuerySet
from api.rules.coupons import HeldCoupon, Scope, Terms, UseDays, Window, Worth, scope_of

# When the record came, where its days count from it; otherwise null, because to read thousands of
# moments takes longer than all the rest of their rows. As `UseDays.of_receipt` has the rule.
_RECEIVED = Case(
    When(
        valid_until__isnull=True,
        coupon__valid_begin_date__isnull=False,
        coupon__valid_end_date__isnull=False,
        then=None,
    ),
    default=F("get_time"),
)
FIELDS = (  # of a record, in the order in which `held_from` reads them
    "id",
    "status",
    _RECEIVED,
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
    wanted = listed(record_ids)
    return held_from(_AMONG.rows(account_id, wanted)) if wanted else []


def _read(records: CouponRecordQuerySet) -> QuerySet[CouponRecord, Any]:
    return records.values_list(*FIELDS)


_UNUSED = Compiled(lambda account_id: _read(CouponRecord.objects.unused_of(account_id)))
_AMONG = Compiled(
    lambda account_id, record_ids: _read(
        CouponRecord.objects.filter(account_id=account_id, pk__among=record_ids)
    )
)


def held_from(rows: Iterable[Sequence[Any]]) -> list[HeldCoupon]:
    """What rows of these FIELDS say."""
    terms_of: dict[int, tuple[Terms, Window | None]] = {}  # many records may be of one coupon
    zone = timezone.get_current_timezone()
    held = []
    for record_id, status, received, until, coupon_id, name, *coupon in rows:
        if coupon_id not in terms_of:
            terms = _terms(*coupon)
            terms_of[coupon_id] = terms, terms.days.fixed
        terms, window = terms_of[coupon_id]
        if received is not None:
            window = terms.days.of_receipt(timezone.localdate(received, zone), until)
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
