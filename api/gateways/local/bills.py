"""The day's bill of the gateway that runs here, in both providers' own formats; its panel can leave
a row out, add one, or write another amount."""

import gzip
import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.gateways.local.book import Book
from api.gateways.local.keys import APPID, MCHID, SELLER_ID

BEIJING = ZoneInfo("Asia/Shanghai")
# What can be wrong with a row of a bill; "" makes it right again.
WRONG = ("", "omit", "amount")
EXTRA_FEN = 100  # of a row that nobody paid
ALIPAY_HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
WECHAT_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
WECHAT_SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)


@dataclass(frozen=True, slots=True)
class Row:
    """Money that moved: `refund` is the refund's number, "" for a payment."""

    out_trade_no: str
    trade_no: str
    refund: str
    fen: int
    at: datetime
    subject: str

    @property
    def key(self) -> str:
        """What the panel names it by."""
        return f"{self.out_trade_no}/{self.refund}"

    @property
    def yuan(self) -> str:
        return f"{self.fen // 100}.{self.fen % 100:02}"

    @property
    def clock(self) -> str:
        return f"{self.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def moved(book: Book, channel: str, day: date) -> list[Row]:
    """What moved on the day, as it was."""
    start = datetime.combine(day, time.min, BEIJING)
    rows = [
        Row(trade.out_trade_no, trade.trade_no, number, fen, moment, trade.subject)
        for trade, number, fen, at in book.moved(channel)
        if start <= (moment := datetime.fromisoformat(at)) < start + timedelta(days=1)
    ]
    return sorted(rows, key=lambda row: row.at)


def written(book: Book, channel: str, day: date) -> list[Row]:
    """What the day's bill says, with what the panel made wrong in it."""
    wrong, rows = book.wrong_rows(channel, day.isoformat()), []
    for row in moved(book, channel, day):
        how = wrong.pop(row.key, "")
        if how != "omit":
            rows.append(replace(row, fen=row.fen + 1) if how == "amount" else row)
    noon = datetime.combine(day, time(12), BEIJING)
    for key in sorted(name for name, how in wrong.items() if how == "extra"):
        number = key.partition("/")[0]
        rows.append(Row(number, f"9{number}", "", EXTRA_FEN, noon, "本店没有的交易"))
    return rows


def alipay_zip(rows: Sequence[Row], day: date) -> bytes:
    """As Alipay packs it: the rows, and a summary beside them."""
    head = [
        "#支付宝业务明细查询",
        f"#账号：[{SELLER_ID}0156]",
        f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{day:%Y年%m月%d日} 24:00:00]",
        f"#{'-' * 41}业务明细列表{'-' * 40}",
        ALIPAY_HEADER,
    ]
    paid = [row for row in rows if not row.refund]
    back = [row for row in rows if row.refund]
    foot = [
        f"#{'-' * 41}业务明细列表结束{'-' * 36}",
        f"#交易合计：{len(paid)}笔，商家实收共{_sum(paid)}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共-{_sum(back)}元，商家优惠退款共0.00元",
        f"#导出时间：[{day:%Y年%m月%d日} 09:00:00]",
    ]
    text = "\r\n".join([*head, *(_alipay_line(row) for row in rows), *foot, ""])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as files:
        name = f"{SELLER_ID}0156_{day:%Y%m%d}"
        files.writestr(f"{name}_业务明细.csv", text.encode("gb18030"))
        summary = "#支付宝业务汇总查询\r\n门店编号,门店名称,交易订单总笔数\r\n"
        files.writestr(f"{name}_业务明细(汇总).csv", summary.encode("gb18030"))
    return content.getvalue()


def wechat_gzip(rows: Sequence[Row]) -> tuple[bytes, str]:
    """As WeChat packs it, and the SHA-1 of what is packed."""
    paid = [row for row in rows if not row.refund]
    back = [row for row in rows if row.refund]
    sums = [str(len(rows)), _sum(paid), _sum(back), "0.00", "0.00000", _sum(paid), _sum(back)]
    lines = [WECHAT_HEADER, *(_wechat_line(row) for row in rows), WECHAT_SUMMARY, _ticked(sums)]
    text = "\r\n".join([*lines, ""]).encode()
    return gzip.compress(text), hashlib.sha1(text, usedforsecurity=False).hexdigest()


def _alipay_line(row: Row) -> str:
    sign, kind = ("-", "退款") if row.refund else ("", "交易")
    money = f"{sign}{row.yuan}"
    cells = [f"{row.trade_no}\t", f"{row.out_trade_no}\t", kind, row.subject, row.clock, row.clock]
    cells += ["", "", "", "", "buy***@example.com", money, money, *["0.00"] * 5, ""]
    refund = f"{row.refund}\t" if row.refund else ""
    return ",".join([*cells, "0.00", "0.00", refund, "0.00", "0.00", ""])


def _wechat_line(row: Row) -> str:
    back = bool(row.refund)
    state, yuan, none = "REFUND" if back else "SUCCESS", row.yuan, "0.00"
    cells = [row.clock, APPID, MCHID, "0", "", row.trade_no, row.out_trade_no, "oBuyer"]
    cells += ["NATIVE", state, "OTHERS", "CNY", none if back else yuan, none]
    cells += [row.refund or "0", row.refund or "0", yuan if back else none, none]
    cells += ["ORIGINAL", "SUCCESS"] if back else ["", ""]
    cells += [row.subject, "", "0.00000", "0.60%"]
    return _ticked([*cells, none if back else yuan, yuan if back else none, ""])


def _ticked(cells: Sequence[str]) -> str:
    return ",".join(f"`{cell}" for cell in cells)


def _sum(rows: Sequence[Row]) -> str:
    fen = sum(row.fen for row in rows)
    return f"{fen // 100}.{fen % 100:02}"
