"""How a table keeps tokens: by their hash, so that who reads it cannot log in (contract §2)."""

import base64
import hashlib
import re
import secrets

PREFIX = "h:"
_TOKEN = re.compile(r"[!-~]{1,64}")  # the column's length; anything else cannot be one of ours
_BYTES = 32


def new_token() -> str:
    """A token nobody can guess: 43 characters, for its owner alone."""
    return secrets.token_urlsafe(_BYTES)


def stored(token: str) -> str:
    """What the table holds in the place of the token."""
    digest = hashlib.sha256(token.encode()).digest()
    return PREFIX + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def may_be_stored_as(token: str) -> tuple[str, str] | None:
    """What the table may hold for a client's token: its hash, or, from another program, itself.
    None for what is no token, or is a hash that somebody read in the table."""
    if not _TOKEN.fullmatch(token) or token.startswith(PREFIX):
        return None
    return stored(token), token
