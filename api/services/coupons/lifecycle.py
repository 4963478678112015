"""Taking a coupon back (作废): an unused record stays where it is, but is worth nothing then."""

from api.models import CouponRecord, CouponRecordStatus


class RecordNotUnused(Exception):
    """It was used, expired or taken back before; nothing was changed."""


def void(*, record_id: int) -> None:
    """Sets status 3 已作废 on a record that is unused at this moment. One query; somebody who uses
    the record at the same time either comes first, or finds it void. Raises RecordNotUnused."""
    unused = CouponRecord.objects.filter(pk=record_id, status=CouponRecordStatus.UNUSED)
    if not unused.update(status=CouponRecordStatus.VOID):
        raise RecordNotUnused
