"""The service's own settings, on the servers that benchmarks/place.py put into the environment,
with the benchmarks' endpoints beside the service's."""

from luffy.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework.authtoken"]  # noqa: F405  to compare with
ROOT_URLCONF = "benchmarks.urls"
STATIC_ROOT = None  # type: ignore[assignment]  # nothing is collected here
LOGGING_CONFIG = None  # Python's own: warnings and worse
