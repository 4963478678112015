"""Certificates as Alipay gives them out: a root, the application's, Alipay's own."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


def name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ant Financial"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Certification Authority"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def pem(
    subject: str, public: object, issuer: str, private: object, serial: int = 1234567890
) -> str:
    """The certificate of a public key, signed by the issuer's private one."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def three(merchant_private: str, gateway_public: str) -> dict[str, str]:
    """What the platform shows for a merchant: names of the settings, and PEM. The roots are one of
    RSA and one of another kind, which has no number."""
    root = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    merchant = serialization.load_pem_private_key(merchant_private.encode(), None).public_key()
    gateway = serialization.load_pem_public_key(gateway_public.encode())
    own = pem("Root R1", root.public_key(), "Root R1", root, 1)
    other = pem("Root E1", curve.public_key(), "Root E1", curve, 2)
    return {
        "ALIPAY_APP_CERT": pem("app", merchant, "Root R1", root),
        "ALIPAY_PUBLIC_CERT": pem("alipay", gateway, "Root R1", root, 9876543210),
        "ALIPAY_ROOT_CERT": own + other,
    }
