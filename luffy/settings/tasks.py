"""What runs in the background: Django's Tasks, by whichever backend."""

import re
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from luffy.settings.environment import env

IN_THE_DATABASE = "django_tasks_db.DatabaseBackend"


def backend(path: str) -> str:
    """The dotted path of a backend's class. Raises ImproperlyConfigured unless its package is
    there."""
    package = path.partition(".")[0]
    if not re.fullmatch(r"\w+(\.\w+)+", path) or find_spec(package) is None:
        raise ImproperlyConfigured(
            f"TASKS_BACKEND must be the class of an installed backend, as in {IN_THE_DATABASE}: "
            f"{path!r}"
        )
    return path


TASKS_BACKEND = backend(env.str("TASKS_BACKEND", default=IN_THE_DATABASE))
TASKS: dict[str, dict[str, Any]] = {"default": {"BACKEND": TASKS_BACKEND}}
