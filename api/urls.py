"""The endpoints of the API, a line each."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.csrf import csrf_exempt

from api.schema.views import DocsView, SchemaView
from api.views.auth import AccountView, AuthView
from api.views.car import ShoppingCarView
from api.views.coupon import CouponView, MyCouponsView
from api.views.course import CategoryListView, CourseListView, CourseView
from api.views.order import CancelOrderView, EnrolledView, OrderListView, OrderView
from api.views.pay import AlipayView, PayOrderView, WechatPayView
from api.views.payment import BestChoiceView, PaymentViewSet, QuoteView, TopUpView
from api.views.refund import RefundView


class OrderNumberConverter(StringConverter):
    """An order's number. There is none with a NUL in it, which PostgreSQL cannot even look for."""

    def to_python(self, value: str) -> str:
        return "" if "\0" in value else value


register_converter(OrderNumberConverter, "order")


@csrf_exempt
def unknown_path(request: HttpRequest) -> HttpResponse:
    """Every other path under /api/: 404 in the envelope, and no redirect to one with a slash."""
    raise Http404


urlpatterns = [
    path("auth/", AuthView.as_view()),
    path("account/", AccountView.as_view()),
    path("category/", CategoryListView.as_view()),
    path("course/", CourseListView.as_view()),
    path("course/<int:course_id>/", CourseView.as_view()),
    path("shoppingcar/", ShoppingCarView.as_view()),
    path("payment/", PaymentViewSet.as_view()),
    path("payment/quote/", QuoteView.as_view()),
    path("payment/best/", BestChoiceView.as_view()),
    path("payment/topup/", TopUpView.as_view()),
    path("order/", OrderListView.as_view()),
    path("order/<order:order_number>/", OrderView.as_view(), name="order"),
    path("order/<order:order_number>/cancel/", CancelOrderView.as_view()),
    path("coupon/", CouponView.as_view()),
    path("couponrecord/", MyCouponsView.as_view()),
    path("order/<order:order_number>/pay/", PayOrderView.as_view()),
    path("order/<order:order_number>/refund/", RefundView.as_view()),
    path("alipay/", AlipayView.as_view()),
    path("wechatpay/", WechatPayView.as_view()),
    path("enrolled/", EnrolledView.as_view()),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view()),
    re_path("", unknown_path),
]
