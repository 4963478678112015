"""The WSGI application: what the web server serves, and runserver too."""

import gc
import logging
import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luffy.settings")

application = get_wsgi_application()

if not settings.ALLOWED_HOSTS and not settings.DEBUG:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS is not set: every request would be refused. Name the hosts of the service, "
        "as in shop.example.com."
    )

if settings.REDIS_URL == settings.EMBEDDED_REDIS:
    logging.getLogger(__name__).warning(
        "Redis is embedded in this process: it forgets every car and settlement at exit. "
        "Set REDIS_URL to keep them."
    )

# What has been made by now lives as long as the process: the collector need not look through it
# again for every few thousand new objects, which took half of the time of a large answer.
get_resolver().url_patterns  # noqa: B018  imports the views
gc.collect()
gc.freeze()
