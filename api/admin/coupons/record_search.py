"""Finding coupon records by the beginning of their number or of their owner's name."""

from django.db.models import Q, QuerySet

from api.models import Account, CouponRecord

NAMES_SEARCHED = 1_000


def accounts_named(beginning: str) -> list[int]:
    """The accounts of such a name: NAMES_SEARCHED of them, and one more where there are more."""
    named = Account.objects.filter(username__startswith=beginning).values_list("pk", flat=True)
    return list(named[: NAMES_SEARCHED + 1])


def finds_too_many(term: str) -> bool:
    """Whether more accounts have such a name than a search looks through."""
    return can_be_found(term) and len(accounts_named(term)) > NAMES_SEARCHED


def can_be_found(term: str) -> bool:
    return bool(term) and "\0" not in term  # PostgreSQL holds no NUL, and refuses to look for one


def numbered_or_owned(
    records: QuerySet[CouponRecord], beginning: str, accounts: list[int]
) -> QuerySet[CouponRecord]:
    """The number and the owner have an index each. The owners are looked up before: a search
    across the join would read both tables."""
    # The desk's own numbers are upper-case; those of other programs are what they are.
    numbered = Q(number__startswith=beginning) | Q(number__startswith=beginning.upper())
    return records.filter(numbered | Q(account_id__in=accounts[:NAMES_SEARCHED]))
