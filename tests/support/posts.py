"""The posts at the desk, which migrations make."""

from importlib import import_module
from typing import Any

from django.apps import apps


def fill_posts(sender: Any, **_: Any) -> None:
    """Makes the posts that are not there; a receiver of post_migrate, which a flush sends too."""
    if sender.name == "api":
        import_module("api.migrations.0003_desk_groups").make_posts(apps, None)
        import_module("api.migrations.0010_post_may_view_orders").let_view(apps, None)
        import_module("api.migrations.0017_books").make_post(apps, None)
        import_module("api.migrations.0020_bills").let_settle(apps, None)
        import_module("api.migrations.0021_codes").let_look_after_codes(apps, None)
        import_module("api.migrations.0022_segments_and_plans").let_see_plans(apps, None)
