"""A coupon record's whole life, on its page: a table to read."""

from typing import Any

from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest

from api.admin.desk.inlines import DeskTabularInline
from api.models import CouponRecordEvent


def actor(event: CouponRecordEvent) -> str:
    if event.staff:
        return event.staff.get_username()
    return f"用户{event.account.username}" if event.account else "系统"


class EventInline(DeskTabularInline):
    model = CouponRecordEvent
    verbose_name_plural = "经过"
    fields = ("at", "change", "by", "reason")
    readonly_fields = fields
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CouponRecordEvent]:
        return super().get_queryset(request).select_related("account", "staff")

    @display(description="变化")
    def change(self, event: CouponRecordEvent) -> str:
        before = "（新）" if event.from_status is None else event.get_from_status_display()
        return f"{before} → {event.get_to_status_display()}"

    @display(description="操作人")
    def by(self, event: CouponRecordEvent) -> str:
        return actor(event)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("api.view_couponrecord")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
