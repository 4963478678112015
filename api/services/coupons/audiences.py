"""To whom a coupon is handed out, as a value, in words, and as accounts."""

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from api.models import Account
from api.services.coupons import segments
from api.services.coupons.segments import Segment


@dataclass(frozen=True)
class Audience:
    """Who is to get the coupon: these accounts, or those of the segment, or, with neither, every
    account there is. Those who already have it are passed over, unless `again`."""

    account_ids: tuple[int, ...] | None
    again: bool = False
    segment: Segment | None = None

    def __post_init__(self) -> None:
        if self.account_ids is not None and self.segment is not None:
            raise ValueError("an audience is named, or a segment: not both")

    @property
    def is_everyone(self) -> bool:
        return self.account_ids is None and self.segment is None


def members(segment: Segment | None, *, today: date) -> QuerySet[Account]:
    """The accounts of the segment, as the database has them now, or, without one, all."""
    if segment is None:
        return Account.objects.all()
    return segments.accounts_in(segment, today=today)


def in_words(audience: Audience) -> str:
    """全部账户, 指定账户, or the segment: 从未下单. At most one query."""
    again = "，已有的也再发一张" if audience.again else ""
    if audience.segment is not None:
        return segments.in_words(audience.segment) + again
    return ("全部账户" if audience.is_everyone else "指定账户") + again
