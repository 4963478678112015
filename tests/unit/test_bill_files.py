"""The files of the gateways' bills, read or refused (contract §10, Reconciliation)."""

import gzip
import hashlib
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from api.gateways.alipay import bill as alipay
from api.gateways.base import BillRow, BillUnreadable
from api.gateways.downloads import is_of
from api.gateways.local import bills
from api.gateways.local.bills import Row
from api.gateways.wechat import bill as wechat
from api.rules.reconciliation import BillKind, BillResult, judged

DAY = date(2026, 3, 5)
AT = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)  # noon in Beijing
ROWS = [
    Row("2026030501", "T1", "", 9900, AT, "课程, 含答疑"),
    Row("2026030501", "T1", "R1", 1250, AT, "课程"),
]


def facts(row: BillRow) -> tuple[object, ...]:
    return row.kind, row.out_trade_no, row.out_request_no, row.trade_no, row.amount, row.at


EXPECTED = [
    (BillKind.PAYMENT, "2026030501", "", "T1", Decimal("99.00"), AT),
    (BillKind.REFUND, "2026030501", "R1", "T1", Decimal("12.50"), AT),
]


# --- Alipay ---------------------------------------------------------------------------------------


def alipay_text() -> str:
    rows = [Row("2026030501", "T1", "", 9900, AT, "课程"), ROWS[1]]
    with zipfile.ZipFile(io.BytesIO(bills.alipay_zip(rows, DAY))) as files:
        return files.read(files.namelist()[0]).decode("gb18030")


def zipped(text: str, encoding: str = "gb18030") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as files:
        files.writestr("a.csv", text.encode(encoding))
    return content.getvalue()


def test_alipays_zip_is_read() -> None:
    assert [facts(row) for row in alipay.read(zipped(alipay_text())).rows] == EXPECTED


def test_alipays_columns_may_stand_in_another_order_with_others_beside() -> None:
    text = (
        "#支付宝业务明细查询\n完成时间,商户订单号,业务类型,新列,支付宝交易号,退款批次号/请求号,订单金额（元）\n"
        "2026-03-05 12:00:00,2026030501\t,交易,x,T1\t,,99.00\n#-业务明细列表结束-\n"
    )
    assert [facts(row) for row in alipay.read(zipped(text)).rows] == EXPECTED[:1]


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("退款批次号/请求号", "退款号", "the header is another one: 退款批次号/请求号"),
        ("备注", "完成时间", "the header is another one: 完成时间"),
        ("业务明细列表结束", "", "the file ends before its end"),
        ("交易合计：1笔", "交易合计：2笔", "1 rows of 交易, and the file says 2"),
        ("退款合计：1笔", "退款合计：0笔", "1 rows of 退款, and the file says 0"),
        (",交易,", ",转账,", "an unknown 业务类型: '转账'"),
        (",99.00,", ",九十九,", "not an amount"),
        ("2026-03-05 12:00:00", "2026-03-05", "not a moment"),
        ("T1\t,", "\t,", "not a number"),
        ("0.00,0.00,R1\t", "0.00,0.00,", "not a number: ''"),
        ("buy***@example.com,", "", "a row has 24 cells, the header 25"),
    ],
)
def test_another_file_of_alipay_is_refused_whole(was: str, now: str, said: str) -> None:
    text = alipay_text()
    assert was in text
    with pytest.raises(BillUnreadable, match=said):
        alipay.read(zipped(text.replace(was, now)))


def test_what_is_no_zip_of_gbk_is_refused() -> None:
    for content in (b"", b"PK\x03\x04 broken", zipped(alipay_text())[:-30]):
        with pytest.raises(BillUnreadable, match="not a ZIP"):
            alipay.read(content)
    with pytest.raises(BillUnreadable, match="0 files of the ZIP"):
        alipay.read(zipped("#nothing\n"))


def test_a_zip_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alipay, "MOST_UNPACKED", 100)
    with pytest.raises(BillUnreadable, match="more than 100 bytes"):
        alipay.read(zipped(alipay_text()))


# --- WeChat ---------------------------------------------------------------------------------------


def wechat_text() -> str:
    return gzip.decompress(bills.wechat_gzip(ROWS)[0]).decode()


def read_wechat(text: str) -> list[tuple[object, ...]]:
    content = text.encode()
    sha1 = hashlib.sha1(content).hexdigest()
    return [facts(row) for row in wechat.read(content, sha1).rows]


def test_wechats_file_is_read_packed_or_not() -> None:
    packed, sha1 = bills.wechat_gzip(ROWS)
    assert [facts(row) for row in wechat.read(packed, sha1).rows] == EXPECTED
    assert [facts(row) for row in wechat.read(packed, hashlib.sha1(packed).hexdigest()).rows]
    assert read_wechat(wechat_text()) == EXPECTED
    assert read_wechat("\ufeff" + wechat_text()) == EXPECTED


def test_a_refund_that_failed_moved_no_money() -> None:
    assert (
        read_wechat(wechat_text().replace("`ORIGINAL,`SUCCESS", "`ORIGINAL,`FAIL"))
        == (EXPECTED[:1])
    )


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("商户退款单号", "退款号", "the header is another one: 商户退款单号"),
        ("总交易单数", "总数", "the file ends before its summary"),
        ("`2,`99.00", "`3,`99.00", "the rows are not those of the summary"),
        ("`0.00000,`99.00,`12.50", "`0.00000,`99.01,`12.50", "the rows are not those"),
        ("`0.00000,`99.00,`12.50", "`0.00000,`99.00,`12.51", "the rows are not those"),
        ("`NATIVE,`SUCCESS", "`NATIVE,`WHO", "an unknown 交易状态: 'WHO'"),
        ("`oBuyer,", "", "a row has 26 cells, the header 27"),
        ("`2026-03-05 12:00:00", "2026-03-05 12:00:00", "a row has 27 cells"),
        ("`T1", "`", "not a number"),
    ],
)
def test_another_file_of_wechat_is_refused_whole(was: str, now: str, said: str) -> None:
    assert was in wechat_text()
    with pytest.raises(BillUnreadable, match=said):
        read_wechat(wechat_text().replace(was, now))


def test_a_file_that_is_not_of_its_hash_is_refused() -> None:
    packed, sha1 = bills.wechat_gzip(ROWS)
    with pytest.raises(BillUnreadable, match="not the one of its hash"):
        wechat.read(bills.wechat_gzip(ROWS[:1])[0], sha1)
    with pytest.raises(BillUnreadable, match="not a GZIP"):
        wechat.read(packed[:-9], sha1)


# --- What both have -------------------------------------------------------------------------------

ALIPAY = ("https://openapi.alipay.com/gateway.do", "alipay.com", "alipaydev.com")


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://openapi.alipay.com/bill", True),
        ("https://dwbillcenter.alipay.com/downloadBillFile.resource?a=1", True),
        ("http://dwbillcenter.alipay.com/downloadBillFile.resource", False),
        ("https://dwbillcenter.alipay.com:8443/", False),
        ("https://a@dwbillcenter.alipay.com/", False),
        ("https://dwbillcenter.alipay.com.example.org/", False),
        ("https://notalipay.com/", False),
        ("https://dwbillcenter.alipaydev.com/", False),
        ("https://127.0.0.1/", False),
        ("https://[bad", False),
        ("", False),
    ],
)
def test_a_bill_is_fetched_from_the_gateways_own_host(url: str, right: bool) -> None:
    assert is_of(url, *ALIPAY) is right


def test_on_this_machine_only_the_gateway_itself_is_asked() -> None:
    local = "http://127.0.0.1:8000/gateway/alipay/gateway.do"
    assert is_of("http://127.0.0.1:8000/bill", local, "alipay.com")
    assert not is_of("http://127.0.0.1:8001/bill", local, "alipay.com")
    assert not is_of("https://dwbillcenter.alipay.com/", local, "alipay.com")


def test_two_amounts_give_one_of_four_results() -> None:
    one, other = Decimal("1.00"), Decimal("1.01")
    assert judged(one, one) is BillResult.BALANCED
    assert judged(one, None) is BillResult.SURPLUS
    assert judged(None, one) is BillResult.SHORTAGE
    assert judged(one, other) is BillResult.AMOUNT
    with pytest.raises(ValueError, match="nothing"):
        judged(None, None)
