"""Alipay's certificates (公钥证书 mode): read, and given the numbers that Alipay calls them by.

A number (SN) is the MD5 of the issuer's name, its parts from the last to the first, and of the
serial number in decimal.
"""

import hashlib
import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_RSA = "1.2.840.113549.1.1."  # what RSA signatures are named by
_SHORT = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
}


def sn(certificate: x509.Certificate) -> str:
    """The number that Alipay calls a certificate by."""
    parts = [
        f"{_SHORT.get(one.oid, one.rfc4514_attribute_name)}={one.value!s}"
        for one in reversed(list(certificate.issuer))
    ]
    text = f"{','.join(parts)}{certificate.serial_number}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def root_sn(certificates: list[x509.Certificate]) -> str:
    """That of Alipay's root file: of those in it that are signed with RSA, joined by _."""
    rsa = [one for one in certificates if _algorithm(one).startswith(_RSA)]
    return "_".join(sn(one) for one in rsa)


def read(name: str, pem: str) -> list[x509.Certificate]:
    """The certificates in a PEM text. Raises ImproperlyConfigured where there is none."""
    blocks = _BLOCK.findall(pem)
    try:
        found = [x509.load_pem_x509_certificate(block.encode()) for block in blocks]
    except ValueError:
        found = []
    if not found:
        raise ImproperlyConfigured(
            f"{name} must be a certificate: PEM (.crt), or the name of a file with it."
        )
    return found


def public_key_of(name: str, certificate: x509.Certificate, smallest: int) -> str:
    """Its RSA key, as PEM. Raises ImproperlyConfigured for another kind of key."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < smallest:
        raise ImproperlyConfigured(
            f"{name} must be a certificate of an RSA key of {smallest} bits or more."
        )
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def is_vouched_for(chain: list[x509.Certificate], roots: list[x509.Certificate]) -> bool:
    """Whether the first of the chain is signed, over what follows it, by one of the roots."""
    current, others = chain[0], [*chain[1:], *roots]
    for _ in range(len(chain) + 1):
        issuer = next((one for one in others if _signed(current, one)), None)
        if issuer is None:
            return False
        if issuer in roots:
            return True
        current = issuer
    return False


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _algorithm(certificate: x509.Certificate) -> str:
    return str(certificate.signature_algorithm_oid.dotted_string)
