"""The accounts that are meant by the names in a list."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple, TypeVar

from api.models import Account
from utils.spreadsheets.names import readings

T = TypeVar("T")

BATCH = 5_000  # rows of one statement: none comes near the database's statement timeout
NAME_LENGTH = 64


class AmbiguousName(Exception):
    """A name in a list stands for either of two accounts; `str()` says so."""

    def __init__(self, names: Iterable[str]) -> None:
        named = "和".join(f"“{name}”" for name in names)
        super().__init__(f"{named}都是账户的用户名，无法确定是哪一个，请在页面上搜索选择")


class Found(NamedTuple):
    account_ids: tuple[int, ...]
    unknown: tuple[str, ...]


def ids_of(names: Iterable[str]) -> dict[str, int]:
    """The accounts of exactly these names. A query for every BATCH names."""
    ids: dict[str, int] = {}
    for some in batches([name for name in dict.fromkeys(names) if _can_be_a_name(name)]):
        ids.update(Account.objects.filter(username__in=some).values_list("username", "pk"))
    return ids


def find_accounts(names: Iterable[str]) -> Found:
    """The accounts of these names, each once, in the order given; and the names that no account
    has. A name that nobody has as it is written is also tried in its other readings.

    Raises AmbiguousName. A query for every BATCH names.
    """
    wanted = {name: readings(name) for name in names}
    ids = ids_of(chain.from_iterable(wanted.values()))
    found, unknown = list[int](), list[str]()
    for name, tried in wanted.items():
        accounts = {ids[one]: one for one in tried if one in ids}
        if len(accounts) > 1:
            raise AmbiguousName(accounts.values())
        found += accounts
        if not accounts:
            unknown.append(name)
    return Found(account_ids=tuple(dict.fromkeys(found)), unknown=tuple(unknown))


def batches(items: Sequence[T], size: int = BATCH) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _can_be_a_name(name: str) -> bool:
    """What the column could never hold is unknown without asking the database, which would choke
    on a NUL."""
    return 0 < len(name) <= NAME_LENGTH and "\0" not in name
