"""Lists by page (contract §9)."""

from typing import Any

from rest_framework import serializers

from api.serializers.answers import Shown
from api.serializers.fields import NumberField
from api.services.pages import Page


class PageQuery(serializers.Serializer[Any]):
    """Which page of a list, and how long it is."""

    page = NumberField(smallest=1, largest=1_000_000, required=False, default=1)
    page_size = NumberField(smallest=1, largest=100, required=False, default=20)


class PageShown(Shown):
    """A page of a list; `results` says what stands in it."""

    count = serializers.IntegerField()
    next = serializers.IntegerField(allow_null=True, help_text="the next page's number")

    def shape(self, page: Page) -> dict[str, Any]:
        results: Any = self.fields["results"]
        one = type(results.child)(context=self.context)
        return {
            "count": page.count,
            "next": page.next,
            "results": [one.shape(row) for row in page.results],
        }
