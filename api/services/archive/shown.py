"""What the desk says of rows that it cannot show any more."""

from datetime import date

from django.db.models import Max

from api.models import ArchivedFile


def gone_before(sort: str) -> date | None:
    """The day before which rows of this sort (`choosing.SORTS`) may be in the archive; None where
    none is. One query."""
    gone = ArchivedFile.objects.filter(rows__has_key=sort, restored_at=None)
    day: date | None = gone.aggregate(day=Max("before"))["day"]
    return day
