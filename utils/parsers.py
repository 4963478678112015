"""Reads a request body as JSON; anything else is the client's error."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class JSONParser(BaseParser):
    """A JSON object in UTF-8. DRF's own parser trusts the charset of the Content-Type, and crashes
    with a RecursionError on a body nested a hundred thousand deep; this one answers 400 to both."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            parsed = json.loads(stream.read().decode(), parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError("请求体不是合法的JSON") from error
        if not isinstance(parsed, dict):
            raise ParseError("请求体必须是JSON对象")
        return parsed


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
