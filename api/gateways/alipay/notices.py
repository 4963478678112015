"""Alipay's notifications: a form. Checked in the order of contract §10: signature, application,
seller, then what the shop must know of."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from api.gateways.alipay import signing
from api.gateways.base import NotBelieved, Notice
from api.rules.payments import Verdict

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_NUMBER = re.compile(r"[0-9A-Za-z_\-*|]{1,64}")
_STATUSES = {
    "WAIT_BUYER_PAY": Verdict.STATUS,
    "TRADE_SUCCESS": Verdict.PAID,
    "TRADE_FINISHED": Verdict.PAID,
    "TRADE_CLOSED": Verdict.CLOSED,
}


def read(body: bytes, public_key: str, *, app_id: str, seller_id: str, cert_sn: str = "") -> Notice:
    """Raises NotBelieved with the first check that fails. In certificate mode a notification that
    names a certificate must name `cert_sn`."""
    params = _params(body)
    claimed = params.get("out_trade_no", "")[:64]
    of_another = cert_sn and params.get("alipay_cert_sn", cert_sn) != cert_sn
    if of_another or not signing.is_genuine(params, public_key):
        raise NotBelieved(Verdict.SIGNATURE, claimed)
    if params.get("app_id") != app_id:
        raise NotBelieved(Verdict.APP, claimed)
    if params.get("seller_id") != seller_id:
        raise NotBelieved(Verdict.SELLER, claimed)
    return _understood(params, claimed)


def amount_of(text: Any) -> Decimal | None:
    """元 with at most two places, or None for what is no such text."""
    readable = isinstance(text, str) and _AMOUNT.fullmatch(text)
    return Decimal(text) if readable else None


def _params(body: bytes) -> dict[str, str]:
    """The form. Raises NotBelieved where it cannot be read, or has a name twice: what was signed
    could then be another than what is read."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=200,
        )
    except ValueError:
        raise NotBelieved(Verdict.SIGNATURE) from None
    params = dict(pairs)
    if len(params) != len(pairs):
        raise NotBelieved(Verdict.SIGNATURE, params.get("out_trade_no", "")[:64])
    return params


def _understood(params: Mapping[str, str], claimed: str) -> Notice:
    amount = amount_of(params.get("total_amount"))
    verdict = _STATUSES.get(params.get("trade_status", ""))
    trade_no = params.get("trade_no", "")
    readable = _NUMBER.fullmatch(params.get("out_trade_no", "")) and _NUMBER.fullmatch(trade_no)
    if not readable or amount is None or verdict is None:
        raise NotBelieved(Verdict.MISSING, claimed)
    if params.get("refund_fee") or params.get("gmt_refund"):  # money that went, not that came
        verdict = Verdict.REFUND
    return Notice(claimed, trade_no, amount, verdict)
