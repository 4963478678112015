"""WeChat's bill of a day (ALL): a CSV with a back-tick before each cell, and a summary at its
end."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from api.gateways.base import BillFile, BillRow, BillUnreadable
from api.gateways.bills import amount_in, file_of, moment_in, number_in, places
from api.gateways.downloads import MOST_UNPACKED
from api.rules.reconciliation import BillKind

CHANNEL = "wechat"
AT, TRADE_NO, OUT_TRADE_NO, STATE = "交易时间", "微信订单号", "商户订单号", "交易状态"
REQUEST_NO, REFUND_STATE = "商户退款单号", "退款状态"
AMOUNT, REFUND = "订单金额", "申请退款金额"
WANTED = (AT, TRADE_NO, OUT_TRADE_NO, STATE, REQUEST_NO, REFUND_STATE, AMOUNT, REFUND)
COUNT, ALL_PAID, ALL_BACK = "总交易单数", "订单总金额", "申请退款总金额"
KINDS = {"SUCCESS": BillKind.PAYMENT, "REFUND": BillKind.REFUND, "REVOKED": BillKind.REFUND}
GZIP = b"\x1f\x8b"


def read(content: bytes, sha1: str) -> BillFile:
    """The rows of the file, whose SHA-1 (hexadecimal) was told beside its address: of the text, or
    of it packed. Raises BillUnreadable: then nothing of it counts."""
    text = _unpacked(content)
    hashes = {hashlib.sha1(one, usedforsecurity=False).hexdigest() for one in (content, text)}
    if sha1.lower() not in hashes:
        raise BillUnreadable("the file is not the one of its hash")
    try:
        return file_of(_rows(text.decode("utf-8-sig")), text)
    except UnicodeDecodeError as error:
        raise BillUnreadable("not UTF-8") from error


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            text = file.read(MOST_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BillUnreadable(f"not a GZIP: {error}") from error
    if len(text) > MOST_UNPACKED:
        raise BillUnreadable(f"the file has more than {MOST_UNPACKED} bytes")
    return text


def _rows(text: str) -> Iterator[BillRow]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 3 or not lines[-2].startswith(COUNT):
        raise BillUnreadable("the file ends before its summary")
    header = lines[0].split(",")
    at = places(header, WANTED)
    every = [_cells(line, header) for line in lines[1:-2]]
    wrong = {cells[at[STATE]] for cells in every} - set(KINDS)
    if wrong:
        raise BillUnreadable(f"an unknown 交易状态: {sorted(wrong)[0][:40]!r}")
    rows = [_row(cells, at) for cells in every]
    _hold_against(lines[-2].split(","), lines[-1], rows)
    # A refund that failed moved no money.
    kept = zip(rows, every, strict=True)
    yield from (row for row, cells in kept if cells[at[REFUND_STATE]] != "FAIL")


def _cells(line: str, header: Sequence[str]) -> list[str]:
    """A cell may have commas, and is ended by the back-tick of the next."""
    cells = line.removeprefix("`").split(",`")
    if not line.startswith("`") or len(cells) != len(header):
        raise BillUnreadable(f"a row has {len(cells)} cells, the header {len(header)}")
    return [cell.strip() for cell in cells]


def _row(cells: Sequence[str], at: Mapping[str, int]) -> BillRow:
    kind = KINDS[cells[at[STATE]]]
    refund = kind is BillKind.REFUND
    return BillRow(
        channel=CHANNEL,
        kind=kind,
        out_trade_no=number_in(cells[at[OUT_TRADE_NO]]),
        out_request_no=number_in(cells[at[REQUEST_NO]]) if refund else "",
        trade_no=number_in(cells[at[TRADE_NO]]),
        amount=amount_in(cells[at[REFUND if refund else AMOUNT]]),
        at=moment_in(cells[at[AT]]),
        raw=",".join(f"`{cell}" for cell in cells),
    )


def _hold_against(header: Sequence[str], line: str, rows: Sequence[BillRow]) -> None:
    """The rows are those of the summary. Raises BillUnreadable."""
    at = places(header, (COUNT, ALL_PAID, ALL_BACK))
    said = _cells(line, header)
    sums = {kind: Decimal("0.00") for kind in BillKind}
    for row in rows:
        sums[row.kind] += row.amount
    same = (
        said[at[COUNT]] == str(len(rows))
        and amount_in(said[at[ALL_PAID]]) == sums[BillKind.PAYMENT]
        and amount_in(said[at[ALL_BACK]]) == sums[BillKind.REFUND]
    )
    if not same:
        raise BillUnreadable("the rows are not those of the summary")
