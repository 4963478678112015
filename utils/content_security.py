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
        # A view's own policy is also its 304's, which has no type: a browser puts the headers of
        # that in the place of those it kept with the page.
        own = hasattr(response, "_csp_config")
        is_page = response.get("Content-Type", "").startswith("text/html")
        if not report_only and not own and not is_page:
            return PolicyParts(config=settings.CONTENT_SECURITY_POLICY_OF_DATA)
        return super().get_policy_parts(request, response, report_only)
