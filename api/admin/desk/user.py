from typing import Any


def user_id(request: Any) -> int:
    """The id of the user. There always is one: the desk's pages are for people logged in."""
    pk: int = request.user.pk
    return pk
