"""Coupons' tasks."""

from django.utils import timezone
from django_tasks import task

from api.services.coupons import making_codes, planning


@task
def make_codes(batch_id: int) -> int:
    """Makes what is left to be made of the batch; how many codes it made."""
    return making_codes.go_on(batch_id)


@task
def issue_plan(plan_id: int) -> bool:
    """Issues what was planned, if it still waits for its time and that has come; whether it did
    anything."""
    return planning.run(plan_id, now=timezone.now())
