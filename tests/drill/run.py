"""Back up, destroy, restore, compare, audit."""

import io
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from api.management.commands.demo import PASSWORD
from api.models import Order
from tests.chaos.servers import ROOT, Postgres, Redis
from tests.support.redis_server import free_port

Everything = dict[Any, Any]
SOON = 600  # seconds
PICTURE = Path(settings.MEDIA_ROOT) / "CRM.jpg"


class Lost(Exception):
    """What is not as it was."""


def run(place: Path, postgres: Postgres, redis: Redis) -> None:
    """Raises Lost."""
    call_command("demo", shop=True, force=True, stdout=io.StringIO())
    PICTURE.write_bytes(b"what it shows")
    customer = settled()
    rows, keys = all_rows(), all_keys()
    print(
        f"{sum(map(len, rows.values()))} rows in {len(rows)} tables, {len(keys)} keys", flush=True
    )

    timed("backed up", lambda: script("backup", place / "first"))
    order(customer)
    rows_with_order = all_rows()
    script("backup", place / "second")

    destroy(postgres, redis)
    timed("restored", lambda: script("restore", place / "first"))
    same("a row", rows, all_rows())
    same("a key", keys, all_keys())
    same("a picture", {"it": b"what it shows"}, {"it": PICTURE.read_bytes()})
    audited()
    script_refuses_what_is_not_empty(place / "first")
    order(settled())  # whoever comes next is served: sequences are restored, too
    audited()

    destroy(postgres, redis)
    take_redis_from(place / "first", place / "second")
    timed("restored, Redis from before the order", lambda: script("restore", place / "second"))
    same("a row", rows_with_order, all_rows())
    same("a key", keys, all_keys())
    order_is_not_placed_twice()
    audited()


def logged_in() -> APIClient:
    """A customer of the demo's."""
    customer = APIClient()
    token = answered(customer.post("/api/auth/", {"username": "alex", "password": PASSWORD}))
    customer.credentials(HTTP_AUTHORIZATION=f"Token {token['token']}")
    return customer


def settled() -> APIClient:
    """He, with both courses of his car settled at the best choice."""
    customer = logged_in()
    answered(customer.post("/api/payment/", {"courseids": [2, 1]}))
    answered(customer.post("/api/payment/best/"))
    return customer


def order(customer: APIClient) -> None:
    total = answered(customer.get("/api/payment/quote/"))["total"]
    answered(customer.post("/api/order/", {"money": total, "payment_type": 1}))


def order_is_not_placed_twice() -> None:
    """The jobs clear up the settlement that has its order; nothing is left to be ordered again."""
    orders = Order.objects.count()
    call_command("jobs", stdout=io.StringIO())
    again = logged_in().post("/api/order/", {"money": "461.00", "payment_type": 1}).json()
    if Order.objects.count() != orders:
        raise Lost(f"the settlement was ordered a second time: {again}")


def answered(response: Any) -> Any:
    """The data of a success."""
    envelope = response.json()
    if envelope["code"] != 1000:
        raise Lost(f"the service does not serve: {envelope}")
    return envelope["data"]


def all_rows() -> dict[str, list[Any]]:
    """Of each table, in whatever order."""
    tables = connection.introspection.table_names()
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {connection.ops.quote_name(table)} t ORDER BY 1")
            rows[table] = cursor.fetchall()
    assert len(rows) >= len(apps.get_models())
    return rows


def all_keys() -> Everything:
    """Each key with its value, and the moment it expires; but for those that count for a minute.
    Two copies of a hash may be written in different order."""
    redis = get_redis_connection("default")
    readers: dict[bytes, Callable[[bytes], Any]] = {
        b"hash": redis.hgetall,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"string": redis.get,
    }
    everything = {
        key: (readers[redis.type(key)](key), redis.pexpiretime(key)) for key in redis.scan_iter()
    }
    soon = 1000 * (time.time() + SOON)
    return {key: kept for key, kept in everything.items() if kept[1] == -1 or kept[1] > soon}


def same(what: str, before: Everything, after: Everything) -> None:
    for name in before.keys() | after.keys():
        if before.get(name) != after.get(name):
            raise Lost(f"{what} of {name!r}: {before.get(name)!r} became {after.get(name)!r}")


def audited() -> None:
    said = io.StringIO()
    try:
        call_command("audit", stdout=said)
    except CommandError as error:
        raise Lost(f"the audit says: {said.getvalue()}{error}") from error


def destroy(postgres: Postgres, redis: Redis) -> None:
    connections.close_all()
    get_redis_connection("default").connection_pool.disconnect()
    postgres.lose_everything()
    redis.lose_everything()
    shutil.rmtree(settings.MEDIA_ROOT)
    print("destroyed", flush=True)


def take_redis_from(first: Path, second: Path) -> None:
    """The second backup is then of a Redis that was copied long before the database."""
    shutil.copy(first / "redis.rdb", second)
    files = ["redis.rdb", "postgres.dump", "media.tar"]
    sums = subprocess.check_output(["sha256sum", *files], cwd=second)
    (second / "SHA256SUMS").write_bytes(sums)


def script(name: str, folder: Path) -> None:
    """One of deploy/."""
    run = subprocess.run(
        [ROOT / "deploy" / name, folder],
        env=os.environ | {"RESTORE_PORT": str(free_port())},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise Lost(f"deploy/{name} failed: {run.stdout}{run.stderr}")
    connections.close_all()


def script_refuses_what_is_not_empty(folder: Path) -> None:
    before = all_rows(), all_keys()
    try:
        script("restore", folder)
    except Lost:
        same("a row", before[0], all_rows())
        same("a key", before[1], all_keys())
        return
    raise Lost("what was there: deploy/restore has overwritten it")


def timed(what: str, work: Callable[[], None]) -> None:
    began = time.monotonic()
    work()
    print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)
