from typing import Any


def user_id(request: Any) -> int:
    """Who asks. There is always somebody: the desk's pages open to nobody else."""
    pk: int = request.user.pk
    return pk
