"""Requests that a client may send again under an `Idempotency-Key` (contract §9).

The key and the answer are written in the transaction of what was asked for: either both are there,
or neither. Refusals of the shop are kept too.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction

from api.errors import IdempotencyKeyReused, RequestInFlight
from api.models import IdempotencyKey
from utils.exceptions import ShopError

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 255
_WAIT = 4_500  # ms for a request in flight; the statement timeout is 5 s
_NOT_KEPT = frozenset({401, 409, 429})
_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: an HTTP status, `code`, `data` and `error`, and of a refusal its
    name and the field to blame. Kept ones from before they had names have none."""

    status: int
    code: int
    data: Any = None
    error: str | None = None
    name: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request under a key. `fingerprint` is of its method, path and body."""

    account_id: int
    key: str
    fingerprint: str


def fingerprint_of(method: str, path: str, body: Any) -> str:
    said = json.dumps([method, path, body], sort_keys=True, default=str)
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()


def answered(attempt: Attempt, *, now: datetime) -> Answer | None:
    """The answer that the first request under this key got, if there was one in the last 24 hours.
    One query. Raises IdempotencyKeyReused for another request under the same key."""
    row = IdempotencyKey.objects.filter(account_id=attempt.account_id, key=attempt.key).first()
    if row is None or row.answer is None or row.created <= now - KEPT_FOR:
        return None
    if row.fingerprint != attempt.fingerprint:
        raise IdempotencyKeyReused
    return Answer(**row.answer)


def once(attempt: Attempt, operation: Callable[[], Answer], *, now: datetime) -> Answer:
    """Runs the operation, and keeps its answer, in one transaction; where the same request was
    first, gives that one's answer.

    Raises IdempotencyKeyReused; RequestInFlight where the first one is still at work after
    5 seconds.
    """
    try:
        with transaction.atomic():
            row = _begun(attempt, now)
            answer = _run(operation)
            row.status = answer.status
            row.answer = {key: value for key, value in _said(answer) if value is not None}
            row.save(update_fields=["status", "answer"])
            return answer
    except IntegrityError:
        first = answered(attempt, now=now)
        if first is None:
            raise RequestInFlight from None
        return first


def forget_old(*, now: datetime) -> int:
    """Deletes the keys that are older than they are kept; says how many."""
    deleted, _ = IdempotencyKey.objects.filter(created__lte=now - KEPT_FOR).delete()
    return deleted


def _begun(attempt: Attempt, now: datetime) -> IdempotencyKey:
    """The key's row: whoever comes second waits here until the first has committed."""
    mine = IdempotencyKey.objects.filter(account_id=attempt.account_id, key=attempt.key)
    mine.filter(created__lte=now - KEPT_FOR).delete()
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"SET LOCAL lock_timeout = {_WAIT}")
        row = IdempotencyKey.objects.create(
            account_id=attempt.account_id,
            key=attempt.key,
            fingerprint=attempt.fingerprint,
            created=now,
        )
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = 0")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise RequestInFlight from error
        raise
    return row


def _run(operation: Callable[[], Answer]) -> Answer:
    """What the operation answers, a refusal of the shop too; that has changed nothing."""
    try:
        with transaction.atomic():
            return operation()
    except ShopError as refused:
        if refused.status in _NOT_KEPT or refused.status >= 500:
            raise
        return Answer(
            refused.status,
            refused.code,
            error=refused.message,
            name=refused.name,
            field=refused.field,
        )


def _said(answer: Answer) -> Iterator[tuple[str, Any]]:
    return ((field.name, getattr(answer, field.name)) for field in fields(answer))
