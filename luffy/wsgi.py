"""The WSGI application: what gunicorn serves, and runserver too."""

import logging
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luffy.settings")

application = get_wsgi_application()

if settings.REDIS_URL == settings.EMBEDDED_REDIS:
    logging.getLogger(__name__).warning(
        "Redis is embedded in this process: it forgets every car and settlement at exit. "
        "Set REDIS_URL to keep them."
    )
