"""Alipay with certificates instead of public keys (公钥证书; contract §10)."""

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from api.errors import GatewayOutOfReach
from api.gateways.base import NotBelieved
from api.gateways.channels import gateway_of
from api.gateways.local import keys
from api.models import PaymentType
from api.rules.payments import TradeState, Verdict
from luffy.settings.keys import AlipayCerts, alipay_certs
from tests.support import certificates
from tests.support.gateways import LocalGateway, begin
from tests.support.orders import order as new_order

pytestmark = pytest.mark.django_db
ISSUER = "CN=Root R1,OU=Certification Authority,O=Ant Financial,C=CN"


def number(serial: int) -> str:
    return hashlib.md5(f"{ISSUER}{serial}".encode()).hexdigest()


@pytest.fixture
def certs(
    gateway: LocalGateway, gateway_folder: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> AlipayCerts:
    """The gateway that runs here in certificate mode, and the shop likewise."""
    pairs = keys.pairs(gateway_folder)
    three = certificates.three(pairs.merchant_private, pairs.gateway_public)
    for name, text in three.items():
        monkeypatch.setenv(name, text)
    settings.ALIPAY_CERTS = alipay_certs(pairs.merchant_private, "")
    return settings.ALIPAY_CERTS


def test_certificates_have_the_numbers_that_alipay_calls_them_by(certs: AlipayCerts) -> None:
    assert (certs.app_sn, certs.alipay_sn) == (number(1234567890), number(9876543210))
    assert certs.root_sn == number(1)  # that of the other kind has none


def test_requests_name_the_certificates_and_answers_are_believed(
    gateway: LocalGateway, certs: AlipayCerts
) -> None:
    payment = begin(new_order(), PaymentType.ALIPAY)
    said = dict(parse_qsl(urlsplit(payment.pay_url).query))
    assert said["app_cert_sn"] == certs.app_sn
    assert said["alipay_root_cert_sn"] == certs.root_sn

    trade = gateway.pay(payment)

    client = gateway_of("alipay")
    assert client.query(payment.out_trade_no, now=timezone.now()).state is TradeState.PAID
    notice = client.read(gateway.notices(trade)[0], {}, now=timezone.now())
    assert (notice.verdict, notice.out_trade_no) == (Verdict.PAID, payment.out_trade_no)


def test_an_answer_of_another_certificate_is_not_believed(
    gateway: LocalGateway, certs: AlipayCerts, settings: Any
) -> None:
    payment = begin(new_order(), PaymentType.ALIPAY)
    trade = gateway.pay(payment)
    client, sent = gateway_of("alipay"), gateway.notices(trade)[0]
    settings.ALIPAY_CERTS = AlipayCerts(certs.app_sn, certs.root_sn, "another", "")
    named = gateway.notices(trade)[0]

    with pytest.raises(GatewayOutOfReach):
        client.query(payment.out_trade_no, now=timezone.now())
    with pytest.raises(NotBelieved):
        client.read(named, {}, now=timezone.now() + timedelta(seconds=1))
    assert client.read(sent, {}, now=timezone.now())


def test_an_answer_that_names_no_certificate_is_not_believed(
    gateway: LocalGateway, certs: AlipayCerts, settings: Any
) -> None:
    client = gateway_of("alipay")
    settings.ALIPAY_CERTS = None

    with pytest.raises(GatewayOutOfReach):
        client.query("x", now=timezone.now())


# --- What stops the start -------------------------------------------------------------------------


def refused(monkeypatch: pytest.MonkeyPatch, private: str, public: str = "", **env: str) -> str:
    for name, text in env.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(ImproperlyConfigured) as said:
        alipay_certs(private, public)
    return str(said.value)


def test_certificates_that_cannot_work_stop_the_start(
    certs: AlipayCerts, gateway_folder: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = keys.pairs(gateway_folder), keys.pairs(tmp_path)
    private, strange = (
        own.merchant_private,
        certificates.three(other.merchant_private, other.gateway_public),
    )

    assert "both set" in refused(monkeypatch, private, own.gateway_public)
    assert "not the certificate of ALIPAY_PRIVATE_KEY" in refused(
        monkeypatch, other.merchant_private
    )
    with monkeypatch.context() as only:
        assert "ALIPAY_ROOT_CERT is missing" in refused(only, private, ALIPAY_ROOT_CERT="")
    with monkeypatch.context() as only:
        said = refused(only, private, ALIPAY_ROOT_CERT=strange["ALIPAY_ROOT_CERT"])
        assert "ALIPAY_PUBLIC_CERT is not signed by any in ALIPAY_ROOT_CERT" in said
    with monkeypatch.context() as only:
        said = refused(only, private, ALIPAY_APP_CERT="-----BEGIN CERTIFICATE-----")
        assert "ALIPAY_APP_CERT must be a certificate" in said
    with monkeypatch.context() as only:
        said = refused(only, private, ALIPAY_APP_CERT="/no/such/file")
        assert "ALIPAY_APP_CERT is neither PEM nor the name of a file" in said


def test_without_certificates_there_is_no_certificate_mode() -> None:
    assert alipay_certs("", "") is None
