"""What must hold of both stores, whoever did what (contract §3-§5, §9)."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from threading import Event
from typing import Any

import redis
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from api.models import CouponRecord, Order
from api.rules.orders import OrderStatus
from api.services import audit
from api.services.orders.frozen import spent_records
from tests.chaos import inside
from tests.chaos.front import Broken, Tally
from tests.chaos.inside import Unknown
from tests.chaos.managers import VOID, Manager

LIVE = (OrderStatus.UNPAID.value, OrderStatus.PAID.value, OrderStatus.REFUND_ASKED.value)
FIELDS = {
    *("course_id", "title", "img", "policy_id", "coupon", "default_coupon"),
    *("period", "period_display", "price"),
}

# One moment of an account's settlement: the hash of the site-wide coupons with the time it lives,
# and each hash of a course, with that too.
_ONE_MOMENT = """
    local whole = {{KEYS[1], redis.call('HGETALL', KEYS[1]), redis.call('PTTL', KEYS[1])}}
    for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
        whole[#whole + 1] = {key, redis.call('HGETALL', key), redis.call('PTTL', key)}
    end
    return whole
"""


def settlement_is_whole(server: "redis.Redis[bytes]", account_id: int) -> None:
    """The hashes of courses are exactly those that the index names, each with all that it must
    have, and all of them end. Without an index there is none."""
    key = settings.PAYMENT_COUPON_KEY % account_id
    courses = settings.PAYMENT_KEY % (account_id, "*")
    found: Any = server.eval(_ONE_MOMENT, 1, key, courses)
    hashes = {name.decode(): (_fields(flat), lives) for name, flat, lives in found}
    site_wide, lives = hashes.pop(key)
    ids = json.loads(site_wide.get("courses", "[]"))
    expected = {settings.PAYMENT_KEY % (account_id, course): course for course in ids}
    if set(hashes) != set(expected):
        raise Broken(f"account {account_id}: hashes {set(hashes)}, settled {set(expected)}")
    if site_wide and not {"coupon", "default_coupon", "settlement"} <= set(site_wide):
        raise Broken(f"{key} lacks something: {site_wide}")
    for name, (fields, _) in hashes.items():
        if set(fields) != FIELDS or fields["course_id"] != str(expected[name]):
            raise Broken(f"{name} is half-written: {fields}")
    if site_wide and min([lives, *(lives for _, lives in hashes.values())]) <= 0:
        raise Broken(f"account {account_id}: a hash of the settlement lives for ever: {found}")


def _fields(flat: list[bytes]) -> dict[str, str]:
    texts = [text.decode() for text in flat]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def watch_redis(port: int, account_ids: list[int], until: Event, tally: Tally) -> None:
    """All the while."""
    with redis.Redis(port=port, socket_timeout=2, socket_connect_timeout=2) as server:
        while not until.is_set():
            for account_id in account_ids:
                try:
                    settlement_is_whole(server, account_id)
                    tally.deed("looks into Redis")
                except redis.RedisError:  # the fault
                    time.sleep(0.2)
            time.sleep(0.05)


def watch_database(until: Event, tally: Tally) -> None:
    """The audit, all the while: no transaction may leave anything to find."""
    while not until.wait(0.5):
        try:
            audited()
            tally.deed("audits")
        except Unknown:  # the fault
            time.sleep(0.2)


def audited() -> None:
    found = inside.careful(lambda: [*audit.miscounted(), *audit.findings()])
    if found:
        raise Broken(f"audit: {'; '.join(map(str, found))}")


def all_holds(server: "redis.Redis[bytes]", account_ids: list[int], manager: Manager) -> None:
    """While nobody is at work. Runs what cron runs, and then the audit."""
    try:
        for command in ("jobs", "expire_coupons", "audit"):
            call_command(command, stdout=_Silent())
    except CommandError as error:
        raise Broken(f"audit: {error}") from error
    for account_id in account_ids:
        settlement_is_whole(server, account_id)
        _car_is_whole(server, account_id)
    _no_coupon_spent_twice()
    _managers_work(manager)
    connection.close()


def _car_is_whole(server: "redis.Redis[bytes]", account_id: int) -> None:
    """Its hashes are those that its index names."""
    index = server.hget(settings.SHOPPING_CAR_INDEX_KEY % account_id, "courses")
    listed = {settings.SHOPPING_CAR_KEY % (account_id, c) for c in json.loads(index or "[]")}
    found = {k.decode() for k in server.keys(settings.SHOPPING_CAR_KEY % (account_id, "*"))}
    if listed != found:
        raise Broken(f"car of {account_id}: index {listed}, hashes {found}")


def _no_coupon_spent_twice() -> None:
    spent = Counter(_spent())
    if twice := {record: orders for record, orders in spent.items() if orders > 1}:
        raise Broken(f"coupons spent twice: {twice}")


def _spent() -> Iterator[int]:
    for order in Order.objects.filter(status__in=LIVE).iterator():
        yield from spent_records(order)


def _managers_work(manager: Manager) -> None:
    for coupon_id, (least, most) in manager.issued.items():
        records = inside.records_of(coupon_id)
        if not least <= records <= most:
            raise Broken(f"coupon {coupon_id}: {records} records, issued {least} to {most}")
    back = manager.taken_back
    void = set(CouponRecord.objects.filter(pk__in=back, status=VOID).values_list("pk", flat=True))
    if void != back:
        raise Broken(f"taken back, and can be used again: {back - void}")


class _Silent:
    """A finding is raised, too."""

    def write(self, text: str) -> None:
        pass

    def flush(self) -> None:
        pass
