"""How answers are shaped: by serializers, whose fields describe them, and whose values are plain.

REST framework builds a serializer's fields anew for each request and asks each of them for its
value; that takes longer than everything else of a light request. So an answer shapes itself in
`shape`, and its fields stand for the description of the API (a test holds the two together).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.db.models import Model
from rest_framework import serializers


class Shown(serializers.Serializer[Any]):
    """An answer, or a part of one: `shape` gives the values of the declared fields."""

    def shape(self, value: Any) -> dict[str, Any]:
        raise NotImplementedError

    def to_representation(self, value: Any) -> dict[str, Any]:
        return self.shape(value)


M = TypeVar("M", bound=Model)


# Part of an answer, from a row of a table: read-only, every field is always there, and the model's
# fields describe it. This is no docstring, because docstrings of serializers appear in the
# description of the API, for front-end developers.
class RowShown(serializers.ModelSerializer[M]):
    def get_extra_kwargs(self) -> dict[str, Any]:
        return {name: {"read_only": True} for name in self.Meta.fields}

    def shape(self, row: Any) -> dict[str, Any]:
        """The fields as the row has them, where nothing else is said."""
        return {name: row[name] for name in self.Meta.fields}

    def to_representation(self, value: Any) -> dict[str, Any]:
        return self.shape(value)


def word(words: Mapping[int, str], value: int) -> str:
    """The word for a value of choices; one that has none, another program's, stands for itself."""
    return words.get(value) or str(value)


class MoneyField(serializers.DecimalField):
    """元, as a text with two places."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=2, **kwargs)


def money(yuan: Decimal | None) -> str | None:
    """元 as an answer has them."""
    if yuan is None:
        return None
    text = str(yuan)
    # Nearly always: to format a Decimal takes ten times as long.
    return text if text[-3:-2] == "." else f"{yuan:.2f}"


def image_url(img: str, context: Mapping[str, Any]) -> str:
    """The address of a picture: as it is where it is one; otherwise behind MEDIA_URL, with the
    request's host where that has none."""
    if not img or img.startswith(("http://", "https://", "//")):
        return img
    url = settings.MEDIA_URL + quote(img.lstrip("/"))
    request = context.get("request")
    return str(request.build_absolute_uri(url)) if request else url
