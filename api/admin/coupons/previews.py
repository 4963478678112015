"""A preview of issuing, kept until the manager confirms it.

It waits in the cache under a token that nobody can guess, for the manager who made it, with the
coupon's terms that he saw. It stays until then: what was issued under its token is in the database,
and a second try finds it there.
"""

import secrets
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.cache import cache

from api.models import Coupon, IssueBatch
from api.rules.coupons import Scope, Terms, UseDays, Worth
from api.services.coupons.issuing import Audience

KEPT_FOR = 3600  # seconds between preview and confirmation


class Preview(NamedTuple):
    audience: Audience
    terms: Terms
    source: IssueBatch.Source = IssueBatch.Source.OTHER


def keep(
    audience: Audience,
    coupon: Coupon,
    *,
    manager_id: int,
    source: IssueBatch.Source = IssueBatch.Source.OTHER,
) -> str:
    """Answers the token that `find` asks for."""
    token = secrets.token_urlsafe(16)
    preview = Preview(audience, coupon.terms, source)
    cache.set(_key(manager_id, coupon, token), _to_json(preview), KEPT_FOR)
    return token


def find(token: str, coupon: Coupon, *, manager_id: int) -> Preview | None:
    """None if there is no such preview, or if it has expired."""
    kept = cache.get(_key(manager_id, coupon, token))
    return _from_json(kept) if kept else None


def _key(manager_id: int, coupon: Coupon, token: str) -> str:
    return f"desk:preview:{manager_id}:{coupon.pk}:{token}"


def _to_json(preview: Preview) -> dict[str, Any]:
    audience, terms, source = preview
    worth, days = terms.worth, terms.days
    return {
        "account_ids": None if audience.account_ids is None else list(audience.account_ids),
        "again": audience.again,
        "source": source.value,
        "worth": [
            worth.coupon_type.value,
            str(worth.money_equivalent_value),
            str(worth.minimum_consume),
            worth.off_percent,
            None if worth.max_off is None else str(worth.max_off),
        ],
        "dates": [day and day.isoformat() for day in (days.valid_begin_date, days.valid_end_date)],
        "valid_days": days.coupon_valid_days,
        "scope": terms.scope.value,
        "course_id": terms.course_id,
    }


def _from_json(kept: dict[str, Any]) -> Preview:
    account_ids = kept["account_ids"]
    audience = Audience(
        None if account_ids is None else tuple(account_ids),
        again=kept["again"],
    )
    # One that was kept before there was a most has four.
    kind, money, minimum, percent, most = [*kept["worth"], None][:5]
    begin, end = (day and date.fromisoformat(day) for day in kept["dates"])
    terms = Terms(
        worth=Worth.of(
            kind, Decimal(money), Decimal(minimum), percent, None if most is None else Decimal(most)
        ),
        days=UseDays(begin, end, kept["valid_days"]),
        scope=Scope(kept["scope"]),
        course_id=kept["course_id"],
    )
    return Preview(audience, terms, IssueBatch.Source(kept["source"]))
