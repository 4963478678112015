"""The gateway of each channel, as the settings have it: the merchant's, or, on a developer's
machine without one, the gateway that runs here."""

from typing import Any

from django.conf import settings

from api.gateways.alipay.client import Alipay, Merchant
from api.gateways.base import Gateway
from api.gateways.local import keys

ALIPAY, WECHAT = "alipay", "wechat"
CHANNELS = (ALIPAY, WECHAT)


def gateway_of(channel: str) -> Gateway | None:
    """None for a channel without a merchant, and for one that is no gateway's (money at the
    desk)."""
    if channel == ALIPAY and settings.ALIPAY:
        return Alipay(_alipay_merchant())
    if channel == ALIPAY and settings.LOCAL_ALIPAY:
        return Alipay(_local_alipay_merchant())
    return None


def _alipay_merchant() -> Merchant:
    return Merchant(
        app_id=settings.ALIPAY_APP_ID,
        seller_id=settings.ALIPAY_SELLER_ID,
        private_key=settings.ALIPAY_PRIVATE_KEY,
        public_key=settings.ALIPAY_PUBLIC_KEY,
        gateway=settings.ALIPAY_GATEWAY,
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
        **_ours("alipay"),
    )


def _ours(name: str) -> dict[str, Any]:
    return {
        "notify_url": f"{settings.PUBLIC_URL}/api/{name}/",
        "return_url": f"{settings.PUBLIC_URL}/api/{name}/",
        "timeout": (settings.GATEWAY_CONNECT_TIMEOUT, settings.GATEWAY_TIMEOUT),
    }
