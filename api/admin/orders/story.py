"""An order's coupons and what happened to it, in a manager's words."""

from typing import Any

from django.utils import timezone

from api.admin.coupons.record_events import actor
from api.admin.coupons.record_export import in_short
from api.admin.desk.links import link_to
from api.models import (
    CouponRecord,
    CouponRecordEvent,
    Order,
    PaymentNotification,
    ShopEvent,
)
from api.rules.orders import OrderStatus
from api.rules.webhooks import COUPON_KINDS
from api.services.archive.shown import gone_before
from api.services.orders import events, frozen

COUPON_HEADERS = ["券号", "优惠券", "优惠内容", "用于", "是否起作用", "现在的状态"]
STORY_HEADERS = ["时间", "事件", "操作人", "说明"]

_EVENTS = {
    events.PLACED: "下单",
    events.PAID: "已付款",
    events.CLOSED: "订单关闭",
    events.REVIVED: "关闭后收到付款，订单已恢复",
    events.EXCESS: "收到多付的款项，待退",
    events.REFUND_ASKED: "申请退款",
    events.REFUND_REFUSED: "退款申请被拒绝",
    events.REFUNDED: "已退款",
    events.RETURNED: "多付的款项已退回",
}


def coupons(order: Order) -> list[list[Any]]:
    """A row for every coupon that the order was quoted with: which of them took something off, and
    why the others did not. One query."""
    frozen_ones = list(frozen.coupons_of(order))
    records = CouponRecord.objects.in_bulk({one["id"] for one in frozen_ones})
    rows = []
    for line in order.quote["course_list"]:
        rows += [_coupon(one, line["title"], records) for one in line["coupons"]]
    rows += [_coupon(one, "全站", records) for one in order.quote["global_coupons"]]
    return rows


def _coupon(one: dict[str, Any], where: str, records: dict[int, CouponRecord]) -> list[Any]:
    record = records.get(one["id"])
    number = link_to(record, record.number) if record else f"编号{one['id']}（已删除）"
    effect = "已抵扣" if one["at_work"] else f"未使用：{one['reason'] or '没有选用'}"
    standing = record.get_status_display() if record else "—"
    return [number, one["name"], one["words"], where or "课程", effect, standing]


def story(order: Order) -> list[list[Any]]:
    """What happened to the order and to its coupons, and what gateways said of its payments, in the
    order in which it happened. Three queries, and one where its beginning is not there."""
    own = list(order.events.exclude(kind__in=COUPON_KINDS))  # the records' own events say more
    told = [(event.at, 0, event.pk, _of_the_order(event)) for event in own]
    # By record, which has an index: what the order did to the coupons that it spends.
    moves = CouponRecordEvent.objects.filter(record__in=frozen.spent_records(order), order=order)
    for move in moves.select_related("record", "account", "staff"):
        told.append((move.at, 1, move.pk, _of_a_record(move)))
    for notice in PaymentNotification.objects.filter(payment__order=order).defer("body"):
        told.append((notice.first_seen, 2, notice.pk, _of_a_gateway(notice)))
    rows = [row for _, _, _, row in sorted(told, key=lambda one: one[:3])]
    begins = any(event.kind == events.PLACED for event in own)
    return rows if begins else [*_archived(order), *rows]


def _archived(order: Order) -> list[list[Any]]:
    """Every order was placed: where nothing says so, that is in the archive, and so is what
    followed."""
    day = gone_before("events")
    if day is None or timezone.localdate(order.date) >= day:
        return []
    note = f"{day}之前的记录不再列出；需要时请运维人员恢复"
    return [["", "此前的经过已归档", "", note]]


def _of_the_order(event: ShopEvent) -> list[Any]:
    text = _EVENTS.get(event.kind, event.kind)
    closed_as = event.data.get("status")
    if event.kind == events.CLOSED and closed_as is not None:
        text = f"{text}（{OrderStatus(closed_as).display}）"
    note = f"金额{event.data['amount']}" if "amount" in event.data else ""
    return [in_short(event.at), text, "", note]


def _of_a_gateway(notice: PaymentNotification) -> list[Any]:
    times = f"，共{notice.times_seen}次" if notice.times_seen > 1 else ""
    said = f"{notice.get_channel_display()}通知：{notice.get_verdict_display()}{times}"
    return [in_short(notice.first_seen), link_to(notice, said), "", notice.out_trade_no]


def _of_a_record(move: CouponRecordEvent) -> list[Any]:
    change = f"{move.get_from_status_display()} → {move.get_to_status_display()}"
    return [in_short(move.at), f"优惠券{move.record.number}：{change}", actor(move), move.reason]
