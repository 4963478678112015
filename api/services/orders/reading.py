"""What an account sees of its orders (contract §9)."""

from datetime import datetime

from api.errors import OrderNotFound
from api.models import Order
from api.services.orders import closing
from api.services.pages import Page, page_of


def orders(
    *, account_id: int, page: int, page_size: int, status: int | None, now: datetime
) -> Page:
    """The account's orders, newest first; those that are out of time are closed first. Five
    queries, whatever the number of orders."""
    closing.close_due(now=now, account_id=account_id)
    mine = Order.objects.filter(account_id=account_id).order_by("-id")
    if status is not None:
        mine = mine.filter(status=status)
    return page_of(mine.prefetch_related("details", "payments"), page=page, page_size=page_size)


def order(*, account_id: int, order_number: str, now: datetime) -> Order:
    """One order of the account, closed first if it is out of time. Raises OrderNotFound."""
    mine = Order.objects.filter(account_id=account_id)
    mine = mine.prefetch_related("details", "payments__refunds")
    found = mine.filter(order_number=order_number).first()
    if found is None:
        raise OrderNotFound
    closing.closed_if_due(found, now=now)
    return found
