"""The admin's theme."""

from django.templatetags.static import static

UNFOLD = {
    "SITE_TITLE": "路飞学城优惠券工作台",
    "SITE_HEADER": "路飞学城",
    "SITE_SUBHEADER": "优惠券工作台",
    "SITE_SYMBOL": "confirmation_number",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda request: static("api/desk.css")],
    "SIDEBAR": {"navigation": "api.admin.desk.navigation.sidebar"},
    "DASHBOARD_CALLBACK": "api.admin.coupons.home.dashboard",
}
