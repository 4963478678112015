"""WeChat Pay as the shop asks it: start a payment, query, close, and read a notification."""

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import requests
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization, load_private_key

from api.errors import GatewayOutOfReach, GatewayUnclear
from api.gateways import downloads, rsa
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
from api.gateways.wechat import bill, notices
from api.rules.money import to_fen, to_yuan
from api.rules.payments import TradeState, Way
from api.rules.refunds import RefundState

logger = logging.getLogger(__name__)

BEIJING = ZoneInfo("Asia/Shanghai")
ABSENT = {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}
_STATES = {
    "SUCCESS": TradeState.PAID,
    "NOTPAY": TradeState.WAITING,
    "USERPAYING": TradeState.WAITING,
    "PAYERROR": TradeState.WAITING,
    "CLOSED": TradeState.CLOSED,
    "REVOKED": TradeState.CLOSED,
}
NO_BILL = {"NO_STATEMENT_EXIST", "STATEMENT_CREATING"}
_TRADES = "/v3/pay/transactions"
_REFUNDS = "/v3/refund/domestic/refunds"


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant's account, and where its gateway is. Keys are PEM; timeouts are seconds to connect
    and seconds that an answer may take."""

    mchid: str
    appid: str
    serial: str
    private_key: str
    apiv3_key: str
    public_key_id: str
    public_key: str
    gateway: str
    notify_url: str
    return_url: str
    timeout: tuple[float, float]


class WechatPay:
    """A merchant at WeChat Pay."""

    channel = "wechat"
    ways: tuple[Way, ...] = (Way.NATIVE, Way.H5, Way.JSAPI)
    asks_nobody = False
    bill_ready = time(10)

    def __init__(self, merchant: Merchant) -> None:
        self._merchant = merchant

    def start(self, charge: Charge, *, now: datetime) -> Started:
        own = self._merchant
        wanted: dict[str, Any] = {
            "appid": own.appid,
            "mchid": own.mchid,
            "description": charge.subject,
            "out_trade_no": charge.out_trade_no,
            "time_expire": charge.expires_at.astimezone(BEIJING).isoformat(timespec="seconds"),
            "notify_url": own.notify_url,
            "amount": {"total": to_fen(charge.amount), "currency": "CNY"},
        }
        if charge.way is Way.H5:
            wanted["scene_info"] = {
                "payer_client_ip": charge.client_ip,
                "h5_info": {"type": "Wap"},
            }
        if charge.way is Way.JSAPI:
            wanted["payer"] = {"openid": charge.openid}
        path = f"{_TRADES}/{charge.way.value}"
        status, answer = self._ask(path, RequestType.POST, wanted)
        if status != 200:
            raise _unclear(path, status, answer)
        return self._started(charge, answer, now)

    def query(self, out_trade_no: str, *, now: datetime) -> Trade:
        path = f"{_TRADES}/out-trade-no/{quote(out_trade_no)}?mchid={self._merchant.mchid}"
        status, answer = self._ask(path, RequestType.GET)
        if status == 404 and answer.get("code") in ABSENT:
            return Trade(out_trade_no, TradeState.ABSENT)
        state = _STATES.get(str(answer.get("trade_state")))
        same = answer.get("out_trade_no") == out_trade_no
        if status != 200 or state is None or not same:
            raise _unclear(path, status, answer)
        fen = notices.fen_of(answer.get("amount"))
        if state is TradeState.PAID and fen is None:
            raise _unclear(path, status, answer)
        amount = None if fen is None else to_yuan(fen)
        return Trade(out_trade_no, state, answer.get("transaction_id"), amount)

    def close(self, out_trade_no: str, *, now: datetime) -> Trade:
        path = f"{_TRADES}/out-trade-no/{quote(out_trade_no)}/close"
        status, answer = self._ask(path, RequestType.POST, {"mchid": self._merchant.mchid})
        if status == 204:
            return Trade(out_trade_no, TradeState.CLOSED)
        trade = self.query(out_trade_no, now=now)  # refused: it was paid, closed, or never begun
        if trade.state is TradeState.WAITING:
            raise _unclear(path, status, answer)
        return trade

    def refund(self, refunding: Refunding, *, now: datetime) -> RefundState:
        wanted = {
            "out_trade_no": refunding.out_trade_no,
            "out_refund_no": refunding.out_request_no,
            "reason": refunding.reason[:26],  # 80 bytes
            "amount": {
                "refund": to_fen(refunding.amount),
                "total": to_fen(refunding.total),
                "currency": "CNY",
            },
        }
        status, answer = self._ask(_REFUNDS, RequestType.POST, wanted)
        return _refund_state(_REFUNDS, status, answer, refunding)

    def query_refund(self, refunding: Refunding, *, now: datetime) -> RefundState:
        path = f"{_REFUNDS}/{quote(refunding.out_request_no)}"
        status, answer = self._ask(path, RequestType.GET)
        if status == 404 and answer.get("code") in ABSENT:
            return RefundState.ABSENT
        return _refund_state(path, status, answer, refunding)

    def read(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Notice:
        own = self._merchant
        opened = notices.opened(
            body,
            headers,
            public_key_id=own.public_key_id,
            public_key=own.public_key,
            apiv3_key=own.apiv3_key,
            now=now,
        )
        return notices.read(opened, appid=own.appid, mchid=own.mchid)

    def bill(self, day: date, *, now: datetime) -> BillFile:
        path = f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP"
        status, answer = self._ask(path, RequestType.GET)
        if answer.get("code") in NO_BILL:
            raise BillAbsent
        url, sha1 = answer.get("download_url"), answer.get("hash_value")
        told = isinstance(url, str) and isinstance(sha1, str)
        if status != 200 or not told or answer.get("hash_type") != "SHA1":
            raise _unclear(path, status, answer)
        own = self._merchant
        if not str(url).startswith(f"{own.gateway}/"):
            raise BillUnreadable("its address is not WeChat's")
        # The answer is the file, which nobody signs: the hash that was signed stands for it.
        within = str(url).removeprefix(own.gateway)
        headers = {"Authorization": _authorization(own, within), "User-Agent": "luffy"}
        return bill.read(
            downloads.fetched(str(url), timeout=own.timeout, headers=headers), str(sha1)
        )

    def _started(self, charge: Charge, answer: Mapping[str, Any], now: datetime) -> Started:
        match charge.way:
            case Way.NATIVE:
                return Started(str(answer["code_url"]))
            case Way.H5:
                back = f"{self._merchant.return_url}?out_trade_no={charge.out_trade_no}"
                return Started(f"{answer['h5_url']}&{urlencode({'redirect_url': back})}")
        said = {
            "appId": self._merchant.appid,
            "timeStamp": str(int(now.timestamp())),
            "nonceStr": secrets.token_hex(16),
            "package": f"prepay_id={answer['prepay_id']}",
        }
        text = "".join(f"{value}\n" for value in said.values()).encode()
        signature = rsa.sign(self._merchant.private_key, text)
        return Started("", {**said, "signType": "RSA", "paySign": signature})

    def _ask(
        self, path: str, method: RequestType, content: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The status, and what is answered. An answer that is not signed by WeChat is none; only
        the SDK does not look at the signature of a refusal."""
        try:
            status, text = _core(self._merchant).request(path, method=method, data=content)
        except requests.RequestException as error:
            logger.warning("wechat: %s: %s", path, type(error).__name__)
            raise GatewayOutOfReach from error
        except Exception as error:  # the SDK's own: not signed, or not as it should be
            logger.error("wechat: %s: %s", path, error)
            raise GatewayOutOfReach from error
        if status >= 500:
            logger.warning("wechat: %s: HTTP %s", path, status)
            raise GatewayOutOfReach
        try:
            answer = json.loads(text or "{}")
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise _unclear(path, status, {})
        return status, answer


def _authorization(merchant: Merchant, path: str) -> str:
    key = load_private_key(merchant.private_key)
    return str(build_authorization(path, "GET", merchant.mchid, merchant.serial, key))


def _refund_state(
    path: str, status: int, answer: Mapping[str, Any], refunding: Refunding
) -> RefundState:
    state = {"SUCCESS": RefundState.DONE, "PROCESSING": RefundState.PENDING}.get(
        str(answer.get("status"))
    )
    amount = answer.get("amount")
    fen = amount.get("refund") if isinstance(amount, dict) else None
    same = answer.get("out_refund_no") == refunding.out_request_no
    if status != 200 or state is None or not same or fen != to_fen(refunding.amount):
        raise _unclear(path, status, answer)
    return state


def _unclear(path: str, status: int, answer: Mapping[str, Any]) -> GatewayUnclear:
    said = {name: answer.get(name) for name in ("code", "message", "trade_state")}
    logger.error("wechat: %s: HTTP %s %s", path, status, said)
    return GatewayUnclear()


@lru_cache(maxsize=4)
def _core(merchant: Merchant) -> Any:
    """The SDK's client; it has no types. It knows one gateway only, and no setting for another."""
    core = Core(
        mchid=merchant.mchid,
        cert_serial_no=merchant.serial,
        private_key=merchant.private_key,
        apiv3_key=merchant.apiv3_key,
        public_key=merchant.public_key,
        public_key_id=merchant.public_key_id,
        timeout=merchant.timeout,
    )
    core._gate_way = merchant.gateway
    return core
