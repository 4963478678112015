"""`manage.py audit` reads all there is, and takes the time that it takes."""

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from api.services import audit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


def test_no_time_limit_holds_while_it_runs_and_the_services_own_afterwards(monkeypatch):
    before, wait, seen = limit(), connection.connection.wait, []

    def look():
        seen.append((limit(), connection.connection.wait == wait))
        return iter(())

    monkeypatch.setattr(audit, "miscounted", look)

    call_command("audit")

    assert before == "5s"
    assert seen == [("0", False)]
    assert (limit(), connection.connection.wait) == (before, wait)


def test_an_audit_that_breaks_leaves_the_services_limits_behind(monkeypatch):
    before, wait = limit(), connection.connection.wait

    def fail():
        raise OperationalError

    monkeypatch.setattr(audit, "miscounted", fail)

    with pytest.raises(OperationalError):
        call_command("audit")

    assert (limit(), connection.connection.wait) == (before, wait)
