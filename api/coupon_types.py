"""The three types of coupon: one name for the tables and for the pure rules."""

from enum import IntEnum


class CouponType(IntEnum):
    """`Coupon.coupon_type`."""

    CASH = 0  # 立减券: takes its value off
    THRESHOLD = 1  # 满减券: takes its value off what reaches its minimum
    DISCOUNT = 2  # 折扣券: leaves so many percent
