"""复制: the form of a new coupon with the terms of another. Nothing is saved before it is sent."""

from typing import Any

from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.decorators import action

from api.admin.coupons.binding import bound_to
from api.admin.coupons.coupon_form import BY_DATES, BY_DAYS
from api.admin.desk.dialogs import number_in
from api.admin.desk.rows import row_or_404
from api.models import Coupon, Course

COPY, SUFFIX = "copy", "副本"
OWN = ("id", "code", "content_type", "object_id")  # what two coupons do not have in common, or so


class WithCopying:
    """An action for CouponAdmin, and what its empty form begins with."""

    def has_copy_permission(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_view_permission(request) and self.has_add_permission(request))

    @action(description="复制", permissions=["copy"], icon="content_copy")
    def copy(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        coupon = row_or_404(self, request, object_id)
        if coupon.object_id and not isinstance(bound_to(coupon), Course):
            text = "原优惠券绑定的不是现有的课程：请为副本选择课程，留空则全站可用。"
            messages.warning(request, text)
        return redirect(f"{reverse('admin:api_coupon_add')}?{COPY}={coupon.pk}")

    def get_changeform_initial_data(self: Any, request: HttpRequest) -> dict[str, Any]:
        copied = Coupon.objects.filter(pk=number_in(request.GET.get(COPY))).first()
        if copied is None or not self.has_view_permission(request):
            # A method of the admin that this is mixed into.
            given: dict[str, Any] = super().get_changeform_initial_data(request)  # type: ignore[misc]
            return given
        return _terms_of(copied)


def _terms_of(coupon: Coupon) -> dict[str, Any]:
    bound = bound_to(coupon)
    room = (Coupon._meta.get_field("name").max_length or 0) - len(SUFFIX)
    by_days = coupon.coupon_valid_days and not coupon.valid_begin_date
    return model_to_dict(coupon, exclude=OWN) | {
        "name": coupon.name[:room] + SUFFIX,
        "course": bound.pk if isinstance(bound, Course) else None,
        "validity": BY_DAYS if by_days else BY_DATES,
    }
