"""The state of a settlement, as an HTTP ETag (contract §3): two tabs that meet."""

import hashlib
import json

from django.utils.http import parse_etags

from api.errors import SettlementChanged
from api.stores.settlement import SettlementIndex
from api.stores.snapshot import SettlementSnapshot


def etag_of(index: SettlementIndex, snapshot: SettlementSnapshot) -> str:
    """Another one with every settlement and every choice, whoever made it."""
    choices = [course.default_coupon for course in snapshot.course_list]
    state = (index.settlement, index.revision, snapshot.default_coupon, choices)
    return f'"{hashlib.sha256(json.dumps(state).encode()).hexdigest()[:32]}"'


def require_match(
    index: SettlementIndex, snapshot: SettlementSnapshot, if_match: str | None
) -> None:
    """Raises SettlementChanged unless the settlement is in the state that the header `If-Match`
    names; without the header, nothing is required."""
    if if_match is None:
        return
    wanted = parse_etags(if_match)
    if "*" not in wanted and etag_of(index, snapshot) not in wanted:
        raise SettlementChanged
