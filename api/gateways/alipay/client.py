"""Alipay as the shop asks it: start a payment, query, close, and read a notification."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import requests

from api.errors import GatewayOutOfReach, GatewayUnclear
from api.gateways import downloads
from api.gateways.alipay import bill, notices, signing
from api.gateways.base import (
    BillAbsent,
    BillFile,
    BillUnreadable,
    Charge,
    Notice,
    Refunding,
    Started,
    Trade,
)
from api.rules.payments import TradeState, Way
from api.rules.refunds import RefundState

logger = logging.getLogger(__name__)

BEIJING = ZoneInfo("Asia/Shanghai")
OK, NOT_NOW, ABSENT = "10000", "20000", "ACQ.TRADE_NOT_EXIST"
NO_BILL = "isp.bill_not_exist"
# Bills are kept at another host than the gateway: dwbillcenter.alipay.com.
DOMAINS = ("alipay.com", "alipaydev.com")
_STATES = {
    "WAIT_BUYER_PAY": TradeState.WAITING,
    "TRADE_SUCCESS": TradeState.PAID,
    "TRADE_FINISHED": TradeState.PAID,
    "TRADE_CLOSED": TradeState.CLOSED,
}
_PRODUCTS = {
    Way.PAGE: ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    Way.WAP: ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant's account, and where its gateway is. Keys are PEM; timeouts are seconds to connect
    and seconds that an answer may take. In certificate mode `app_cert_sn`, `root_cert_sn` and
    `alipay_cert_sn` are the certificates' numbers; otherwise they are ""."""

    app_id: str
    seller_id: str
    private_key: str
    public_key: str
    gateway: str
    notify_url: str
    return_url: str
    timeout: tuple[float, float]
    app_cert_sn: str = ""
    root_cert_sn: str = ""
    alipay_cert_sn: str = ""


class Alipay:
    """A merchant at Alipay."""

    channel = "alipay"
    ways: tuple[Way, ...] = (Way.PAGE, Way.WAP)
    asks_nobody = True
    bill_ready = time(9)

    def __init__(self, merchant: Merchant) -> None:
        self._merchant = merchant

    def start(self, charge: Charge, *, now: datetime) -> Started:
        """A signed address. Nothing is sent: the trade begins when the learner gets there."""
        method, product = _PRODUCTS[charge.way]
        content = {
            "out_trade_no": charge.out_trade_no,
            "total_amount": f"{charge.amount:.2f}",
            "subject": charge.subject,
            "product_code": product,
            "time_expire": _clock(charge.expires_at),
        }
        own = {"notify_url": self._merchant.notify_url, "return_url": self._merchant.return_url}
        params = self._signed(method, content, now, own)
        return Started(f"{self._merchant.gateway}?{urlencode(params)}")

    def query(self, out_trade_no: str, *, now: datetime) -> Trade:
        answer = self._ask("alipay.trade.query", {"out_trade_no": out_trade_no}, now)
        if answer.get("sub_code") == ABSENT:
            return Trade(out_trade_no, TradeState.ABSENT)
        state = _STATES.get(answer.get("trade_status", ""))
        amount = notices.amount_of(answer.get("total_amount"))
        same = answer.get("out_trade_no") == out_trade_no
        if answer.get("code") != OK or state is None or amount is None or not same:
            raise self._unclear("alipay.trade.query", answer)
        return Trade(out_trade_no, state, answer.get("trade_no"), amount)

    def close(self, out_trade_no: str, *, now: datetime) -> Trade:
        answer = self._ask("alipay.trade.close", {"out_trade_no": out_trade_no}, now)
        if answer.get("code") == OK:
            return Trade(out_trade_no, TradeState.CLOSED)
        if answer.get("sub_code") == ABSENT:
            return Trade(out_trade_no, TradeState.ABSENT)
        trade = self.query(out_trade_no, now=now)  # refused: it was paid, or closed already
        if trade.state is TradeState.WAITING:
            raise self._unclear("alipay.trade.close", answer)
        return trade

    def refund(self, refunding: Refunding, *, now: datetime) -> RefundState:
        """Code 10000 is not yet a refund: `fund_change` Y is. Otherwise the query tells."""
        content = {
            "out_trade_no": refunding.out_trade_no,
            "out_request_no": refunding.out_request_no,
            "refund_amount": f"{refunding.amount:.2f}",
            "refund_reason": refunding.reason[:100],
        }
        answer = self._ask("alipay.trade.refund", content, now)
        if answer.get("code") != OK:
            raise self._unclear("alipay.trade.refund", answer)
        if answer.get("fund_change") == "Y":
            return RefundState.DONE
        known = self.query_refund(refunding, now=now)
        return RefundState.PENDING if known is RefundState.ABSENT else known

    def query_refund(self, refunding: Refunding, *, now: datetime) -> RefundState:
        content = {
            "out_trade_no": refunding.out_trade_no,
            "out_request_no": refunding.out_request_no,
        }
        answer = self._ask("alipay.trade.fastpay.refund.query", content, now)
        if answer.get("code") != OK:
            if answer.get("sub_code") == ABSENT:
                return RefundState.ABSENT
            raise self._unclear("alipay.trade.fastpay.refund.query", answer)
        if answer.get("refund_status") == "REFUND_SUCCESS":
            same = notices.amount_of(answer.get("refund_amount")) == refunding.amount
            if not same or answer.get("out_request_no") != refunding.out_request_no:
                raise self._unclear("alipay.trade.fastpay.refund.query", answer)
            return RefundState.DONE
        return RefundState.PENDING if answer.get("refund_status") else RefundState.ABSENT

    def read(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Notice:
        own = self._merchant
        return notices.read(
            body,
            own.public_key,
            app_id=own.app_id,
            seller_id=own.seller_id,
            cert_sn=own.alipay_cert_sn,
        )

    def bill(self, day: date, *, now: datetime) -> BillFile:
        method = "alipay.data.dataservice.bill.downloadurl.query"
        answer = self._ask(method, {"bill_type": "trade", "bill_date": day.isoformat()}, now)
        if answer.get("sub_code") == NO_BILL:
            raise BillAbsent
        url = answer.get("bill_download_url")
        if answer.get("code") != OK or not isinstance(url, str):
            raise self._unclear(method, answer)
        if not downloads.is_of(url, self._merchant.gateway, *DOMAINS):
            raise BillUnreadable("its address is not Alipay's")
        return bill.read(downloads.fetched(url, timeout=self._merchant.timeout))

    def _ask(self, method: str, content: Mapping[str, str], now: datetime) -> dict[str, Any]:
        params = self._signed(method, content, now)
        try:
            answer = requests.post(
                self._merchant.gateway,
                params={"charset": "utf-8"},
                data=params,
                timeout=self._merchant.timeout,
                allow_redirects=False,
            )
            body = answer.content.decode()
        except (requests.RequestException, UnicodeDecodeError) as error:
            logger.warning("alipay: %s: %s", method, type(error).__name__)
            raise GatewayOutOfReach from error
        own = self._merchant
        read = signing.answer_of(body, method, own.public_key, cert_sn=own.alipay_cert_sn)
        if read is None:
            logger.error("alipay: %s: HTTP %s, not signed", method, answer.status_code)
            raise GatewayOutOfReach
        if read.get("code") == NOT_NOW:
            logger.warning("alipay: %s: %s", method, read.get("sub_code"))
            raise GatewayOutOfReach
        return read

    def _signed(
        self,
        method: str,
        content: Mapping[str, str],
        now: datetime,
        own: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        params = {
            "app_id": self._merchant.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": _clock(now),
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            **(own or {}),
            **self._certificates(),
        }
        return signing.signed(params, self._merchant.private_key)

    def _certificates(self) -> dict[str, str]:
        own = self._merchant
        if not own.app_cert_sn:
            return {}
        return {"app_cert_sn": own.app_cert_sn, "alipay_root_cert_sn": own.root_cert_sn}

    def _unclear(self, method: str, answer: Mapping[str, Any]) -> GatewayUnclear:
        said = {name: answer.get(name) for name in ("code", "sub_code", "msg", "trade_status")}
        logger.error("alipay: %s: %s", method, said)
        return GatewayUnclear()


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
