"""The keys of the gateway that runs here, made at its first start: the merchant's, which the shop
signs with, and the gateway's own."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

APP_ID = "2021000000000001"
SELLER_ID = "2088000000000001"
MCHID, APPID = "1900000001", "wx0000000000000001"
SERIAL = "00000000000000000000000000000000000001AB"  # of the merchant's certificate
PUBLIC_KEY_ID = "PUB_KEY_ID_0100000000000000000001"


@dataclass(frozen=True, slots=True)
class Pairs:
    """PEM, but for the APIv3 key."""

    merchant_private: str
    merchant_public: str
    gateway_private: str
    gateway_public: str
    apiv3_key: str


@lru_cache(maxsize=4)
def pairs(folder: Path) -> Pairs:
    """Those in the folder; made there if it has none."""
    folder.mkdir(parents=True, exist_ok=True)
    merchant, gateway = _key(folder / "merchant.pem"), _key(folder / "gateway.pem")
    return Pairs(
        _private(merchant),
        _public(merchant),
        _private(gateway),
        _public(gateway),
        # 32 characters that the folder's own key determines.
        hashlib.sha256(_private(gateway).encode()).hexdigest()[:32],
    )


def _key(file: Path) -> rsa.RSAPrivateKey:
    if not file.exists():
        own = file.with_suffix(f".{os.getpid()}")
        own.touch(mode=0o600)
        own.write_text(_private(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
        with suppress(FileExistsError):
            os.link(own, file)  # the first of two processes wins
        own.unlink()
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{file} is no RSA key")
    return key


def _private(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _public(key: rsa.RSAPrivateKey) -> str:
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()
