"""The shop: the names of its keys in Redis (contract §4), and its limits."""

import re

from django.core.exceptions import ImproperlyConfigured

from luffy.settings.environment import env, number
from luffy.settings.redis import REDIS_CLUSTER


def key_template(name: str, default: str, *, ids: int) -> str:
    """A template of Redis key names: each `%s` takes an id (contract: user id, course id)."""
    template: str = env.str(name, default=default)
    if template.replace("%s", "").count("%") or template.count("%s") != ids:
        raise ImproperlyConfigured(f"{name} must hold exactly {ids} times %s: {template!r}")
    if re.search(r"%s\d*%s", template):  # account 1's course 11 would be account 11's course 1
        raise ImproperlyConfigured(f"{name} must keep the two %s apart: {template!r}")
    return template


def apart(*templates: str) -> bool:
    """Whether no key of one template can be a key of another, whatever the ids."""
    patterns = [re.escape(template).replace("%s", "[0-9]+") for template in templates]
    keys = [template.replace("%s", "1") for template in templates]
    return all(sum(bool(re.fullmatch(pattern, key)) for pattern in patterns) == 1 for key in keys)


def in_one_slot(*templates: str) -> bool:
    """Whether a Redis Cluster keeps an account's keys of these templates together: where they have
    the same hash tag, the first {…}, and in it the account's %s, which is a template's first."""
    tagged = [re.match(r"[^{%]*\{([^}%]*%s[^}%]*)\}", template) for template in templates]
    return len({match and match[1] for match in tagged}) == 1 and None not in tagged


SHOPPING_CAR_KEY = key_template("SHOPPING_CAR_KEY", "luffy_shopping_car_%s_%s", ids=2)
SHOPPING_CAR_INDEX_KEY = key_template("SHOPPING_CAR_INDEX_KEY", "luffy_car_index_%s", ids=1)
PAYMENT_KEY = key_template("PAYMENT_KEY", "luffy_payment_%s_%s", ids=2)
PAYMENT_COUPON_KEY = key_template("PAYMENT_COUPON_KEY", "luffy_payment_coupon_%s", ids=1)
if not apart(SHOPPING_CAR_KEY, SHOPPING_CAR_INDEX_KEY, PAYMENT_KEY, PAYMENT_COUPON_KEY):
    raise ImproperlyConfigured(
        "SHOPPING_CAR_KEY, SHOPPING_CAR_INDEX_KEY, PAYMENT_KEY and PAYMENT_COUPON_KEY must not "
        "make the same key: a settlement would overwrite a car."
    )
if REDIS_CLUSTER and not (
    in_one_slot(SHOPPING_CAR_KEY, SHOPPING_CAR_INDEX_KEY)
    and in_one_slot(PAYMENT_KEY, PAYMENT_COUPON_KEY)
):
    raise ImproperlyConfigured(
        "REDIS_CLUSTER is on: an account's keys must share a slot. Give SHOPPING_CAR_KEY and "
        "SHOPPING_CAR_INDEX_KEY the same hash tag around the account's %s, and PAYMENT_KEY and "
        "PAYMENT_COUPON_KEY too, as in luffy_payment_{%s}_%s and luffy_payment_coupon_{%s}."
    )
SHOPPING_CAR_MOST = number("SHOPPING_CAR_MOST", 100, at_least=1)  # courses in one car
PAYMENT_TTL = number("PAYMENT_TTL", 7 * 24 * 3600)  # seconds a settlement lives; 0: for ever
# Days after paying that a refund can be asked for.
REFUND_DAYS = number("REFUND_DAYS", 7, at_most=36_500)
ORDER_TTL = number("ORDER_TTL", 1800, at_least=1)  # seconds an order waits to be paid

# Of one account (utils/limits/claims.py).
CLAIMS_PER_MINUTE = number("CLAIMS_PER_MINUTE", 60, at_least=1)
CODE_GUESSES_PER_MINUTE = number("CODE_GUESSES_PER_MINUTE", 10, at_least=1)  # wrong ones
