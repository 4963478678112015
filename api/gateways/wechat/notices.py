"""WeChat's notifications: JSON, signed in the headers, its content encrypted. Checked in the order
of contract §10: signature, application, merchant, then what the shop must know of. Nobody is
asked."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from wechatpayv3.utils import aes_decrypt, load_public_key, rsa_verify

from api.gateways.base import NotBelieved, Notice
from api.rules.money import to_yuan
from api.rules.payments import Verdict

OLDEST = 300  # seconds between a notification's timestamp and now
SIGNED_WITH = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial")
_NUMBER = re.compile(r"[0-9A-Za-z_\-*|]{1,32}")
_STATUSES = {
    "SUCCESS": Verdict.PAID,
    "REFUND": Verdict.REFUND,
    "CLOSED": Verdict.CLOSED,
    "REVOKED": Verdict.CLOSED,
    "NOTPAY": Verdict.STATUS,
    "USERPAYING": Verdict.STATUS,
    "PAYERROR": Verdict.STATUS,
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A notification whose signature and seal are right: which event, and what it says."""

    event: str
    resource: dict[str, Any]


def opened(
    body: bytes,
    headers: Mapping[str, str],
    *,
    public_key_id: str,
    public_key: str,
    apiv3_key: str,
    now: datetime,
) -> Opened:
    """Raises NotBelieved (SIGNATURE) for a timestamp that is older than five minutes, an unknown
    serial number, a wrong signature, a broken seal, or a name that comes twice."""
    timestamp, nonce, signature, serial = (headers.get(name, "") for name in SIGNED_WITH)
    fresh = re.fullmatch(r"[0-9]{1,12}", timestamp) and (
        abs(now.timestamp() - int(timestamp)) <= OLDEST
    )
    if not fresh or serial != public_key_id:
        raise NotBelieved(Verdict.SIGNATURE)
    try:
        text = body.decode()
        genuine = rsa_verify(timestamp, nonce, text, signature, _key(public_key))
        said = _object(text) if genuine else {}
        sealed = said["resource"]
        content = aes_decrypt(
            nonce=sealed["nonce"],
            ciphertext=sealed["ciphertext"],
            associated_data=sealed.get("associated_data") or "",
            apiv3_key=apiv3_key,
        )
        if content is None or sealed.get("algorithm") != "AEAD_AES_256_GCM":
            raise NotBelieved(Verdict.SIGNATURE)
        return Opened(str(said.get("event_type")), _object(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotBelieved(Verdict.SIGNATURE) from None


def read(opened: Opened, *, appid: str, mchid: str) -> Notice:
    """Raises NotBelieved with the first check that fails."""
    said = opened.resource
    refund = opened.event.startswith("REFUND.")  # names no application
    claimed = str(said.get("out_trade_no", ""))[:64]
    if not refund and said.get("appid") != appid:
        raise NotBelieved(Verdict.APP, claimed)
    if said.get("mchid") != mchid:
        raise NotBelieved(Verdict.SELLER, claimed)
    fen = fen_of(said.get("amount"), any_currency=refund)
    verdict = Verdict.REFUND if refund else _STATUSES.get(str(said.get("trade_state")))
    trade_no = said.get("transaction_id")
    readable = all(isinstance(no, str) and _NUMBER.fullmatch(no) for no in (claimed, trade_no))
    if not readable or claimed != said["out_trade_no"] or fen is None or verdict is None:
        raise NotBelieved(Verdict.MISSING, claimed)
    return Notice(claimed, str(trade_no), to_yuan(fen), verdict)


def fen_of(amount: Any, *, any_currency: bool = False) -> int | None:
    """The total of an amount in fen, or None for what is no such thing, or no RMB."""
    if not isinstance(amount, dict):
        return None
    total = amount.get("total")
    known = any_currency or amount.get("currency") == "CNY"
    whole = type(total) is int and 0 <= total < 10**11
    return total if known and whole else None


def _object(text: str) -> dict[str, Any]:
    """A JSON object, in which no name comes twice. Raises ValueError."""
    said = json.loads(text, object_pairs_hook=_once)
    if not isinstance(said, dict):
        raise ValueError("not an object")
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name comes twice")
    return named


@lru_cache(maxsize=4)
def _key(pem: str) -> Any:
    return load_public_key(pem)
