"""The file of what became of every coupon."""

from collections.abc import Iterator

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from api.admin.coupons import words
from api.models import Coupon, CouponRecordStatus
from api.services.coupons import effect
from api.services.coupons.effect import Effect
from utils.spreadsheets import export as exporting

BATCH = 1_000  # coupons that are counted at once
HEADING = (
    "优惠券ID", "优惠券", "优惠内容", "使用有效期", "数量", "已发", "已领", "未使用", "已锁定",
    "已用", "过期", "作废", "剩余", "领取率", "核销率", "带来的成交额(元)", "优惠金额(元)",
)  # fmt: skip
_CONTENT = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def file_of(kind: str, *, user_id: int) -> StreamingHttpResponse:
    """As CSV or XLSX (`kind`), sent as it is made. It is noted in the admin log."""
    if kind == "csv":
        content = exporting.csv_lines(HEADING, rows())
    else:
        content = exporting.xlsx_chunks("优惠券效果", HEADING, rows())
    LogEntry.objects.create(
        user_id=user_id,
        content_type=ContentType.objects.get_for_model(Coupon),
        object_repr="优惠券效果",
        action_flag=CHANGE,
        change_message=f"导出优惠券效果（{kind.upper()}）",
    )
    name = f"优惠券效果-{timezone.localdate()}.{kind}"
    answer = StreamingHttpResponse(content, content_type=_CONTENT[kind])
    answer.headers["Content-Disposition"] = content_disposition_header(True, name)
    return answer


def rows() -> Iterator[list[str]]:
    """A row a coupon, newest first; three queries for a BATCH of them."""
    coupons = Coupon.objects.order_by("-pk")
    batch = list(coupons[:BATCH])
    while batch:
        found = effect.of_coupons(batch)
        for coupon in batch:
            yield _row(coupon, found[coupon.pk])
        batch = list(coupons.filter(pk__lt=batch[-1].pk)[:BATCH])


def _row(coupon: Coupon, found: Effect) -> list[str]:
    numbers = (
        found.quantity,
        found.issued,
        found.claimed,
        found.of(CouponRecordStatus.UNUSED),
        found.of(CouponRecordStatus.LOCKED),
        found.used,
        found.of(CouponRecordStatus.EXPIRED),
        found.of(CouponRecordStatus.VOID),
        found.left,
    )
    return [
        str(coupon.pk),
        coupon.name,
        words.worth(coupon),
        words.days_of_use(coupon),
        *map(str, numbers),
        words.share(found.claim_rate),
        words.share(found.use_rate),
        f"{found.turnover.amount:.2f}",
        f"{found.turnover.took_off:.2f}",
    ]
