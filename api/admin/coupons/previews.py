"""A preview of issuing, kept until the manager confirms it.

It waits in the cache under a token that nobody can guess, for the manager who made it, with the
coupon's terms that he saw. It stays until then: what was issued under its token is in the database,
and a second try finds it there.
"""

import secrets
from datetime import datetime
from typing import Any, NamedTuple

from django.core.cache import cache

from api.models import Coupon, IssueBatch
from api.rules.coupons import Terms
from api.services.coupons import as_json
from api.services.coupons.audiences import Audience

KEPT_FOR = 3600  # seconds between preview and confirmation


class Preview(NamedTuple):
    """`at` is when it is to be issued; None: as soon as it is confirmed."""

    audience: Audience
    terms: Terms
    source: IssueBatch.Source = IssueBatch.Source.OTHER
    at: datetime | None = None


def keep(
    audience: Audience,
    coupon: Coupon,
    *,
    manager_id: int,
    source: IssueBatch.Source = IssueBatch.Source.OTHER,
    at: datetime | None = None,
) -> str:
    """Answers the token that `find` asks for."""
    token = secrets.token_urlsafe(16)
    preview = Preview(audience, coupon.terms, source, at)
    cache.set(_key(manager_id, coupon, token), _to_json(preview), KEPT_FOR)
    return token


def find(token: str, coupon: Coupon, *, manager_id: int) -> Preview | None:
    """None if there is no such preview, or if it has expired."""
    kept = cache.get(_key(manager_id, coupon, token))
    return _from_json(kept) if kept else None


def _key(manager_id: int, coupon: Coupon, token: str) -> str:
    return f"desk:preview:{manager_id}:{coupon.pk}:{token}"


def _to_json(preview: Preview) -> dict[str, Any]:
    """What is planned stands a level lower: a release from before, which knows no plans, must not
    find there what it would issue at once."""
    audience, terms = as_json.of_audience(preview.audience), as_json.of_terms(preview.terms)
    kept = audience | terms | {"source": preview.source.value}
    return kept if preview.at is None else {"at": preview.at.isoformat(), "planned": kept}


def _from_json(kept: dict[str, Any]) -> Preview:
    at = datetime.fromisoformat(kept["at"]) if "at" in kept else None
    kept = kept.get("planned", kept)
    source = IssueBatch.Source(kept["source"])
    return Preview(as_json.audience_of(kept), as_json.terms_of(kept), source, at)
