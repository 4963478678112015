"""Where the gateway that runs here is reached."""

from django.urls import path

from api.gateways.local import views

app_name = "gateway"
urlpatterns = [
    path("", views.panel, name="panel"),
    path("alipay/gateway.do", views.alipay, name="alipay"),
    path("alipay/bill/<str:day>/", views.alipay_bill, name="alipay-bill"),
    path("wechat/<path:path>", views.wechat, name="wechat"),
    path("cashier/<str:secret>/", views.cashier, name="cashier"),
]
