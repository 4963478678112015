"""Lists some of whose rows are in the archive, and say so."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from api.admin.desk.base import LongListAdmin
from api.services.archive.shown import gone_before


class ArchivedListAdmin(LongListAdmin):
    """A month that was archived must not look like one in which nothing happened."""

    archived_sort: str
    list_before_template = "admin/archived.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"archived_before": gone_before(self.archived_sort), **(extra_context or {})}
        return super().changelist_view(request, context)
