"""How often somebody may try to log in: so many times a minute for a name from an address, and
SHARED times as often for a name from anywhere, or for any name from an address. So strangers cannot
lock an account's owner out with ten wrong passwords, nor a classroom behind one address itself.

Logging in to the API, logging in to the admin and registering are counted apart. The counts are in
Redis, so they hold across all worker processes. When Redis is out of reach its error is raised, and
nobody gets in uncounted.
"""

import hashlib
import json

from django.conf import settings

from utils.addresses import counted_as
from utils.limits import counts
from utils.usernames import key

API, ADMIN, REGISTER = "api", "admin", "register"
SHARED = 10


def count_attempt(door: str, *, name: str, address: str) -> None:
    """Counts one attempt, before the password is looked at. `door` is API, ADMIN
    or REGISTER.

    Raises TooManyAttempts if one of the counts is used up within the last 60 seconds; refused
    attempts do not prolong the wait.
    """
    for most, whose in _counts(door, name, counted_as(address)):
        # Hashed: what was typed into the field may be of any length, or a password.
        counted = ("login", door, hashlib.sha256(json.dumps(whose).encode()).hexdigest())
        counts.hit(most, counted)


def _counts(door: str, name: str, address: str) -> list[tuple[int, dict[str, str]]]:
    """How many attempts at most, and whose. The narrowest first: what it refuses does not use up
    the others."""
    most = settings.LOGIN_ATTEMPTS_PER_MINUTE
    if door == REGISTER:  # where every attempt has another name
        return [(most, {"address": address})]
    return [
        (most, {"name": key(name), "address": address}),
        (most * SHARED, {"address": address}),
        (most * SHARED, {"name": key(name)}),
    ]
