"""SHA256withRSA, which both providers sign with."""

import base64
import binascii
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey


def sign(private_key: str, text: bytes) -> str:
    """The signature, in base64. `private_key` is PEM."""
    signature = _private(private_key).sign(text, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def verifies(public_key: str, text: bytes, signature: str) -> bool:
    """Whether the signature (base64) is of this text. `public_key` is PEM."""
    try:
        decoded = base64.b64decode(signature, validate=True)
        _public(public_key).verify(decoded, text, padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


@lru_cache(maxsize=16)
def _private(pem: str) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("not an RSA key")
    return key


@lru_cache(maxsize=16)
def _public(pem: str) -> RSAPublicKey:
    key = serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("not an RSA key")
    return key
