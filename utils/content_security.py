"""Content-Security-Policy: of pages the settings' own, of all else none of a page's rights."""

from dataclasses import asdict
from functools import cache

from csp.constants import HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class ContentSecurityMiddleware(CSPMiddleware):
    """A view may replace parts of a page's policy by django-csp's decorators."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        # A view's own policy is also its 304's, which has no type: a browser puts the headers of
        # that in the place of those it kept with the page.
        own = hasattr(response, "_csp_config")
        if own or response.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        response.setdefault(HEADER, _of_data())
        return response


@cache
def _of_data() -> str:
    """It is the same for every answer of the API, and to write it takes longer than to send it."""
    parts = PolicyParts(config=settings.CONTENT_SECURITY_POLICY_OF_DATA)
    return build_policy(**asdict(parts))
