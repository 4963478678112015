"""How often an account may claim, and guess codes (contract §11). Counted for the account, not for
its address: a classroom shares one."""

from django.conf import settings

from utils.limits import counts


def count_claim(account_id: int) -> None:
    """Counts one request to claim, whatever becomes of it. Raises TooManyAttempts after
    CLAIMS_PER_MINUTE."""
    counts.hit(settings.CLAIMS_PER_MINUTE, ("claim", str(account_id)))


def check_guesses(account_id: int) -> None:
    """To be asked before a code is looked up. Raises TooManyAttempts after CODE_GUESSES_PER_MINUTE
    wrong ones; requests that are sent at the same moment may be more, but never more than claims
    may."""
    counts.check(settings.CODE_GUESSES_PER_MINUTE, _guesses(account_id))


def count_wrong_guess(account_id: int) -> None:
    """Counts one code that was no coupon's. Raises TooManyAttempts if others took the last of
    them meanwhile."""
    counts.hit(settings.CODE_GUESSES_PER_MINUTE, _guesses(account_id))


def _guesses(account_id: int) -> counts.Counted:
    return ("code-guess", str(account_id))
