"""The API, the admin and the learner's pages. /healthz and /readyz are answered by a middleware,
luffy/health.py."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from api.urls import unknown_path
from luffy.shop import file

urlpatterns = [
    path("api/", include("api.urls")),
    path("api", unknown_path),
    path("admin/", admin.site.urls),
    # Browsers ask for it beside every page that names no icon of its own, and beside JSON.
    path("favicon.ico", file, {"name": "icon.svg"}),
]
if settings.SHOP:
    urlpatterns.append(path("", include("luffy.shop")))
if settings.LOCAL_GATEWAY:  # a developer's machine
    urlpatterns.append(path("gateway/", include("api.gateways.local.urls")))

# With DEBUG the pictures of courses too, which otherwise the proxy serves.
urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)

handler500 = "utils.middleware.server_error"
