"""What the bills of all gateways have in common: cells that are read, or refused."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from api.gateways.base import BillFile, BillRow, BillUnreadable

BEIJING = ZoneInfo("Asia/Shanghai")
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?")
_NUMBER = re.compile(r"[!-~]{1,64}")


def file_of(rows: Iterable[BillRow], content: bytes) -> BillFile:
    """A file that was read: its rows, and the SHA-256 of what they were read from."""
    return BillFile(tuple(rows), hashlib.sha256(content).hexdigest())


def places(header: Sequence[str], wanted: Iterable[str]) -> dict[str, int]:
    """Where each wanted column stands. Raises BillUnreadable for a header without one, or with
    one twice."""
    wrong = [name for name in wanted if header.count(name) != 1]
    if wrong:
        raise BillUnreadable(f"the header is another one: {'、'.join(wrong)}")
    return {name: header.index(name) for name in wanted}


def amount_in(cell: str) -> Decimal:
    """An amount in 元, without its sign: bills write refunds with one, or without."""
    if not _AMOUNT.fullmatch(cell):
        raise BillUnreadable(f"not an amount: {cell[:40]!r}")
    return abs(Decimal(cell)).quantize(Decimal("0.01"))


def moment_in(cell: str) -> datetime:
    """A moment, which bills write in the time of Beijing."""
    try:
        return datetime.strptime(cell, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        raise BillUnreadable(f"not a moment: {cell[:40]!r}") from None


def number_in(cell: str) -> str:
    """A number of a trade or a refund."""
    if not _NUMBER.fullmatch(cell):
        raise BillUnreadable(f"not a number: {cell[:40]!r}")
    return cell
