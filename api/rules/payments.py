"""Payments: their states at a gateway, and what is thought of a notification (contract §10). Pure
rules."""

from enum import Enum, StrEnum


class TradeState(Enum):
    """What a gateway says of a trade."""

    ABSENT = "absent"  # it knows no such trade: nobody has begun to pay
    WAITING = "waiting"
    PAID = "paid"
    CLOSED = "closed"


class Way(StrEnum):
    """How the learner gets to the gateway."""

    PAGE = "page"  # Alipay, in a computer's browser
    WAP = "wap"  # Alipay, in a phone's browser
    NATIVE = "native"  # WeChat, a code to scan
    H5 = "h5"  # WeChat, in a phone's browser
    JSAPI = "jsapi"  # WeChat, in its own browser


class Verdict(StrEnum):
    """What became of a notification; the first check that fails names it."""

    SIGNATURE = "signature"
    APP = "app"
    SELLER = "seller"
    MISSING = "missing"
    UNKNOWN_TRADE = "unknown_trade"
    AMOUNT = "amount"
    STATUS = "status"
    REFUND = "refund"
    CLOSED = "closed"
    PAID = "paid"
    EXCESS = "excess"

    @property
    def display(self) -> str:
        """As the desk shows it."""
        return _DISPLAY[self]

    @property
    def understood(self) -> bool:
        """Whether it was signed well and understood. Then sending it again would not help."""
        return self not in _NOT_UNDERSTOOD


_DISPLAY = {
    Verdict.SIGNATURE: "签名有误",
    Verdict.APP: "应用不符",
    Verdict.SELLER: "商户不符",
    Verdict.MISSING: "字段缺失或无法识别",
    Verdict.UNKNOWN_TRADE: "没有这笔支付",
    Verdict.AMOUNT: "金额不符",
    Verdict.STATUS: "状态无需处理",
    Verdict.REFUND: "退款通知",
    Verdict.CLOSED: "交易已关闭",
    Verdict.PAID: "已入账",
    Verdict.EXCESS: "多付待退",
}
_NOT_UNDERSTOOD = frozenset({Verdict.SIGNATURE, Verdict.APP, Verdict.SELLER, Verdict.MISSING})
