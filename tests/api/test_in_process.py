"""`make run`: what runs in the background runs in the one process that serves."""

import sqlite3
import time
from pathlib import Path

import pytest

from api.management.commands.demo import PASSWORD as DEMO_PASSWORD
from api.services.jobs import JOBS
from tests.support.live import PATIENCE, Visitor, make_run

COUPON = 2  # 满500减200, of alex

pytestmark = pytest.mark.slow


def in_database(place: Path, question: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(place / "db.sqlite3", timeout=PATIENCE) as database:
        return database.execute(question).fetchall()


def wait_for(place: Path, question: str, answer: list[tuple[object, ...]]) -> None:
    give_up = time.monotonic() + PATIENCE
    while (found := in_database(place, question)) != answer:
        assert time.monotonic() < give_up, f"{question}: {found}"
        time.sleep(0.2)


def test_an_order_that_nobody_pays_or_looks_at_is_closed_and_its_coupon_free(tmp_path):
    newest = "SELECT status FROM api_order WHERE account_id = 1"
    with make_run(tmp_path, "embedded", ORDER_TTL="2") as host:
        alex = Visitor(host)
        alex.log_in("alex", DEMO_PASSWORD)
        alex.data("POST", "/api/payment/", {"courseids": [2, 1]})
        alex.data("POST", "/api/payment/best/")
        body = {"money": alex.data("GET", "/api/payment/quote/")["total"], "payment_type": 1}
        alex.data("POST", "/api/order/", body)
        record = f"SELECT status FROM api_couponrecord WHERE id = {COUPON}"
        assert in_database(tmp_path, record) == [(4,)]

        wait_for(tmp_path, newest, [(5,)])

        assert in_database(tmp_path, record) == [(0,)]
        wait_for(
            tmp_path, "SELECT status FROM django_tasks_database_dbtaskresult", [("SUCCESSFUL",)]
        )
        wait_for(tmp_path, "SELECT count(*) FROM api_jobrun", [(len(JOBS),)])
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert "OperationalError" not in log
