"""Orders as the shop makes them: through its services, in a line each."""

from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from api.models import Account, CouponRecord, Order, PaymentType, PricePolicy
from api.services import cars
from api.services.checkout import quoting, settlement
from api.services.orders import paying, placing
from api.services.orders.paying import Outcome, Received
from api.services.orders.placing import Consent
from tests.support.factories import AccountFactory, CourseFactory, PricePolicyFactory


def place(
    account: Account,
    policies: list[PricePolicy],
    records: tuple[CouponRecord, ...] = (),
    now: datetime | None = None,
) -> Order:
    """Settles these policies' courses, chooses the records, and orders that as it is quoted."""
    now, account_id = now or timezone.now(), account.pk
    for policy in policies:
        cars.add(account_id=account_id, course_id=policy.object_id, policy_id=policy.pk)
    course_ids = [policy.object_id for policy in policies]
    settlement.settle(account_id=account_id, course_ids=course_ids, now=now)
    for record in records:
        settlement.choose_coupon(
            account_id=account_id, course_id=record.coupon.object_id, record_id=record.pk
        )
    quote, _ = quoting.quote(account_id=account_id, now=now)
    return placing.place(
        placing.meant(account_id=account_id),
        account_id=account_id,
        consent=Consent(quote.version),
        payment_type=PaymentType.ALIPAY,
        now=now,
    )


def order(price: float = 99.0, **account: str) -> Order:
    """One course, no coupon, not paid."""
    policy = PricePolicyFactory(content_object=CourseFactory(), price=price)
    return place(AccountFactory(**account), [policy])


def pay(order: Order, now: datetime | None = None, amount: Decimal | None = None) -> Outcome:
    """As a gateway's notification does."""
    received = Received(
        channel="alipay",
        out_trade_no=order.order_number,
        trade_no=f"T{order.order_number}",
        amount=order.actual_amount if amount is None else amount,
    )
    return paying.receive(order.pk, received, now=now or timezone.now())
