"""Alipay's side of its protocol: what it answers to a merchant's requests, and what it sends."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from api.gateways import rsa
from api.gateways.local import bills
from api.gateways.local.book import CLOSED, PAID, WAITING, Book, LocalTrade
from api.gateways.local.keys import APP_ID, SELLER_ID, Pairs
from api.gateways.local.sending import Sending

CHANNEL = "alipay"
BEIJING = ZoneInfo("Asia/Shanghai")
WORDS = {WAITING: "WAIT_BUYER_PAY", PAID: "TRADE_SUCCESS", CLOSED: "TRADE_CLOSED"}
BILL = "alipay.data.dataservice.bill.downloadurl.query"
WAYS = {"alipay.trade.page.pay": "page", "alipay.trade.wap.pay": "wap"}
OLDEST = timedelta(minutes=15)  # of a request's timestamp


class Refused(Exception):
    """A request that Alipay would not take: its code, and why."""


class AlipayServer:
    """Alipay, of one merchant. `bills_at` is the address that those of its bills begin with;
    `certs`, in certificate mode, are the numbers of the application's certificate, of the roots and
    of Alipay's own."""

    def __init__(
        self, book: Book, pairs: Pairs, bills_at: str, certs: tuple[str, str, str] | None = None
    ) -> None:
        self._certs = certs
        self._book, self._pairs, self._bills = book, pairs, bills_at

    def begin(self, params: Mapping[str, str], *, now: datetime) -> LocalTrade:
        """The trade that a pay address begins. Raises Refused."""
        content = self._checked(params, now)
        way = WAYS.get(params["method"])
        if way is None:
            raise Refused("不是支付请求")
        amount = _fen(str(content["total_amount"]))
        expires = datetime.strptime(str(content["time_expire"]), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        trade = self._book.begin(
            channel=CHANNEL,
            out_trade_no=str(content["out_trade_no"]),
            fen=amount,
            subject=str(content["subject"]),
            way=way,
            expires_at=expires.replace(tzinfo=BEIJING).isoformat(),
            notify_url=params["notify_url"],
            return_url=params["return_url"],
        )
        if trade.fen != amount:
            raise Refused("CONTEXT_INCONSISTENT: 交易信息被篡改")
        return self.look(trade, now=now)

    def look(self, trade: LocalTrade, *, now: datetime) -> LocalTrade:
        """The trade as it is now: one that is out of time has closed."""
        if trade.state == WAITING and datetime.fromisoformat(trade.expires_at) <= now:
            self._book.close(trade)
        return self._book.find(CHANNEL, trade.out_trade_no) or trade

    def answer(self, params: Mapping[str, str], *, now: datetime) -> str:
        """The signed answer to a query or to closing."""
        method = params.get("method", "")
        try:
            content = self._checked(params, now)
            found = self._book.find(CHANNEL, str(content.get("out_trade_no", "")))
            said = self._answered(method, content, found, now)
        except Refused as refused:
            said = {"code": "40002", "msg": "Invalid Arguments", "sub_msg": str(refused)}
        return self._signed(method, said)

    def broken(self, params: Mapping[str, str]) -> str:
        """Its answer on a bad day."""
        said = {"code": "20000", "msg": "Service Currently Unavailable"}
        return self._signed(params.get("method", ""), said | {"sub_code": "isp.unknow-error"})

    def notice(self, trade: LocalTrade, *, now: datetime, **other: str) -> dict[str, str]:
        """The notification of a trade, signed; `other` are parameters that differ."""
        params = {
            "notify_time": f"{now.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            "notify_type": "trade_status_sync",
            "notify_id": secrets.token_hex(17),
            "charset": "utf-8",
            "version": "1.0",
            "app_id": APP_ID,
            "auth_app_id": APP_ID,
            "seller_id": SELLER_ID,
            "out_trade_no": trade.out_trade_no,
            "trade_no": trade.trade_no,
            "trade_status": WORDS[trade.state],
            "total_amount": trade.yuan,
            "receipt_amount": trade.yuan,
            "buyer_id": "2088000000000777",
            "subject": trade.subject,
            "gmt_create": f"{now.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            **({"alipay_cert_sn": self._certs[2]} if self._certs else {}),
            **other,
        }
        text = "&".join(f"{name}={params[name]}" for name in sorted(params)).encode()
        return params | {"sign_type": "RSA2", "sign": rsa.sign(self._pairs.gateway_private, text)}

    def paid(self, trade: LocalTrade, *, now: datetime, how: str = "") -> Sending:
        other = {
            "amount": {"total_amount": f"{(trade.fen + 1) // 100}.{(trade.fen + 1) % 100:02}"},
            "seller": {"seller_id": "2088000000000002"},
        }.get(how, {})
        params = self.notice(trade, now=now, **{"trade_status": "TRADE_SUCCESS", **other})
        if how == "signature":
            params["subject"] += "!"
        return sending(params)

    def disorder(self, trade: LocalTrade, *, now: datetime) -> list[Sending]:
        order = ("TRADE_FINISHED", "TRADE_SUCCESS", "WAIT_BUYER_PAY")
        return [
            replace(sending(self.notice(trade, now=now, trade_status=status)), after=after)
            for after, status in enumerate(order)
        ]

    def accepts(self, status: int, text: str) -> bool:
        return status == 200 and text == "success"

    def way_back(self, trade: LocalTrade, *, now: datetime) -> str:
        """Where the browser is sent after paying."""
        params = {
            "method": "alipay.trade.page.pay.return",
            "app_id": APP_ID,
            "seller_id": SELLER_ID,
            "out_trade_no": trade.out_trade_no,
            "trade_no": trade.trade_no,
            "total_amount": trade.yuan,
            "timestamp": f"{now.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            "charset": "utf-8",
            "version": "1.0",
        }
        text = "&".join(f"{name}={params[name]}" for name in sorted(params)).encode()
        params |= {"sign_type": "RSA2", "sign": rsa.sign(self._pairs.gateway_private, text)}
        return f"{trade.return_url}?{urlencode(params)}"

    def _answered(
        self,
        method: str,
        content: Mapping[str, object],
        trade: LocalTrade | None,
        now: datetime,
    ) -> dict[str, str]:
        if method == BILL:
            return self._bill_of(content)
        absent = {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_NOT_EXIST"}
        if trade is None:
            return absent
        trade = self.look(trade, now=now)
        named = {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no}
        done = {"code": "10000", "msg": "Success", **named}
        if method == "alipay.trade.query":
            return done | {"trade_status": WORDS[trade.state], "total_amount": trade.yuan}
        if method == "alipay.trade.refund":
            return self._refunded(trade, content, done, now)
        if method == "alipay.trade.fastpay.refund.query":
            return done | self._refund_of(trade, str(content["out_request_no"]))
        if method != "alipay.trade.close":
            raise Refused(f"不支持的接口: {method}")
        if self._book.close(trade):
            return done
        return absent | {"sub_code": "ACQ.REASON_TRADE_STATUS_INVALID", "sub_msg": "交易状态不合法"}

    def _refunded(
        self,
        trade: LocalTrade,
        content: Mapping[str, object],
        done: dict[str, str],
        now: datetime,
    ) -> dict[str, str]:
        fen = _fen(str(content["refund_amount"]))
        number = str(content["out_request_no"])
        again = number in self._book.refunds(trade)
        if not self._book.refund(trade, number=number, fen=fen, at=now.isoformat()):
            refused = {"code": "40004", "msg": "Business Failed"}
            return refused | {"sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"}
        return done | {"fund_change": "N" if again else "Y"}

    def _bill_of(self, content: Mapping[str, object]) -> dict[str, str]:
        if content.get("bill_type") != "trade":
            raise Refused("不支持的账单类型")
        day = date.fromisoformat(str(content["bill_date"]))
        if not bills.written(self._book, CHANNEL, day):
            refused = {"code": "40004", "msg": "Business Failed"}
            return refused | {"sub_code": "isp.bill_not_exist", "sub_msg": "账单不存在"}
        return {"code": "10000", "msg": "Success", "bill_download_url": f"{self._bills}{day}/"}

    def bill(self, day: date) -> bytes:
        """The file at the address of a day's bill."""
        return bills.alipay_zip(bills.written(self._book, CHANNEL, day), day)

    def _refund_of(self, trade: LocalTrade, number: str) -> dict[str, str]:
        fen = self._book.refunds(trade).get(number)
        if fen is None:
            return {}
        amount = f"{fen // 100}.{fen % 100:02}"
        said = {"out_request_no": number, "refund_status": "REFUND_SUCCESS"}
        return said | {"refund_amount": amount}

    def _checked(self, params: Mapping[str, str], now: datetime) -> dict[str, object]:
        """What a request asks for, once it is the merchant's. Raises Refused."""
        signature = params.get("sign", "")
        text = "&".join(f"{k}={params[k]}" for k in sorted(params) if k != "sign").encode()
        if not rsa.verifies(self._pairs.merchant_public, text, signature):
            raise Refused("isv.invalid-signature: 验签出错")
        if params.get("app_id") != APP_ID or params.get("sign_type") != "RSA2":
            raise Refused("isv.invalid-app-id: 无效的AppID参数")
        named = (params.get("app_cert_sn"), params.get("alipay_root_cert_sn"))
        if named != (self._certs[:2] if self._certs else (None, None)):
            raise Refused("isv.invalid-app-cert-sn: 证书序列号有误")
        sent = datetime.strptime(params["timestamp"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        if abs(now - sent.replace(tzinfo=BEIJING)) > OLDEST:
            raise Refused("isv.invalid-timestamp: 非法的时间戳参数")
        content = json.loads(params["biz_content"])
        return dict(content)

    def _signed(self, method: str, said: Mapping[str, str]) -> str:
        content = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        name = f"{method.replace('.', '_')}_response"
        signature = rsa.sign(self._pairs.gateway_private, content.encode())
        cert = f',"alipay_cert_sn":"{self._certs[2]}"' if self._certs else ""
        return f'{{"{name}":{content}{cert},"sign":"{signature}"}}'


def _fen(text: str) -> int:
    yuan, _, fen = text.partition(".")
    return int(yuan) * 100 + int(fen.ljust(2, "0"))


def sending(params: Mapping[str, str]) -> Sending:
    """A notification as it is sent."""
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return Sending(params["trade_status"], urlencode(params).encode(), form)
