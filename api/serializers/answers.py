"""How answers are shaped: by serializers, whose fields describe them, and whose values are plain.

REST framework builds a serializer's fields anew for each request and asks each of them for its
value; that takes longer than everything else of a light request. So an answer shapes itself in
`shape`, and its fields stand for the description of the API (a test holds the two together).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.conf import settings
from rest_framework import serializers


class Shown(serializers.Serializer[Any]):
    """An answer, or a part of one: `shape` gives the values of the declared fields."""

    def shape(self, value: Any) -> dict[str, Any]:
        raise NotImplementedError

    def to_representation(self, value: Any) -> dict[str, Any]:
        return self.shape(value)


class MoneyField(serializers.DecimalField):
    """元, as a text with two places."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=2, **kwargs)


def money(yuan: Decimal | None) -> str | None:
    """元 as an answer has them."""
    return None if yuan is None else f"{yuan:.2f}"


def image_url(img: str, context: Mapping[str, Any]) -> str:
    """The address of a picture: as it is where it is one; otherwise behind MEDIA_URL, with the
    request's host where that has none."""
    if not img or img.startswith(("http://", "https://", "//")):
        return img
    url = settings.MEDIA_URL + quote(img.lstrip("/"))
    request = context.get("request")
    return str(request.build_absolute_uri(url)) if request else url
