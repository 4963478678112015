"""What reaches the service's database from another program than its web server: money that comes
in, and managers' work. All of it through the service's own functions."""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import psycopg
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from redis import RedisError

from api.models import Account, Coupon, Order, PricePolicy
from api.services.coupons import issuing, lifecycle
from api.services.coupons.audiences import Audience
from api.services.coupons.lifecycle import Actor, RecordNotUnused
from api.services.orders import paying
from api.services.orders.paying import Received

T = TypeVar("T")


class Unknown(Exception):
    """The server was lost on the way: nobody knows what came of it."""


def careful(deed: Callable[[], T]) -> T:
    try:
        return deed()
    except (DatabaseError, psycopg.Error, RedisError) as error:
        # psycopg's own: what closes a cursor on the server, Django does not wrap.
        raise Unknown from error
    finally:
        connection.close()


def receive(order_number: str, amount: str) -> str:
    """Money for an order, always with the same number of the trade: once more is no more. Says
    what came of it; raises Unknown."""

    def deed() -> str:
        order = Order.objects.get(order_number=order_number)
        received = Received("alipay", f"T{order_number}", Decimal(amount), f"N{order_number}")
        return paying.receive(order.pk, received, now=timezone.now()).value

    return careful(deed)


def issue(coupon_id: int, account_ids: list[int]) -> int:
    """One more of the coupon to each; says how many. Raises Unknown."""

    def deed() -> int:
        audience = Audience(tuple(account_ids), again=True)
        steps = list(issuing.issue(coupon_id, audience, now=timezone.now()))
        return steps[-1].done

    return careful(deed)


def take_back(record_id: int) -> bool:
    """False if it was not unused. Raises Unknown."""

    def deed() -> bool:
        try:
            lifecycle.void(record_id=record_id, now=timezone.now(), by=Actor(), reason="chaos")
        except RecordNotUnused:
            return False
        return True

    return careful(deed)


def price(policy_id: int, price: float) -> None:
    """Raises Unknown."""
    careful(lambda: PricePolicy.objects.filter(pk=policy_id).update(price=price))


def some_record(status: int) -> int | None:
    """Raises Unknown."""
    from api.models import CouponRecord

    rows = CouponRecord.objects.filter(status=status).order_by("?")
    return careful(lambda: rows.values_list("pk", flat=True).first())


def records_of(coupon_id: int) -> int:
    return careful(lambda: Coupon.objects.get(pk=coupon_id).couponrecord_set.count())


def account_ids() -> list[int]:
    return careful(lambda: list(Account.objects.values_list("pk", flat=True)))
