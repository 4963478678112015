"""Content-Security-Policy: of pages the settings' own, of all else none of a page's rights."""

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class ContentSecurityMiddleware(CSPMiddleware):
    """A view may replace parts of a page's policy by django-csp's decorators."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        if not report_only and not response.get("Content-Type", "").startswith("text/html"):
            return PolicyParts(config=settings.CONTENT_SECURITY_POLICY_OF_DATA)
        return super().get_policy_parts(request, response, report_only)
