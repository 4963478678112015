"""/api/schema/ and /api/docs/: the description, and a page to read and try it."""

from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from api.schema import accounts, cars, courses, orders, payment

DESCRIBED = (accounts, cars, courses, orders, payment)  # importing them has described the views


class SchemaView(SpectacularAPIView):
    """The description, as JSON."""

    renderer_classes = [OpenApiJsonRenderer2]


class DocsView(SpectacularSwaggerView):
    """Swagger UI. Everything it loads comes from this host."""
