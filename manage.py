#!/usr/bin/env python
"""Django's command line, on this project's settings."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from utils.call_stack import with_room

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luffy.settings")
    try:
        settings.configured or settings.DEBUG  # noqa: B018  reads them
    except ImproperlyConfigured as error:
        sys.exit(f"ImproperlyConfigured: {error}")  # the sentence, and no traceback
    with_room(execute_from_command_line)(sys.argv)
