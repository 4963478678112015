"""The desk's admin site: unfold's, which also counts attempts to log in.

It is not in api.admin, because Django makes the site before it imports that package, which
registers its pages on the site.
"""

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from utils import scope
from utils.addresses import address_of
from utils.exceptions import TooManyAttempts
from utils.limits.logins import ADMIN, count_attempt
from utils.outages import is_out_of_reach

logger = logging.getLogger(__name__)


class LoginForm(AuthenticationForm):
    """Counts the attempt before it checks the password. `status` is the HTTP status of the answer,
    and `wait` the seconds until the next attempt is allowed."""

    status = 200
    wait: int | None = None

    def clean(self) -> dict[str, Any]:
        name, address = self.cleaned_data.get("username", ""), address_of(self.request)
        try:
            count_attempt(ADMIN, name=name, address=address)
            cleaned = super().clean()
        except TooManyAttempts as refused:
            logger.warning("log-in of %r from %s refused: too many attempts", name, address)
            self.status, self.wait = 429, refused.wait
            raise ValidationError(f"登录尝试过于频繁，请{refused.wait}秒后再试。") from refused
        except ValidationError:
            logger.warning("log-in of %r from %s failed", name, address)
            raise
        except Exception as error:
            if not is_out_of_reach(error):
                raise
            kind = type(error).__name__
            logger.warning("log-in of %r from %s not counted: %s: %s", name, address, kind, error)
            self.status = 503
            raise ValidationError("登录服务暂时不可用，请稍后再试。") from error
        logger.info("log-in of %r from %s", name, address)
        return cleaned


class DeskSite(UnfoldAdminSite):
    login_form = LoginForm
    index_template = "admin/home.html"

    def has_permission(self, request: HttpRequest) -> bool:
        scope.belongs_to(staff_id=request.user.pk)
        return super().has_permission(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        answer = super().login(request, extra_context)
        form = (getattr(answer, "context_data", None) or {}).get("form")
        if isinstance(form, LoginForm):
            answer.status_code = form.status
            if form.wait:
                answer["Retry-After"] = str(form.wait)
        elif request.method == "POST" and request.user.is_authenticated:
            # As a moment: a number of seconds would start again each time the session is saved.
            ends = timezone.now() + timedelta(hours=settings.DESK_SESSION_HOURS)
            request.session.set_expiry(ends)
        return answer

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Made when it is looked at: Django asks for it for every page, and few show it."""
        return SimpleLazyObject(partial(self._apps, request, app_label))

    def _apps(self, request: HttpRequest, app_label: str | None) -> list[Any]:
        from api.admin.desk.names import kind_of  # not before: see the top of this module

        apps: list[Any] = super().get_app_list(request, app_label)
        for shown in (model for app in apps for model in app["models"]):
            shown["name"] = kind_of(shown["model"]._meta)
        return apps

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.GET.get("term", ""):  # PostgreSQL refuses a NUL in a query
            return JsonResponse({"results": [], "pagination": {"more": False}})
        return super().autocomplete_view(request)
