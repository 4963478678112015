"""Telling subscribed addresses what happened."""

from django_tasks import task

from api.services.events import delivering


@task
def deliver() -> int:
    """Delivers what is due; how many arrived."""
    return delivering.deliver()
