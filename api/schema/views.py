"""/api/schema/ and /api/docs/: the description, and a page to read and try it."""

import threading
from functools import cache
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request

from api.schema import accounts, cars, coupons, courses, orders, payment

# Importing them has described the views.
DESCRIBED = (accounts, cars, coupons, courses, orders, payment)
_building = threading.Lock()


def description() -> bytes:
    """The description of the API as JSON in UTF-8, the same for everybody. It is built when it is
    asked for first (0.1 s), by one thread: drf-spectacular works on what all threads share."""
    with _building:
        return _built()


@cache
def _built() -> bytes:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    rendered: bytes = OpenApiJsonRenderer2().render(schema)
    return rendered


class SchemaView(SpectacularAPIView):
    """The description, as JSON, whatever else is asked for."""

    renderer_classes = [OpenApiJsonRenderer2]

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse(description(), content_type="application/json")


@method_decorator(csp_replace({"script-src": [SELF]}), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI. Everything it loads comes from this host; its own script too, by this view, for
    no script in the page may run."""
