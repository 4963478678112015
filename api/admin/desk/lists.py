"""Lists that filter by what they offer, and by nothing else.

Django's lists take the name of any column from the address, also of the tables around: whoever
may look at accounts could find out the hash of a password, letter by letter.
"""

from typing import Any

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.views import ChangeList

from api.admin.desk import headings
from api.admin.desk.guarded import GuardedAdmin
from api.admin.desk.names import NamedOptions
from api.admin.desk.wrong_filters import WRONG_FILTER, WrongFilter, without_filters

headings.keep()


class DeskList(ChangeList):
    def __init__(self, request: HttpRequest, model: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, model, *args, **kwargs)
        self.opts = NamedOptions(model._meta)
        if not self.is_popup:
            self.title = self.opts.verbose_name  # and not 选择…来修改

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            found = super().get_filters(request)
        except DisallowedModelAdminLookup as error:
            raise IncorrectLookupParameters(str(error)) from error
        # Each filter has taken its parameters out; date_hierarchy has put these two in.
        _, _, left, _, _ = found
        bounds = {f"{self.date_hierarchy}__gte", f"{self.date_hierarchy}__lt"}
        if unknown := left.keys() - bounds:
            raise IncorrectLookupParameters(f"no filter of this list: {sorted(unknown)}")
        return found


class GuardedListAdmin(GuardedAdmin):
    """An admin with such a list, and with guarded forms. When the list refuses a filter, the page
    says so and shows the list without filters."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeskList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        try:
            # Rendered within the `try`, because rendering asks the database.
            answer = super().changelist_view(request, extra_context)
            return answer.render() if isinstance(answer, TemplateResponse) else answer
        except WRONG_FILTER:
            if not request.GET:
                raise
            return without_filters(request, request.path)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise WrongFilter from error
