"""Redis after an order (contract §9): the settlement and the bought courses of the car are taken
out, if they are still the same.

The order stands whether or not Redis can be reached: `Account.ordered_settlement` says what is
still to be done, and whoever next asks for that account's car or settlement does it, or a task, or
the job.
"""

import logging
from datetime import timedelta

from django.utils import timezone

from api.models import Account, Order
from api.services.later import later
from api.stores.car import CarStore
from api.stores.settlement import SettlementIndex, SettlementStore
from utils.optimistic import until_uncontended
from utils.outages import is_out_of_reach

logger = logging.getLogger(__name__)

TRY_AGAIN = timedelta(minutes=1)
MOST_FAILURES = 10


def tidy_soon(account_id: int) -> None:
    """As `tidy`, after a commit; where Redis is out of reach, a task tries again in a minute."""
    if not _tidied(account_id):
        later("orders.clear_up_redis", account_id, at=timezone.now() + TRY_AGAIN)


def tidy_placed(order: Order, index: SettlementIndex, bought: dict[int, int]) -> None:
    """As `tidy_soon`, after the commit of an order that has just been placed: all is known that
    `tidy` would ask for. `bought` says the policy of each course."""
    try:
        SettlementStore().remove_settled(order.account_id, index)
        _finish(order.account_id, order.settlement, bought)
    except Exception as error:  # another settlement by now is one of them
        if not is_out_of_reach(error):
            raise
        tidy_soon(order.account_id)


def tidy(account_id: int) -> None:
    """Takes out of Redis what the account has ordered. Safe to run twice, and at once."""
    settlement = (
        Account.objects.filter(pk=account_id).values_list("ordered_settlement", flat=True).first()
    )
    if settlement is None:
        return
    order = Order.objects.filter(account_id=account_id, settlement=settlement).first()
    bought: dict[int, int] = {}
    if order is not None:
        bought = dict(order.details.values_list("object_id", "policy_id"))
        SettlementStore().remove(account_id, settlement)
    _finish(account_id, settlement, bought)


def _finish(account_id: int, settlement: str, bought: dict[int, int]) -> None:
    if bought:
        _take_out(account_id, bought)
    done = Account.objects.filter(pk=account_id, ordered_settlement=settlement)
    done.update(ordered_settlement=None)


def tidy_all() -> int:
    """Clears up after every order of which that is still to be done; says of how many accounts it
    was. Gives up for now after MOST_FAILURES accounts whose Redis is out of reach: each costs a
    timeout."""
    waiting = Account.objects.filter(ordered_settlement__isnull=False)
    done = failed = 0
    for account_id in list(waiting.order_by("pk").values_list("pk", flat=True)):
        if _tidied(account_id):
            done += 1
        elif (failed := failed + 1) == MOST_FAILURES:
            break
    return done


def _tidied(account_id: int) -> bool:
    try:
        tidy(account_id)
    except Exception as error:
        if not is_out_of_reach(error):
            raise
        logger.warning("account %s: Redis not cleared up: %s", account_id, type(error).__name__)
        return False
    return True


@until_uncontended
def _take_out(account_id: int, bought: dict[int, int]) -> None:
    """The courses whose entries still have the policy that was bought."""
    store = CarStore()
    index = store.index(account_id)
    entries = store.readable(account_id, list(bought))
    same = [e.course_id for e in entries if e.policy_id == str(bought[e.course_id])]
    if same:
        store.remove(account_id, index, same)
