"""Pages of the catalogue that everybody sees alike, made once and kept in Redis.

What changes them is found where nothing gets past: among the statements that a database connection
executes. So the desk, an import, a bulk write and the demo need not know of it.

No old page is kept for a new catalogue, because a page is kept with the version that was read
*before* its rows were; after the commit that version is gone. In detail:

- Between the first change of a transaction and its commit, pages are made anew for each request,
  and none is kept: a process that dies after the commit, before it can say so, leaves nothing old
  behind.
- Who reads between the commit and the end of the change makes the page anew, of the new rows.
- Who reads within the transaction of a change sees what nobody else does: made anew, and not kept.
- A transaction that is rolled back ends no change: for a minute pages are made anew, and are right.
- Two changes at once: the first to end lets pages be kept that do not have the other's rows. The
  other's end drops them. Only if its process dies just then are they shown, for as long as pages
  are kept: a minute.
- Redis out of reach: pages are made anew; a change that could not be told is shown a minute late
  at most, should Redis come back with what it had.
"""

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.cache import caches
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from api.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    CourseSubCategory,
    OftenAskedQuestion,
    PricePolicy,
    Teacher,
)
from api.stores.kept_pages import Kept, PageStore
from utils.outages import is_out_of_reach

T = TypeVar("T")
logger = logging.getLogger(__name__)

SHOWN: tuple[type[Model], ...] = (
    Course,
    CourseCategory,
    CourseChapter,
    CourseDetail,
    CourseDetail.recommend_courses.through,
    CourseDetail.teachers.through,
    CourseOutline,
    CourseSection,
    CourseSubCategory,
    OftenAskedQuestion,
    PricePolicy,
    Teacher,
)
_TABLES = frozenset(model._meta.db_table for model in SHOWN)
_WRITE = re.compile(r'\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)

_AWAY, _ASK_AGAIN = "kept-pages-away", 5  # seconds before a process asks Redis again that failed


@dataclass(frozen=True, slots=True)
class Page:
    """The body of an answer, and the ETag that stands for it."""

    body: bytes
    etag: str


def page_of(name: str | None, make: Callable[[], bytes]) -> Page:
    """The page of this name, kept or made; one without a name is always made, and not kept. One
    round trip to Redis for a page that is kept; otherwise one or two more. What `make` raises is
    passed on; that Redis is out of reach is not."""
    kept = _find(name) if name else Kept(None, None)
    if kept.page is not None:
        etag, _, body = kept.page.partition(b"\n")
        return Page(body, etag.decode())
    body = make()
    page = Page(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    if name and kept.version:
        _keep(name, page, kept.version)
    return page


def watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Has the connection tell when its statements change what the pages show."""
    if _tell not in connection.execute_wrappers:
        connection.execute_wrappers.insert(
            0, _tell
        )  # others put theirs at the end, and take it off


def _tell(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    write = _WRITE.match(sql)
    if write is None or write[1] not in _TABLES:
        return execute(sql, params, many, context)
    writer: BaseDatabaseWrapper = context["connection"]
    if _changes(writer):
        return execute(sql, params, many, context)
    _try(PageStore().change_begins)
    result = execute(sql, params, many, context)
    transaction.on_commit(_end_change, using=writer.alias)
    return result


def _end_change() -> None:
    _try(PageStore().change_ends)


def _changes(connection: Any) -> bool:
    """Whether its transaction has changed what the pages show."""
    return any(done is _end_change for _, done, *_ in connection.run_on_commit)


def _find(name: str) -> Kept:
    if _changes(connection) or caches["process"].get(_AWAY):
        return Kept(None, None)
    found = _try(lambda: PageStore().find(name))
    return found or Kept(None, None)


def _keep(name: str, page: Page, version: bytes) -> None:
    text = page.etag.encode() + b"\n" + page.body
    _try(lambda: PageStore().keep(name, text, version))


def _try(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except Exception as error:
        if not is_out_of_reach(error):
            raise
        logger.warning("pages are not kept: %s: %s", type(error).__name__, error)
        caches["process"].set(_AWAY, True, _ASK_AGAIN)
        return None
