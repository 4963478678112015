"""Finding the rows of accounts by the beginning of a number or of the account's name."""

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from api.models import Account

NAMES_SEARCHED = 1_000


def accounts_named(beginning: str) -> list[int]:
    """The accounts of such a name: NAMES_SEARCHED of them, and one more where there are more."""
    named = Account.objects.filter(username__startswith=beginning).values_list("pk", flat=True)
    return list(named[: NAMES_SEARCHED + 1])


def finds_too_many(term: str) -> bool:
    """Whether more accounts have such a name than a search looks through."""
    return _can_be_found(term) and len(accounts_named(term)) > NAMES_SEARCHED


def numbered_or_owned(
    request: HttpRequest, rows: QuerySet[Any], search_term: str, *number_fields: str
) -> QuerySet[Any]:
    """All rows, if there is no term. The manager is told if a name is too short to find all of
    its accounts.

    Each of the conditions has an index. The accounts are looked up before: a condition across the
    join would read both tables from end to end.
    """
    term = search_term.strip()
    if not _can_be_found(term):
        return rows.none() if term else rows
    accounts = accounts_named(term)
    if len(accounts) > NAMES_SEARCHED:
        text = f"以“{term}”开头的账户超过{NAMES_SEARCHED}个，请输入更完整的用户名。"
        messages.warning(request, text)
    found = Q(account_id__in=accounts[:NAMES_SEARCHED])
    for field in number_fields:
        # Our own numbers are upper-case; those of other programs are what they are.
        found |= Q(**{f"{field}__startswith": term}) | Q(**{f"{field}__startswith": term.upper()})
    return rows.filter(found)


def _can_be_found(term: str) -> bool:
    return bool(term) and "\0" not in term  # PostgreSQL holds no NUL, and refuses to look for one
