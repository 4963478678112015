"""What Alipay signs: the parameters in the order of their names, `k=v` joined by `&`."""

import json
from collections.abc import Mapping
from typing import Any

from api.gateways import rsa


def text_of(params: Mapping[str, str], *, without: tuple[str, ...]) -> bytes:
    """The text to sign. A request signs its `sign_type` too, a notification does not."""
    named = sorted((k, v) for k, v in params.items() if k not in without)
    return "&".join(f"{name}={value}" for name, value in named).encode()


def signed(params: Mapping[str, str], private_key: str) -> dict[str, str]:
    """A request with its `sign`."""
    return {**params, "sign": rsa.sign(private_key, text_of(params, without=("sign",)))}


def is_genuine(params: Mapping[str, str], public_key: str) -> bool:
    """Whether a notification is signed by Alipay, with RSA2."""
    if params.get("sign_type") != "RSA2":
        return False
    text = text_of(params, without=("sign", "sign_type"))
    return rsa.verifies(public_key, text, params.get("sign", ""))


def answer_of(
    body: str, method: str, public_key: str, *, cert_sn: str = ""
) -> dict[str, Any] | None:
    """What Alipay answers to a request of this method, or None where that is not signed by it. The
    signature is of the very text between the name of the answer and what follows it. `cert_sn`, in
    certificate mode, is the certificate that it must name: another one has another key."""
    name = f'"{method.replace(".", "_")}_response":'
    begin = body.find(name)
    try:
        content, end = json.JSONDecoder().raw_decode(body, begin + len(name))
        whole = json.loads(body)
        signature, named = whole.get("sign"), whole.get("alipay_cert_sn", "")
    except (ValueError, RecursionError, AttributeError):
        return None
    if cert_sn and named != cert_sn:
        return None
    text = body[begin + len(name) : end].encode()
    if begin < 0 or not isinstance(signature, str) or not isinstance(content, dict):
        return None
    return content if rsa.verifies(public_key, text, signature) else None
