"""What is told to subscribed addresses, and when it is tried again (contract §10)."""

from datetime import timedelta

ORDER_PLACED, ORDER_PAID, ORDER_CLOSED = "order.placed", "order.paid", "order.closed"
ORDER_REFUNDED = "order.refunded"
COUPON_CLAIMED, COUPON_USED = "coupon.claimed", "coupon.used"
COUPON_RETURNED = "coupon.returned"

# kind -> what it is called at the desk
KINDS = {
    ORDER_PLACED: "订单已提交",
    ORDER_PAID: "订单已付款",
    ORDER_CLOSED: "订单已关闭",
    ORDER_REFUNDED: "订单已退款",
    COUPON_CLAIMED: "优惠券已领取",
    COUPON_USED: "优惠券已使用",
    COUPON_RETURNED: "优惠券已退回",
}
COUPON_KINDS = (COUPON_CLAIMED, COUPON_USED, COUPON_RETURNED)

BACKOFF = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=24),
)
JITTER = 0.1  # of the pause, added at most: not all that failed together come again together


def pause_after(attempts: int, chance: float) -> timedelta | None:
    """How long to wait after so many attempts, at least one, have failed, or None: it is a dead
    letter. `chance` is from 0 to 1."""
    if attempts > len(BACKOFF):
        return None
    return BACKOFF[attempts - 1] * (1 + JITTER * chance)
