"""Coupons' tasks."""

from django_tasks import task

from api.services.coupons import making_codes


@task
def make_codes(batch_id: int) -> int:
    """Makes what is left to be made of the batch; how many codes it made."""
    return making_codes.go_on(batch_id)
