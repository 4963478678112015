"""WeChat Pay's side of its protocol: what it answers to a merchant's requests, what it sends."""

import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.gateways import rsa
from api.gateways.local import bills
from api.gateways.local.book import CLOSED, PAID, WAITING, Book, LocalTrade
from api.gateways.local.keys import APPID, MCHID, PUBLIC_KEY_ID, SERIAL, Pairs
from api.gateways.local.sending import Sending

CHANNEL = "wechat"
BEIJING = ZoneInfo("Asia/Shanghai")
OLDEST = 300  # seconds of a request's timestamp
SCHEME = "WECHATPAY2-SHA256-RSA2048"
WORDS = {WAITING: "NOTPAY", PAID: "SUCCESS", CLOSED: "CLOSED"}
_TRADES = "/v3/pay/transactions"
_REFUNDS = "/v3/refund/domestic/refunds"
_REFUND = re.compile(rf"{_REFUNDS}/([0-9A-Za-z_\-]{{1,64}})")
_DAY = r"(\d{4}-\d{2}-\d{2})"
_BILL = re.compile(rf"/v3/bill/tradebill\?bill_date={_DAY}&bill_type=ALL(?:&tar_type=GZIP)?")
_FILE = re.compile(rf"/v3/billdownload/file\?token={_DAY}")
_BEGIN = re.compile(rf"{_TRADES}/(native|h5|jsapi)")
_QUERY = re.compile(rf"{_TRADES}/out-trade-no/([0-9A-Za-z_\-]{{6,32}})\?mchid={MCHID}")
_CLOSE = re.compile(rf"{_TRADES}/out-trade-no/([0-9A-Za-z_\-]{{6,32}})/close")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `path` with its query, without what stands before /v3."""

    method: str
    path: str
    body: bytes
    authorization: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, with the headers that sign it."""

    status: int
    body: str
    headers: Mapping[str, str]


class WechatServer:
    """WeChat Pay, of one merchant. `cashier` is the address that its cashier pages begin with,
    `itself` its own, before /v3."""

    def __init__(self, book: Book, pairs: Pairs, cashier: str, itself: str) -> None:
        self._book, self._pairs, self._cashier, self._itself = book, pairs, cashier, itself

    def answer(self, asked: Asked, *, now: datetime) -> Answered:
        """The signed answer to a request."""
        if not self._is_the_merchant_s(asked, now):
            return self._refused(401, "SIGN_ERROR", "签名错误", now)
        if asked.method == "POST" and (begin := _BEGIN.fullmatch(asked.path)):
            return self._begun(begin[1], json.loads(asked.body), now)
        if asked.method == "GET" and (query := _QUERY.fullmatch(asked.path)):
            return self._queried(query[1], now)
        if asked.method == "POST" and (close := _CLOSE.fullmatch(asked.path)):
            return self._closed(close[1], now)
        if asked.method == "POST" and asked.path == _REFUNDS:
            return self._refunded(json.loads(asked.body), now)
        if asked.method == "GET" and (refund := _REFUND.fullmatch(asked.path)):
            return self._refund_of(refund[1], now)
        if asked.method == "GET" and (bill := _BILL.fullmatch(asked.path)):
            return self._bill_of(date.fromisoformat(bill[1]), now)
        return self._refused(404, "RESOURCE_NOT_EXISTS", "无可用的接口", now)

    def file(self, asked: Asked, *, now: datetime) -> bytes | None:
        """The bill at an address that was answered before; None for another address, or for
        somebody else than the merchant."""
        found = _FILE.fullmatch(asked.path)
        if found is None or not self._is_the_merchant_s(asked, now):
            return None
        return bills.wechat_gzip(bills.written(self._book, CHANNEL, date.fromisoformat(found[1])))[
            0
        ]

    def broken(self, now: datetime) -> Answered:
        """Its answer on a bad day."""
        return self._refused(500, "SYSTEM_ERROR", "系统异常", now)

    def look(self, trade: LocalTrade, *, now: datetime) -> LocalTrade:
        """The trade as it is now: one that is out of time has closed."""
        if trade.state == WAITING and datetime.fromisoformat(trade.expires_at) <= now:
            self._book.close(trade)
        return self._book.find(CHANNEL, trade.out_trade_no) or trade

    def notice(
        self, trade: LocalTrade, *, now: datetime, event: str = "TRANSACTION.SUCCESS", **other: Any
    ) -> Sending:
        """The notification of a trade, sealed and signed; `other` are fields that differ."""
        said = self._said(trade) | other
        said = {name: value for name, value in said.items() if value is not None}
        nonce = secrets.token_hex(6)
        sealed = AESGCM(self._pairs.apiv3_key.encode()).encrypt(
            nonce.encode(), json.dumps(said, ensure_ascii=False).encode(), b"transaction"
        )
        content = {
            "id": secrets.token_hex(16),
            "create_time": now.astimezone(BEIJING).isoformat(timespec="seconds"),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "transaction",
                "nonce": nonce,
            },
        }
        body = json.dumps(content, ensure_ascii=False)
        headers = {"Content-Type": "application/json", **self.signed(body, now)}
        return Sending(str(said.get("trade_state")), body.encode(), headers)

    def paid(self, trade: LocalTrade, *, now: datetime, how: str = "") -> Sending:
        wrong: dict[str, dict[str, Any]] = {
            "amount": {"amount": {"total": trade.fen + 1, "currency": "CNY"}},
            "seller": {"mchid": "1900000002"},
        }
        other = wrong.get(how, {})
        notice = self.notice(trade, now=now, trade_state="SUCCESS", **other)
        return replace(notice, body=notice.body + b" ") if how == "signature" else notice

    def disorder(self, trade: LocalTrade, *, now: datetime) -> list[Sending]:
        order = ("SUCCESS", "USERPAYING", "NOTPAY")
        return [
            replace(self.notice(trade, now=now, trade_state=state), after=after)
            for after, state in enumerate(order)
        ]

    def accepts(self, status: int, text: str) -> bool:
        return status in (200, 204)

    def way_back(self, trade: LocalTrade, *, now: datetime) -> str:
        """Nowhere: only a page of H5 is told where, in its own address."""
        return ""

    def signed(self, body: str, now: datetime) -> dict[str, str]:
        """The headers that sign a body."""
        timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        text = f"{timestamp}\n{nonce}\n{body}\n".encode()
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": rsa.sign(self._pairs.gateway_private, text),
            "Wechatpay-Signature-Type": SCHEME,
            "Wechatpay-Serial": PUBLIC_KEY_ID,
        }

    def _begun(self, way: str, wanted: Mapping[str, Any], now: datetime) -> Answered:
        if (wanted["appid"], wanted["mchid"]) != (APPID, MCHID):
            return self._refused(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配", now)
        fen = int(wanted["amount"]["total"])
        trade = self._book.begin(
            channel=CHANNEL,
            out_trade_no=str(wanted["out_trade_no"]),
            fen=fen,
            subject=str(wanted["description"]),
            way=way,
            expires_at=str(wanted["time_expire"]),
            notify_url=str(wanted["notify_url"]),
            return_url="",
        )
        trade = self.look(trade, now=now)
        if trade.state == PAID:
            return self._refused(400, "ORDER_PAID", "该订单已支付", now)
        if trade.state == CLOSED:
            return self._refused(400, "ORDER_CLOSED", "该订单已关闭", now)
        if (trade.fen, trade.way) != (fen, way):
            return self._refused(400, "INVALID_REQUEST", "请求参数与首次请求不一致", now)
        page = f"{self._cashier}/{trade.secret}/"
        said = {
            "native": {"code_url": page},
            "h5": {"h5_url": f"{page}?package=1"},
            "jsapi": {"prepay_id": trade.secret},
        }[way]
        return self._answer(200, said, now)

    def _queried(self, out_trade_no: str, now: datetime) -> Answered:
        trade = self._book.find(CHANNEL, out_trade_no)
        if trade is None:
            return self._refused(404, "ORDER_NOT_EXIST", "订单不存在", now)
        return self._answer(200, self._said(self.look(trade, now=now)), now)

    def _closed(self, out_trade_no: str, now: datetime) -> Answered:
        trade = self._book.find(CHANNEL, out_trade_no)
        if trade is None:
            return self._refused(404, "ORDER_NOT_EXIST", "订单不存在", now)
        if self._book.close(trade):
            return self._answer(204, None, now)
        if self.look(trade, now=now).state == PAID:
            return self._refused(400, "ORDER_PAID", "订单已支付", now)
        return self._refused(400, "ORDER_CLOSED", "订单已关闭", now)

    def _refunded(self, wanted: Mapping[str, Any], now: datetime) -> Answered:
        trade = self._book.find(CHANNEL, str(wanted["out_trade_no"]))
        fen, number = int(wanted["amount"]["refund"]), str(wanted["out_refund_no"])
        if trade is None or wanted["amount"]["total"] != trade.fen:
            return self._refused(404, "RESOURCE_NOT_EXISTS", "订单不存在", now)
        if not self._book.refund(trade, number=number, fen=fen, at=now.isoformat()):
            return self._refused(403, "NOT_ENOUGH", "可退金额不足", now)
        return self._answer(200, _refund(number, fen), now)

    def _refund_of(self, number: str, now: datetime) -> Answered:
        fen = self._book.refund_of(CHANNEL, number)
        if fen is None:
            return self._refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在", now)
        return self._answer(200, _refund(number, fen), now)

    def _bill_of(self, day: date, now: datetime) -> Answered:
        rows = bills.written(self._book, CHANNEL, day)
        if not rows:
            return self._refused(400, "NO_STATEMENT_EXIST", "账单文件不存在", now)
        said = {"hash_type": "SHA1", "hash_value": bills.wechat_gzip(rows)[1]}
        said["download_url"] = f"{self._itself}/v3/billdownload/file?token={day}"
        return self._answer(200, said, now)

    def _said(self, trade: LocalTrade) -> dict[str, Any]:
        said: dict[str, Any] = {
            "appid": APPID,
            "mchid": MCHID,
            "out_trade_no": trade.out_trade_no,
            "trade_type": {"h5": "MWEB"}.get(trade.way, trade.way.upper()),
            "trade_state": WORDS[trade.state],
            "trade_state_desc": WORDS[trade.state],
            "amount": {"total": trade.fen, "currency": "CNY"},
        }
        if trade.state == PAID:
            paid = {"transaction_id": trade.trade_no, "bank_type": "OTHERS"}
            said |= paid | {"success_time": trade.paid_at, "payer": {"openid": "oBuyer"}}
        return said

    def _is_the_merchant_s(self, asked: Asked, now: datetime) -> bool:
        said = dict(re.findall(r'([a-z_]+)="([^"]*)"', asked.authorization))
        fresh = said.get("timestamp", "").isdecimal() and (
            abs(now.timestamp() - int(said["timestamp"])) <= OLDEST
        )
        known = (said.get("mchid"), said.get("serial_no")) == (MCHID, SERIAL)
        if not (fresh and known and asked.authorization.startswith(SCHEME)):
            return False
        head = f"{asked.method}\n{asked.path}\n{said['timestamp']}\n{said.get('nonce_str')}\n"
        text = head.encode() + asked.body + b"\n"
        return rsa.verifies(self._pairs.merchant_public, text, said.get("signature", ""))

    def _refused(self, status: int, code: str, message: str, now: datetime) -> Answered:
        return self._answer(status, {"code": code, "message": message}, now)

    def _answer(self, status: int, said: Mapping[str, Any] | None, now: datetime) -> Answered:
        body = "" if said is None else json.dumps(said, ensure_ascii=False)
        return Answered(status, body, self.signed(body, now))


def _refund(number: str, fen: int) -> dict[str, Any]:
    amount = {"refund": fen, "currency": "CNY"}
    return {"out_refund_no": number, "refund_id": number, "status": "SUCCESS", "amount": amount}
