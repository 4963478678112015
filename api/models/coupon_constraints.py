"""What the database refuses of a coupon, whoever writes it."""

from django.db.models import BaseConstraint, CheckConstraint, F, Q

from api.rules.coupons import CouponType

CONSTRAINTS: list[BaseConstraint] = [
    CheckConstraint(
        name="coupon_type_is_known",
        condition=Q(coupon_type__in=[kind.value for kind in CouponType]),
        violation_error_message="请选择立减券、满减券或折扣券",
    ),
    CheckConstraint(
        name="coupon_closes_not_before_opening",
        condition=Q(close_date__gte=F("open_date")),
        violation_error_message="优惠券领取结束时间不能早于领取开始时间",
    ),
    CheckConstraint(
        name="coupon_valid_end_after_begin",
        condition=Q(valid_begin_date__isnull=True)
        | Q(valid_end_date__isnull=True)
        | Q(valid_end_date__gt=F("valid_begin_date")),
        violation_error_message="有效结束时间必须晚于有效期开始时间",
    ),
    CheckConstraint(
        name="coupon_valid_days_not_zero",
        condition=Q(coupon_valid_days__isnull=True) | Q(coupon_valid_days__gte=1),
        violation_error_message="优惠券有效期(天)不能为0",
    ),
    CheckConstraint(
        name="coupon_discount_has_off_percent",
        # Null is named: a CHECK that comes out as null would let the row pass.
        condition=~Q(coupon_type=CouponType.DISCOUNT.value)
        | Q(off_percent__isnull=False, off_percent__gte=1, off_percent__lte=100),
        violation_error_message="折扣券的折扣百分比必须在1到100之间",
    ),
    CheckConstraint(
        name="coupon_money_not_negative",
        condition=Q(money_equivalent_value__gte=0),
        violation_error_message="等值货币不能为负数",
    ),
    CheckConstraint(
        name="coupon_issued_within_quantity",
        condition=Q(issued__lte=F("quantity")),
        violation_error_message="数量不能少于已发数量",
    ),
    CheckConstraint(
        name="coupon_max_off_of_a_discount",
        condition=Q(max_off__isnull=True)
        | Q(coupon_type=CouponType.DISCOUNT.value, max_off__gte=1),
        violation_error_message="只有折扣券可以填写最高减，至少1元",
    ),
    CheckConstraint(
        name="coupon_per_account_not_zero",
        condition=Q(per_account__gte=1),
        violation_error_message="每人限领至少1张",
    ),
    CheckConstraint(
        name="coupon_budget_above_nothing",
        condition=Q(budget__isnull=True) | Q(budget__gt=0),
        violation_error_message="预算必须大于0；留空表示没有预算",
    ),
]
