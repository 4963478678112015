"""What drf-spectacular cannot guess about this service."""

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema

from api.serializers.fields import IdField, IdOrNothingField, NumberField
from api.serializers.order import ConsentMoneyField

_DIGITS = {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}
_DIGITS_OR_ZERO = {"type": "string", "pattern": "^(0|[1-9][0-9]{0,17})$"}


class Schema(AutoSchema):
    """Two corrections: a token is never optional where an endpoint needs one, and a DELETE may have
    a body."""

    def get_auth(self) -> list[dict[str, Any]]:
        return [way for way in super().get_auth() if way]  # {}: none is needed

    # drf-spectacular declares None, and takes a text.
    def get_description(self) -> str:  # type: ignore[override]
        return ""  # not the view's docstring, which speaks of all its methods at once

    def _get_request_body(self, direction: str = "request") -> Any:
        asked_by, self.method = self.method, "POST" if self.method == "DELETE" else self.method
        try:  # the original knows no body of a DELETE
            # drf-spectacular has no types here.
            body: Any = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = asked_by
        return body and body | {"required": True}


class TokenSchemes(OpenApiAuthenticationExtension):
    """The three ways of giving the token (contract §2)."""

    target_class = "utils.auth.LuffyAuth"
    name = ["token", "bearer", "query"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return [{name: []} for name in self.name]  # one of them is enough

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        header = {"type": "apiKey", "in": "header", "name": "Authorization"}
        return [
            header | {"description": "`Token …`, with the word before the token"},
            {"type": "http", "scheme": "bearer"},
            {"type": "apiKey", "in": "query", "name": "token", "description": "Others may log it"},
        ]


class IdFields(OpenApiSerializerFieldExtension):
    """Ids and other whole numbers: an integer, or a string of digits that says one."""

    target_class = IdField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        field = self.target
        number = {"type": "integer", "minimum": field.smallest, "maximum": field.largest}
        if isinstance(field, NumberField):  # in a query string, where every value is a text
            return number
        digits = _DIGITS if field.smallest else _DIGITS_OR_ZERO
        nothing = [{"enum": [0, ""]}] if isinstance(field, IdOrNothingField) else []
        return {"anyOf": [number, digits, *nothing]}


class ConsentMoney(OpenApiSerializerFieldExtension):
    """A sum of 元: a number, or a text that says one."""

    target_class = ConsentMoneyField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        text = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,2})?$"}
        return {"anyOf": [{"type": "number", "minimum": 0, "multipleOf": 0.01}, text]}
