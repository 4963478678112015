"""The demo's orders: what its students bought with the coupons that they used."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from api.models import (
    Account,
    CouponRecord,
    Course,
    EnrolledCourse,
    LedgerEntry,
    Order,
    OrderDetail,
    Payment,
    PaymentNotification,
    PaymentType,
    PricePolicy,
    Refund,
)
from api.rules.coupons import HeldCoupon, Scope, Window
from api.rules.money import yuan
from api.rules.orders import OrderStatus
from api.rules.pricing import Basket, Line, PricedLine, breakdown
from api.services import enrolments
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import Actor
from api.services.ledger import posting

POLICY_SOLD = {1: 2, 2: 4}  # course -> the policy that the demo's students buy


def forget(account_ids: Iterable[int]) -> None:
    """Takes away the orders of the demo's accounts, so that the demo can be made anew."""
    orders = Order.objects.filter(account__in=list(account_ids))
    EnrolledCourse.objects.filter(order_detail__order__in=orders).delete()
    entries = LedgerEntry.objects.filter(order__in=orders)
    entries._raw_delete(entries.db)  # the books themselves let nothing go
    Refund.objects.filter(order__in=orders).delete()
    PaymentNotification.objects.filter(payment__order__in=orders).delete()
    Payment.objects.filter(order__in=orders).delete()
    OrderDetail.objects.filter(order__in=orders).delete()
    CouponRecord.objects.filter(order__in=orders).update(order=None)
    CouponRecord.objects.filter(events__order__in=orders).delete()
    orders.delete()
    Account.objects.filter(pk__in=list(account_ids)).update(ordered_settlement=None)


def buy(record: CouponRecord, *, course_id: int, now: datetime) -> Order:
    """An order of one course, paid at `now`, on which the record was used."""
    policy = PricePolicy.objects.get(pk=POLICY_SOLD[course_id])
    terms, price = record.coupon.terms, yuan(policy.price)
    held = HeldCoupon(record.pk, terms, Window(now.date(), now.date()), record.coupon.name)
    site_wide = terms.scope is Scope.SITE_WIDE
    own = () if site_wide else (held,)
    line = Line(course_id, price, own, record.pk if own else None)
    basket = Basket((line,), (held,) if site_wide else (), record.pk if site_wide else None)
    priced = breakdown(basket)
    (paid,) = priced.lines
    owner = Actor(account_id=record.account_id)
    order = Order.objects.create(
        payment_type=PaymentType.ALIPAY,
        order_number=f"{timezone.localtime(now):%Y%m%d%H%M%S}{secrets.randbelow(10**10):010}",
        account_id=record.account_id,
        actual_amount=priced.total,
        status=OrderStatus.PAID.value,
        date=now,
        pay_time=now,
        subtotal=priced.subtotal,
        course_discount=priced.course_discount,
        global_discount=priced.global_discount,
        expires_at=now + timedelta(minutes=30),
        settlement=secrets.token_hex(8),
        version=secrets.token_hex(16),
        quote=_frozen(held, policy, priced.total, site_wide=site_wide, day=now),
    )
    _sell(order, policy, paid, None if site_wide else record)
    lifecycle.lock([record.pk], order_id=order.pk, now=now, by=owner, reason="下单")
    lifecycle.use([record.pk], order_id=order.pk, now=now, by=owner, reason="付款")
    _pay(order, now)
    enrolments.enrol(order, now=now)
    return order


def _sell(order: Order, policy: PricePolicy, paid: PricedLine, record: CouponRecord | None) -> None:
    OrderDetail.objects.create(
        order=order,
        content_type=ContentType.objects.get_for_model(Course),
        object_id=policy.object_id,
        original_price=paid.price,
        price=paid.pay,
        content=Course.objects.values_list("name", flat=True).get(pk=policy.object_id),
        valid_period_display=policy.get_valid_period_display(),
        valid_period=policy.valid_period,
        policy_id=policy.pk,
        coupon_record=record,
        discount=paid.discount,
        share=paid.share,
    )


def _pay(order: Order, now: datetime) -> None:
    payment = None
    if order.actual_amount:
        payment = Payment.objects.create(
            order=order,
            channel=Payment.Channel.ALIPAY,
            out_trade_no=order.order_number,
            amount=order.actual_amount,
            status=Payment.Status.PAID,
            created=now,
            paid_at=now,
            note="演示",
        )
    posting.post_paid(order, payment, now=now)


def _frozen(
    held: HeldCoupon, policy: PricePolicy, total: Decimal, *, site_wide: bool, day: datetime
) -> dict[str, object]:
    coupon = {
        "id": held.record_id,
        "name": held.name,
        "words": held.worth.words,
        "worth": {},
        "last_day": None,
        "at_work": True,
        "reason": None,
    }
    line = {
        "course_id": policy.object_id,
        "title": "",
        "img": "",
        "policy_id": str(policy.pk),
        "period_display": policy.get_valid_period_display(),
        "coupons": [] if site_wide else [coupon],
    }
    return {
        "taken": timezone.localdate(day).isoformat(),
        "course_list": [line],
        "global_coupon": held.record_id if site_wide else None,
        "global_coupons": [coupon] if site_wide else [],
        "total": str(total),
    }
