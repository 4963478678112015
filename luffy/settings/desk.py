"""The admin: how long one stays logged in, what one may send, and its theme."""

from django.templatetags.static import static

from luffy.settings.environment import number

# From logging in, however busy one is.
DESK_SESSION_HOURS = number("DESK_SESSION_HOURS", 12, at_least=1, at_most=8_760)
SESSION_COOKIE_AGE = DESK_SESSION_HOURS * 3600

# Of a request body from somebody logged in, and of one to a page that takes a file.
DESK_MOST_BYTES = 4 * 1024 * 1024
DESK_UPLOAD_MOST_BYTES = 21 * 1024 * 1024
DESK_UPLOAD_PATHS = (
    r"/admin/api/coupon/[0-9]+/issue/"
    r"|/admin/api/(course|degreecourse|teacher|article)/(add|[0-9]+/change)/"
)

UNFOLD = {
    "SITE_TITLE": "路飞学城优惠券工作台",
    "SITE_HEADER": "路飞学城",
    "SITE_SUBHEADER": "优惠券工作台",
    "SITE_SYMBOL": "confirmation_number",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("api/icon.svg"),
        }
    ],
    "STYLES": [lambda request: static("api/desk.css")],
    "SCRIPTS": [lambda request: static("api/desk.js")],
    "SIDEBAR": {"navigation": "api.admin.desk.navigation.sidebar"},
    "DASHBOARD_CALLBACK": "api.admin.home.dashboard",
}
