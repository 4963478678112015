"""Alipay's bill of a day: a ZIP with GBK CSV files, of which the one of the 业务明细 counts."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from api.gateways.base import BillFile, BillRow, BillUnreadable
from api.gateways.bills import amount_in, file_of, moment_in, number_in, places
from api.gateways.downloads import MOST_UNPACKED
from api.rules.reconciliation import BillKind

CHANNEL = "alipay"
TRADE_NO, OUT_TRADE_NO, KIND = "支付宝交易号", "商户订单号", "业务类型"
AT, AMOUNT, REQUEST_NO = "完成时间", "订单金额（元）", "退款批次号/请求号"
WANTED = (TRADE_NO, OUT_TRADE_NO, KIND, AT, AMOUNT, REQUEST_NO)
KINDS = {"交易": BillKind.PAYMENT, "退款": BillKind.REFUND}
END = "业务明细列表结束"
MOST_FILES = 20
_COUNTS = re.compile(r"#(交易|退款)合计：\s*([0-9]+)\s*笔")


def read(content: bytes) -> BillFile:
    """The rows of the ZIP. Raises BillUnreadable: then nothing of it counts."""
    details = [text for text in _texts(content) if OUT_TRADE_NO in text and KIND in text]
    found = [text for text in details if TRADE_NO in text]
    if len(found) != 1:
        raise BillUnreadable(f"{len(found)} files of the ZIP are a 业务明细")
    return file_of(_rows(found[0]), content)


def _texts(content: bytes) -> Iterator[str]:
    left = MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as files:
            names = files.infolist()
            if len(names) > MOST_FILES:
                raise BillUnreadable(f"the ZIP has {len(names)} files")
            for name in names:
                with files.open(name) as file:  # what the ZIP says of sizes may be wrong
                    text = file.read(left + 1)
                left -= len(text)
                if left < 0:
                    raise BillUnreadable(f"the ZIP has more than {MOST_UNPACKED} bytes")
                yield text.decode("gb18030")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BillUnreadable(f"not a ZIP: {error}") from error
    except UnicodeDecodeError as error:
        raise BillUnreadable("not GBK") from error


def _rows(text: str) -> Iterator[BillRow]:
    """Lines that begin with # are comments; the last ones say how many rows there were."""
    lines = text.splitlines()
    comments = [line for line in lines if line.startswith("#")]
    table = csv.reader(line for line in lines if line.strip() and not line.startswith("#"))
    cells = ([cell.strip() for cell in row] for row in table)
    try:
        header = next(cells)
        at = places(header, WANTED)
        rows = [_row(row, header, at) for row in cells]
    except (csv.Error, StopIteration) as error:
        raise BillUnreadable("not a CSV with a header") from error
    if not any(END in line for line in comments):
        raise BillUnreadable("the file ends before its end")
    said = dict(_COUNTS.findall("\n".join(comments)))
    for word, kind in KINDS.items():
        counted = sum(row.kind is kind for row in rows)
        if word in said and int(said[word]) != counted:
            raise BillUnreadable(f"{counted} rows of {word}, and the file says {said[word]}")
    yield from rows


def _row(row: Sequence[str], header: Sequence[str], at: dict[str, int]) -> BillRow:
    if len(row) != len(header):
        raise BillUnreadable(f"a row has {len(row)} cells, the header {len(header)}")
    kind = KINDS.get(row[at[KIND]])
    if kind is None:
        raise BillUnreadable(f"an unknown 业务类型: {row[at[KIND]][:40]!r}")
    refund = kind is BillKind.REFUND
    return BillRow(
        channel=CHANNEL,
        kind=kind,
        out_trade_no=number_in(row[at[OUT_TRADE_NO]]),
        out_request_no=number_in(row[at[REQUEST_NO]]) if refund else "",
        trade_no=number_in(row[at[TRADE_NO]]),
        amount=amount_in(row[at[AMOUNT]]),
        at=moment_in(row[at[AT]]),
        raw=",".join(row),
    )
