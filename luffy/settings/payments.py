"""Money that comes in: the merchant accounts, and where their gateways reach the service.

Keys are PEM, Alipay's bare base64, or the name of a file with either. docs/payments.md has the
steps to switch a merchant on.
"""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from luffy.settings.environment import LONGEST_WAIT, VAR_DIR, env, number
from luffy.settings.keys import alipay_certs, private_key, public_key, same_pair
from luffy.settings.web import DEBUG, SHOP

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def address(name: str, default: str) -> str:
    """The address in the environment variable `name`: https, or http on this machine."""
    said: str = env.str(name, default=default).strip()
    try:
        parts = urlsplit(said)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ImproperlyConfigured(f"{name} is no address: {said!r}") from None
    plain = parts.scheme == "http" and host in LOOPBACK
    wrong = not host or parts.query or parts.fragment or not (parts.scheme == "https" or plain)
    if said and wrong:
        raise ImproperlyConfigured(
            f"{name} must be as in https://pay.example.com/path, http only on this machine: "
            f"{said!r}"
        )
    return said


def whole(channel: str, needed: dict[str, str]) -> bool:
    """Whether a merchant is set. Raises ImproperlyConfigured where only a part of it is."""
    missing = [name for name, value in needed.items() if not value]
    if missing and len(missing) < len(needed):
        raise ImproperlyConfigured(f"{channel} is set in part: {', '.join(missing)} is missing.")
    return not missing


def matching(name: str, value: str, pattern: str, what: str) -> None:
    """Raises ImproperlyConfigured where there is a value, and it is not of the pattern."""
    if value and not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name} must be {what}: {value!r}")


# Seconds to reach a gateway, and that its answer may take.
GATEWAY_CONNECT_TIMEOUT = number("GATEWAY_CONNECT_TIMEOUT", 2, at_least=1, at_most=LONGEST_WAIT)
GATEWAY_TIMEOUT = number("GATEWAY_TIMEOUT", 5, at_least=1, at_most=LONGEST_WAIT)

ALIPAY_APP_ID: str = env.str("ALIPAY_APP_ID", default="")
ALIPAY_SELLER_ID: str = env.str("ALIPAY_SELLER_ID", default="")
ALIPAY_PRIVATE_KEY = private_key("ALIPAY_PRIVATE_KEY")
ALIPAY_PUBLIC_KEY = public_key("ALIPAY_PUBLIC_KEY")
# Instead of ALIPAY_PUBLIC_KEY, in certificate mode (公钥证书).
ALIPAY_CERTS = alipay_certs(ALIPAY_PRIVATE_KEY, ALIPAY_PUBLIC_KEY)
ALIPAY_PUBLIC_KEY = ALIPAY_CERTS.public_key if ALIPAY_CERTS else ALIPAY_PUBLIC_KEY
ALIPAY_GATEWAY = address("ALIPAY_GATEWAY", "https://openapi.alipay.com/gateway.do")
ALIPAY = whole(
    "Alipay",
    {
        "ALIPAY_APP_ID": ALIPAY_APP_ID,
        "ALIPAY_SELLER_ID": ALIPAY_SELLER_ID,
        "ALIPAY_PRIVATE_KEY": ALIPAY_PRIVATE_KEY,
        "ALIPAY_PUBLIC_KEY": ALIPAY_PUBLIC_KEY,
    },
)
matching("ALIPAY_APP_ID", ALIPAY_APP_ID, r"[0-9]{8,32}", "the application's number")
matching("ALIPAY_SELLER_ID", ALIPAY_SELLER_ID, r"2088[0-9]{12}", "a partner id, 2088 and 12 digits")


if (
    ALIPAY
    and ALIPAY_GATEWAY.startswith("https:")
    and same_pair(ALIPAY_PRIVATE_KEY, ALIPAY_PUBLIC_KEY)
):
    raise ImproperlyConfigured(
        "ALIPAY_PUBLIC_KEY is the application's own public key. What is wanted is Alipay's "
        "(支付宝公钥), which its open platform shows once it has the application's."
    )

WECHATPAY_MCHID: str = env.str("WECHATPAY_MCHID", default="")
WECHATPAY_APPID: str = env.str("WECHATPAY_APPID", default="")
WECHATPAY_SERIAL: str = env.str("WECHATPAY_SERIAL", default="")
WECHATPAY_PRIVATE_KEY = private_key("WECHATPAY_PRIVATE_KEY")
WECHATPAY_APIV3_KEY: str = env.str("WECHATPAY_APIV3_KEY", default="")
WECHATPAY_PUBLIC_KEY_ID: str = env.str("WECHATPAY_PUBLIC_KEY_ID", default="")
WECHATPAY_PUBLIC_KEY = public_key("WECHATPAY_PUBLIC_KEY")
WECHATPAY_GATEWAY = address("WECHATPAY_GATEWAY", "https://api.mch.weixin.qq.com").rstrip("/")
WECHATPAY = whole(
    "WeChat Pay",
    {
        "WECHATPAY_MCHID": WECHATPAY_MCHID,
        "WECHATPAY_APPID": WECHATPAY_APPID,
        "WECHATPAY_SERIAL": WECHATPAY_SERIAL,
        "WECHATPAY_PRIVATE_KEY": WECHATPAY_PRIVATE_KEY,
        "WECHATPAY_APIV3_KEY": WECHATPAY_APIV3_KEY,
        "WECHATPAY_PUBLIC_KEY_ID": WECHATPAY_PUBLIC_KEY_ID,
        "WECHATPAY_PUBLIC_KEY": WECHATPAY_PUBLIC_KEY,
    },
)
matching("WECHATPAY_MCHID", WECHATPAY_MCHID, r"[0-9]{8,32}", "the merchant's number")
matching(
    "WECHATPAY_SERIAL", WECHATPAY_SERIAL, r"[0-9A-Fa-f]{8,64}", "a certificate's serial number"
)
matching(
    "WECHATPAY_PUBLIC_KEY_ID",
    WECHATPAY_PUBLIC_KEY_ID,
    r"PUB_KEY_ID_[0-9]+",
    "as in PUB_KEY_ID_0114…",
)
if WECHATPAY_APIV3_KEY and not re.fullmatch(r"[!-~]{32}", WECHATPAY_APIV3_KEY):
    raise ImproperlyConfigured("WECHATPAY_APIV3_KEY must have exactly 32 characters.")

# Where the gateways send their notifications, and the browser comes back to.
PUBLIC_URL = address("PUBLIC_URL", "").rstrip("/")
if not PUBLIC_URL:
    if ALIPAY or WECHATPAY:
        raise ImproperlyConfigured(
            "PUBLIC_URL is not set, and no gateway could send its notifications. Give the address "
            "of this service as the internet sees it, as in https://shop.example.com."
        )
    if DEBUG:
        PUBLIC_URL = "http://127.0.0.1:8000"

# The page of an order, where the browser is led after paying. Empty: the
# learner's pages' own; without those the API's.
FRONTEND_ORDER_URL: str = env.str("FRONTEND_ORDER_URL", default="")
if FRONTEND_ORDER_URL and (
    FRONTEND_ORDER_URL.count("%s") != 1
    or "%" in FRONTEND_ORDER_URL.replace("%s", "")
    or not re.match(r"https?://[^/\s]+", FRONTEND_ORDER_URL)
):
    raise ImproperlyConfigured(
        "FRONTEND_ORDER_URL must be as in https://www.example.com/order/%s, with one %s for the "
        "order's number."
    )
if SHOP and not FRONTEND_ORDER_URL:
    FRONTEND_ORDER_URL = "/order/%s"

# The gateway that runs here: on a developer's machine, for a channel whose merchant is not set.
LOCAL_ALIPAY = DEBUG and not ALIPAY
LOCAL_WECHATPAY = DEBUG and not WECHATPAY
LOCAL_GATEWAY = LOCAL_ALIPAY or LOCAL_WECHATPAY  # whether it is served
LOCAL_GATEWAY_DIR = VAR_DIR / "gateway"  # its keys and its trades
