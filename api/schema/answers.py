"""How an operation is described: its request, and the envelope around each of its answers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.views import APIView

from utils.exceptions import HTTP_ERRORS, ShopError, http_failure
from utils.response import ERROR_FIELD, ERROR_NAME, SUCCESS, BaseResponse

Serializer = type[serializers.BaseSerializer[Any]] | serializers.BaseSerializer[Any]

_JSON_TYPES = {str: "string", int: "integer", type(None): "null"}
_HEADERS = [
    OpenApiParameter("WWW-Authenticate", str, OpenApiParameter.HEADER, response=[401]),
    OpenApiParameter(
        "Retry-After", int, OpenApiParameter.HEADER, response=[429], description="In seconds"
    ),
]
_IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the settlement that is meant; refused with 412 if it has changed",
)

_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Up to 255 characters: the same request under the same key is carried out once",
)


@dataclass(frozen=True)
class Operation:
    """One method of an endpoint. `data` is what the envelope of success holds: a serializer, a
    text that it always is, or None. Examples are the demo's."""

    summary: str
    data: Serializer | str | None
    example: Any = None  # of `data`, where it is a serializer
    request: type[serializers.Serializer[Any]] | None = None
    body: Any = None  # an example of the request
    query: type[serializers.Serializer[Any]] | None = None
    refusals: Sequence[type[ShopError]] = ()
    statuses: Sequence[int] = ()  # beyond those that every operation has
    public: bool = False  # no token needed
    token_helps: bool = False  # where none is needed, one's own is shown with it

    def http_statuses(self) -> list[int]:
        """The errors of the HTTP layer that it can answer with."""
        statuses = {400, 405, 413, 429, 503, *self.statuses}
        if self.request:
            statuses.add(415)
        if not self.public or self.token_helps:
            statuses.add(401)
        return sorted(statuses)

    def security(self) -> list[dict[str, Any]] | None:
        """What stands in the place of what the view's authentication says."""
        return [{"token": []}, {"bearer": []}, {"query": []}, {}] if self.token_helps else None


def describe(view: type[APIView], **operations: Operation) -> None:
    """Describes the methods of a view: `get=Operation(…)`."""
    name = view.__name__.removesuffix("Set").removesuffix("View")
    schemas = {
        method: _schema(f"{name}{method.title()}", operation)
        for method, operation in operations.items()
    }
    extend_schema_view(**schemas)(view)


def _schema(name: str, operation: Operation) -> Any:
    return extend_schema(
        operation_id=name,
        summary=operation.summary,
        request=operation.request,
        # It is written as it is; drf-spectacular declares texts.
        auth=operation.security(),  # type: ignore[arg-type]
        parameters=[
            *_HEADERS,
            *_error_headers(operation),
            *([operation.query] if operation.query else []),
            *([_IF_MATCH] if 412 in operation.statuses else []),
            *([_IDEMPOTENCY_KEY] if 422 in operation.statuses else []),
        ],
        responses={
            200: _answer(name, operation),
            **{status: _http_error(status) for status in operation.http_statuses()},
        },
        examples=list(_request_examples(operation)),
    )


def _error_headers(operation: Operation) -> list[OpenApiParameter]:
    """Which refusal it was, and the field of the request that is to blame."""
    refusals = [refusal.name for refusal in operation.refusals]
    statuses = operation.http_statuses()
    names = [*refusals, *(HTTP_ERRORS[status].name for status in statuses)]
    return [
        OpenApiParameter(
            ERROR_NAME,
            str,
            OpenApiParameter.HEADER,
            response=[200, *statuses],
            enum=list(dict.fromkeys(names)),
            description="Of a refusal: which one. A success has none",
        ),
        OpenApiParameter(
            ERROR_FIELD,
            str,
            OpenApiParameter.HEADER,
            response=[200, 400],
            description="The field of the request that is to blame, where one is",
        ),
    ]


def _request_examples(operation: Operation) -> Iterator[OpenApiExample]:
    if operation.body is not None:
        yield OpenApiExample("demo", operation.body, request_only=True)


def _answer(name: str, operation: Operation) -> OpenApiResponse:
    """HTTP 200: success, or one of the refusals."""
    data: Any = operation.data
    constant = data is None or isinstance(data, str)
    held = Constant(data) if constant else data
    success = _envelope(f"{name}Success", SUCCESS, held, Constant(None))
    refusals = [_refusal(r.__name__, r.code, r.message) for r in operation.refusals]
    return OpenApiResponse(
        PolymorphicProxySerializer(
            component_name=f"{name}Answer",
            serializers=[success, *refusals],
            resource_type_field_name=None,
        ),
        description="Success, or what the shop's rules say against it: see `code`",
        examples=[
            OpenApiExample("success", BaseResponse(data if constant else operation.example).dict),
            *_refusal_examples(operation.refusals),
        ],
    )


def _refusal_examples(refusals: Iterable[type[ShopError]]) -> Iterator[OpenApiExample]:
    for refusal in refusals:
        shown = BaseResponse(code=refusal.code, error=refusal.message).dict
        yield OpenApiExample(refusal.__name__, shown)


@cache
def _refusal(name: str, code: int, message: str) -> type[serializers.Serializer[Any]]:
    return _envelope(name, code, Constant(None), Constant(message))


@cache
def _http_error(status: int) -> OpenApiResponse:
    shown: Any = http_failure(status).data
    error = serializers.CharField() if status == 400 else Constant(shown["error"])
    return OpenApiResponse(
        _envelope(f"HTTP{status}", shown["code"], Constant(None), error),
        description=HTTP_ERRORS[status].message,
        examples=[OpenApiExample(str(status), shown)],
    )


def _envelope(
    name: str, code: int, data: Any, error: serializers.Field[Any, Any, Any, Any]
) -> type[serializers.Serializer[Any]]:
    """The component of that name: `{code, data, error}`."""
    held = data() if isinstance(data, type) else data
    fields = {"code": Constant(code), "data": held, "error": error}
    return type(name, (serializers.Serializer,), fields)


class Constant(serializers.Field[Any, Any, Any, Any]):
    """Always the same value."""

    def __init__(self, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value


class ConstantSchema(OpenApiSerializerFieldExtension):
    target_class = Constant

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        value = self.target.value
        kind = {"type": _JSON_TYPES[type(value)]}
        return kind if value is None else kind | {"const": value}
