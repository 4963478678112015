"""What a start needs to take payments: a merchant who is set in part, or wrongly, stops it."""

import pytest
from cryptography.hazmat.primitives import serialization

from api.gateways.local import keys
from tests.unit.test_settings import PRODUCTION, assert_refused, check, refusal


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A merchant's environment, with keys as they are."""
    pairs = keys.pairs(tmp_path_factory.mktemp("keys"))
    return PRODUCTION | {
        "PUBLIC_URL": "https://shop.example.com",
        "ALIPAY_APP_ID": "2021000000000001",
        "ALIPAY_SELLER_ID": "2088000000000001",
        "ALIPAY_PRIVATE_KEY": pairs.merchant_private.replace("\n", "\\n"),
        "ALIPAY_PUBLIC_KEY": pairs.gateway_public.replace("\n", "\\n"),
    }


@pytest.mark.slow
def test_a_merchant_passes_djangos_deployment_check(merchant):
    run = check("--deploy", "--fail-level", "WARNING", **merchant)

    assert run.returncode == 0, run.stderr


def test_a_key_may_be_a_file_or_bare_base64(merchant, tmp_path):
    file = tmp_path / "private.pem"
    file.write_text(merchant["ALIPAY_PRIVATE_KEY"].replace("\\n", "\n"))
    bare = "".join(merchant["ALIPAY_PUBLIC_KEY"].split("\\n")[1:-2])

    said = refusal(**merchant | {"ALIPAY_PRIVATE_KEY": str(file), "ALIPAY_PUBLIC_KEY": bare})

    assert said == ""


PAYMENTS_REFUSED = [
    ({"ALIPAY_SELLER_ID": ""}, "Alipay is set in part: ALIPAY_SELLER_ID is missing."),
    ({"ALIPAY_SELLER_ID": "2088"}, "ALIPAY_SELLER_ID must be a partner id, 2088 and 12 digits"),
    ({"ALIPAY_APP_ID": "app"}, "ALIPAY_APP_ID must be the application's number"),
    ({"ALIPAY_PRIVATE_KEY": "-----BEGIN"}, "ALIPAY_PRIVATE_KEY must be an RSA private key"),
    ({"ALIPAY_PUBLIC_KEY": "A" * 300}, "ALIPAY_PUBLIC_KEY must be an RSA public key"),
    ({"ALIPAY_PUBLIC_KEY": "/no/such/file"}, "ALIPAY_PUBLIC_KEY is neither PEM nor the name of a"),
    ({"PUBLIC_URL": ""}, "PUBLIC_URL is not set, and no gateway could send its notifications."),
    ({"PUBLIC_URL": "http://shop.example.com"}, "PUBLIC_URL must be as in https://"),
    ({"PUBLIC_URL": "https://shop.example.com/?a=1"}, "PUBLIC_URL must be as in https://"),
    ({"ALIPAY_GATEWAY": "http://pay.example.com"}, "ALIPAY_GATEWAY must be as in https://"),
    ({"ALIPAY_GATEWAY": "https://[pay"}, "ALIPAY_GATEWAY is no address"),
    ({"FRONTEND_ORDER_URL": "https://www.example.com/"}, "FRONTEND_ORDER_URL must be as in"),
    ({"FRONTEND_ORDER_URL": "/order/%s"}, "FRONTEND_ORDER_URL must be as in"),
]


@pytest.mark.parametrize(("wrong", "reason"), PAYMENTS_REFUSED, ids=lambda value: str(value)[:60])
def test_a_merchant_that_cannot_work_does_not_start(merchant, wrong, reason):
    assert_refused(refusal(**merchant | wrong), reason)


def test_the_application_s_own_public_key_is_not_taken_for_alipays(merchant):
    private = merchant["ALIPAY_PRIVATE_KEY"].replace("\\n", "\n").encode()
    public = serialization.load_pem_private_key(private, None).public_key()
    own = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()

    assert_refused(
        refusal(**merchant | {"ALIPAY_PUBLIC_KEY": own}),
        "ALIPAY_PUBLIC_KEY is the application's own public key.",
    )


def test_a_gateway_on_this_machine_may_be_reached_by_http(merchant):
    said = refusal(**merchant | {"ALIPAY_GATEWAY": "http://127.0.0.1:9000/gateway.do"})

    assert said == ""


def wechat(merchant: dict[str, str]) -> dict[str, str]:
    """The same merchant at WeChat Pay only."""
    own = {name: value for name, value in merchant.items() if not name.startswith("ALIPAY")}
    return own | {
        "WECHATPAY_MCHID": "1900000001",
        "WECHATPAY_APPID": "wx0000000000000001",
        "WECHATPAY_SERIAL": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "WECHATPAY_PRIVATE_KEY": merchant["ALIPAY_PRIVATE_KEY"],
        "WECHATPAY_APIV3_KEY": "0123456789abcdef0123456789abcdef",
        "WECHATPAY_PUBLIC_KEY_ID": "PUB_KEY_ID_0114232134912410000000000001",
        "WECHATPAY_PUBLIC_KEY": merchant["ALIPAY_PUBLIC_KEY"],
    }


def test_a_merchant_of_wechat_passes(merchant):
    said = refusal(**wechat(merchant))

    assert said == ""


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"WECHATPAY_APIV3_KEY": ""}, "WeChat Pay is set in part: WECHATPAY_APIV3_KEY is missing."),
        ({"WECHATPAY_APIV3_KEY": "short"}, "WECHATPAY_APIV3_KEY must have exactly 32 characters."),
        ({"WECHATPAY_PUBLIC_KEY_ID": "5157F0"}, "WECHATPAY_PUBLIC_KEY_ID must be as in PUB_KEY_ID"),
        ({"WECHATPAY_MCHID": "shop"}, "WECHATPAY_MCHID must be the merchant's number"),
        ({"WECHATPAY_GATEWAY": "ftp://x"}, "WECHATPAY_GATEWAY must be as in https://"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL is not set, and no gateway could send"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_merchant_of_wechat_that_cannot_work_does_not_start(merchant, wrong, reason):
    assert_refused(refusal(**wechat(merchant) | wrong), reason)
