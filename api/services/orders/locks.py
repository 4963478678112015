"""The order in which locks are taken, everywhere: account, order, coupon, records by id, payment.
Two transactions that need the same rows wait for one another, and never each for the other."""

from api.models import Account


def lock_account(account_id: int) -> None:
    """Whatever changes an account's orders waits here for what is changing them. In a
    transaction."""
    # No key: rows that only refer to the account may be written meanwhile.
    Account.objects.select_for_update(no_key=True).only("pk").get(pk=account_id)
