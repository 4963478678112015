"""The admin, with the desk's own site."""

from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """Django's admin with the desk's own site: its theme, its home page, its login."""

    default_site = "luffy.desk.DeskSite"
