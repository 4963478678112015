"""What must hold of all rows together, asked of the live database: a check a function, which names
every row that does not hold (contract §10)."""

from collections.abc import Callable, Iterator

from api.services.audit import books, orders, records
from api.services.audit.counters import Miscounted, miscounted, recount
from api.services.audit.finding import Finding

__all__ = ["CHECKS", "Finding", "Miscounted", "findings", "miscounted", "recount"]

CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    records.unlike_their_events,
    records.unlike_the_events_before,
    records.unlike_their_orders,
    orders.unlike_their_coupons,
    orders.unlike_their_lines,
    orders.unlike_their_enrolments,
    orders.unlike_their_payments,
    orders.unlike_their_refunds,
    books.that_do_not_balance,
    books.unlike_their_orders,
    books.unlike_their_coupons,
    books.unlike_their_payments,
    books.unlike_their_refunds,
)


def findings() -> Iterator[Finding]:
    """Of all checks, in their order, but for the counters of coupons, which can be repaired. Memory
    does not grow with the rows."""
    for check in CHECKS:
        yield from check()
