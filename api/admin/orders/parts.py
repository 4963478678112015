"""The rows that belong to an order, on its page: its courses and its payments, to read."""

from typing import Any

from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest

from api.admin.desk.inlines import DeskTabularInline
from api.admin.desk.links import link_to
from api.admin.orders.reading import ReadOnly
from api.models import OrderDetail, Payment


class PartInline(ReadOnly, DeskTabularInline):
    """Whoever may read an order reads its parts."""

    ordering = ("id",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("api.view_order")


class LineInline(PartInline):
    model = OrderDetail
    verbose_name_plural = "课程"
    fields = (
        "course",
        "original_price",
        "coupon",
        "discount",
        "share",
        "price",
        "valid_period_display",
        "enrolled",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderDetail]:
        lines: QuerySet[OrderDetail] = super().get_queryset(request)
        return lines.select_related("coupon_record__coupon", "enrolment")

    @display(description="课程")
    def course(self, line: OrderDetail) -> str:
        return line.content or f"编号{line.object_id}"

    @display(description="优惠券")
    def coupon(self, line: OrderDetail) -> str | None:
        record = line.coupon_record
        return link_to(record, f"{record.coupon.name}（{record.number}）") if record else None

    @display(description="报名起止")
    def enrolled(self, line: OrderDetail) -> str | None:
        enrolment = getattr(line, "enrolment", None)
        if enrolment is None:
            return None
        return f"{enrolment.valid_begin_date} 至 {enrolment.valid_end_date}"


class PaymentInline(PartInline):
    model = Payment
    verbose_name_plural = "支付记录"
    fields = (
        "channel",
        "way",
        "out_trade_no",
        "trade_no",
        "amount",
        "status",
        "created",
        "paid_at",
        "staff",
        "note",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        return super().get_queryset(request).select_related("staff")
