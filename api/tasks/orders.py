"""Orders' tasks."""

from django.utils import timezone
from django_tasks import task

from api.services.orders import closing, tidying


@task
def close_order(order_id: int) -> bool:
    """Closes the order if it is out of time and still not paid; whether it did."""
    return closing.close_if_due(order_id, now=timezone.now())


@task
def clear_up_redis(account_id: int) -> None:
    """Takes out of Redis what the account has ordered, or tries again later."""
    tidying.tidy_soon(account_id)
