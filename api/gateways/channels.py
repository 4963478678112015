"""The gateway of each channel, as the settings have it: the merchant's, or, on a developer's
machine without one, the gateway that runs here."""

from typing import Any

from django.conf import settings

from api.gateways.alipay.client import Alipay, Merchant
from api.gateways.base import Gateway
from api.gateways.local import keys
from api.gateways.wechat import client as wechat
from api.gateways.wechat.client import WechatPay

ALIPAY, WECHAT = "alipay", "wechat"
CHANNELS = (ALIPAY, WECHAT)


def gateway_of(channel: str) -> Gateway | None:
    """None for a channel without a merchant, and for one that is no gateway's (money at the
    desk)."""
    if channel == ALIPAY and settings.ALIPAY:
        return Alipay(_alipay_merchant())
    if channel == ALIPAY and settings.LOCAL_ALIPAY:
        return Alipay(_local_alipay_merchant())
    if channel == WECHAT and settings.WECHATPAY:
        return WechatPay(_wechat_merchant())
    if channel == WECHAT and settings.LOCAL_WECHATPAY:
        return WechatPay(_local_wechat_merchant())
    return None


def is_local(channel: str) -> bool:
    """Whether it is the gateway that runs here, in the very service that asks it."""
    return bool({ALIPAY: settings.LOCAL_ALIPAY, WECHAT: settings.LOCAL_WECHATPAY}.get(channel))


def _alipay_merchant() -> Merchant:
    return Merchant(
        app_id=settings.ALIPAY_APP_ID,
        seller_id=settings.ALIPAY_SELLER_ID,
        private_key=settings.ALIPAY_PRIVATE_KEY,
        public_key=settings.ALIPAY_PUBLIC_KEY,
        gateway=settings.ALIPAY_GATEWAY,
        **_cert_numbers(),
        **_ours("alipay"),
    )


def _local_alipay_merchant() -> Merchant:
    pairs = keys.pairs(settings.LOCAL_GATEWAY_DIR)
    return Merchant(
        app_id=keys.APP_ID,
        seller_id=keys.SELLER_ID,
        private_key=pairs.merchant_private,
        public_key=pairs.gateway_public,
        gateway=f"{settings.PUBLIC_URL}/gateway/alipay/gateway.do",
        **_cert_numbers(),
        **_ours("alipay"),
    )


def _wechat_merchant() -> wechat.Merchant:
    return wechat.Merchant(
        mchid=settings.WECHATPAY_MCHID,
        appid=settings.WECHATPAY_APPID,
        serial=settings.WECHATPAY_SERIAL,
        private_key=settings.WECHATPAY_PRIVATE_KEY,
        apiv3_key=settings.WECHATPAY_APIV3_KEY,
        public_key_id=settings.WECHATPAY_PUBLIC_KEY_ID,
        public_key=settings.WECHATPAY_PUBLIC_KEY,
        gateway=settings.WECHATPAY_GATEWAY,
        **_ours("wechatpay"),
    )


def _local_wechat_merchant() -> wechat.Merchant:
    pairs = keys.pairs(settings.LOCAL_GATEWAY_DIR)
    return wechat.Merchant(
        mchid=keys.MCHID,
        appid=keys.APPID,
        serial=keys.SERIAL,
        private_key=pairs.merchant_private,
        apiv3_key=pairs.apiv3_key,
        public_key_id=keys.PUBLIC_KEY_ID,
        public_key=pairs.gateway_public,
        gateway=f"{settings.PUBLIC_URL}/gateway/wechat",
        **_ours("wechatpay"),
    )


def _cert_numbers() -> dict[str, Any]:
    certs = settings.ALIPAY_CERTS
    if certs is None:
        return {}
    return {
        "app_cert_sn": certs.app_sn,
        "root_cert_sn": certs.root_sn,
        "alipay_cert_sn": certs.alipay_sn,
    }


def _ours(name: str) -> dict[str, Any]:
    return {
        "notify_url": f"{settings.PUBLIC_URL}/api/{name}/",
        "return_url": f"{settings.PUBLIC_URL}/api/{name}/",
        "timeout": (settings.GATEWAY_CONNECT_TIMEOUT, settings.GATEWAY_TIMEOUT),
    }
