"""Keys and certificates in the environment: PEM, Alipay's bare base64, or the name of a file with
either."""

import re
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.core.exceptions import ImproperlyConfigured

from luffy.settings import certificates
from luffy.settings.environment import BASE_DIR, env

PEM = serialization.Encoding.PEM
SMALLEST_KEY = 2048  # bits
BARE = re.compile(r"[A-Za-z0-9+/=\s]{200,}")  # a key in base64; no file's name is that long


def key_text(name: str, kind: str) -> str:
    """The key in the environment variable `name`, or in the file that it names, as PEM; "" where
    there is none. `kind` is PRIVATE KEY or PUBLIC KEY."""
    said: str = env.str(name, default="").replace("\\n", "\n").strip()
    if said and not (said.startswith("-----") or BARE.fullmatch(said)):
        try:
            said = (BASE_DIR / said).read_text(errors="replace").strip()
        except (OSError, ValueError):
            raise ImproperlyConfigured(
                f"{name} is neither PEM nor the name of a file that can be read."
            ) from None
    if said and not said.startswith("-----"):
        said = f"-----BEGIN {kind}-----\n{said}\n-----END {kind}-----"
    return said


def private_key(name: str) -> str:
    """An RSA key to sign with, as PEM (PKCS 8)."""
    text = key_text(name, "PRIVATE KEY")
    if not text:
        return ""
    for label in ("PRIVATE KEY", "RSA PRIVATE KEY"):  # bare base64 does not say which it is
        try:
            pem = text.replace("N PRIVATE KEY", f"N {label}").replace("D PRIVATE KEY", f"D {label}")
            key = serialization.load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError):
            continue
        if isinstance(key, RSAPrivateKey) and key.key_size >= SMALLEST_KEY:
            return key.private_bytes(PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    raise ImproperlyConfigured(
        f"{name} must be an RSA private key of {SMALLEST_KEY} bits or more, without a password: "
        "PEM, or the name of a file with it."
    )


def public_key(name: str) -> str:
    """An RSA key to verify with, as PEM."""
    pem = key_text(name, "PUBLIC KEY")
    if not pem:
        return ""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST_KEY:
        raise ImproperlyConfigured(
            f"{name} must be an RSA public key of {SMALLEST_KEY} bits or more: PEM, or the name "
            "of a file with it."
        )
    return key.public_bytes(PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def same_pair(private: str, public: str) -> bool:
    """Whether a public key is the private one's own; both PEM."""
    mine = serialization.load_pem_private_key(private.encode(), None).public_key()
    return mine == serialization.load_pem_public_key(public.encode())


@dataclass(frozen=True, slots=True)
class AlipayCerts:
    """What requests and answers name the certificates by, and Alipay's key as PEM."""

    app_sn: str
    root_sn: str
    alipay_sn: str
    public_key: str


def certificate(name: str) -> str:
    """The certificates in the environment variable `name`, or in the file that it names; "" where
    there is none."""
    return key_text(name, "CERTIFICATE")


def alipay_certs(private_key: str, public_key: str) -> AlipayCerts | None:
    """The three certificates of Alipay, or None where none is set. Raises ImproperlyConfigured
    where they cannot work: with a public key beside them, one missing, the application's of
    another key, Alipay's of none of the roots."""
    texts = {
        "ALIPAY_APP_CERT": certificate("ALIPAY_APP_CERT"),
        "ALIPAY_PUBLIC_CERT": certificate("ALIPAY_PUBLIC_CERT"),
        "ALIPAY_ROOT_CERT": certificate("ALIPAY_ROOT_CERT"),
    }
    missing = [name for name, text in texts.items() if not text]
    if len(missing) == len(texts):
        return None
    if missing:
        raise ImproperlyConfigured(
            f"Alipay's certificates are set in part: {', '.join(missing)} is missing."
        )
    if public_key:
        raise ImproperlyConfigured(
            "ALIPAY_PUBLIC_KEY and certificates are both set. Alipay signs in one way: leave out "
            "ALIPAY_PUBLIC_KEY in certificate mode."
        )
    app, alipay, roots = (certificates.read(name, text) for name, text in texts.items())
    own = certificates.public_key_of("ALIPAY_APP_CERT", app[0], SMALLEST_KEY)
    theirs = certificates.public_key_of("ALIPAY_PUBLIC_CERT", alipay[0], SMALLEST_KEY)
    root_sn = certificates.root_sn(roots)
    if not root_sn:
        raise ImproperlyConfigured("ALIPAY_ROOT_CERT has no certificate that is signed with RSA.")
    if private_key and not same_pair(private_key, own):
        raise ImproperlyConfigured("ALIPAY_APP_CERT is not the certificate of ALIPAY_PRIVATE_KEY.")
    if not certificates.is_vouched_for(alipay, roots):
        raise ImproperlyConfigured("ALIPAY_PUBLIC_CERT is not signed by any in ALIPAY_ROOT_CERT.")
    return AlipayCerts(certificates.sn(app[0]), root_sn, certificates.sn(alipay[0]), theirs)
