"""One-time codes (兑换码, contract §11) as people read and type them: 4 groups of 4 characters
(`7KXM-R2DC-9FHT-3WPD`).

Of letters and digits that look alike only one is used, or none: no 0 and O, no 1, I and L, no 2 and
Z, no 5 and S, no 6 and G, no 8 and B, no U, V, N and Q. There are 23 of them, a prime number: that
is what lets the last character, the check, notice every single wrong character and every two
different characters that changed places.
"""

import unicodedata

ALPHABET = "23456789ACDEFHJKMPRTWXY"
CHOSEN = 15  # characters that are left to chance: 67 bits
LENGTH = CHOSEN + 1
GROUP = 4
TAIL = GROUP  # characters that are shown of a code that is nobody's to see

_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def with_check(chosen: str) -> str:
    """The code that begins with these CHOSEN characters."""
    rest = sum(place * _VALUES[one] for place, one in enumerate(chosen, 1))
    # What LENGTH times the check adds must make the sum a multiple of the alphabet's size.
    check = -rest * pow(LENGTH, -1, len(ALPHABET)) % len(ALPHABET)
    return chosen + ALPHABET[check]


def one_time_code(typed: str) -> str | None:
    """What was typed, without case, spaces and hyphens and with plain characters for full-width
    ones; None unless a code can be so."""
    plain = "".join(unicodedata.normalize("NFKC", typed).split()).upper()
    # Whatever a keyboard or a word processor makes of a hyphen.
    code = "".join(one for one in plain if unicodedata.category(one) != "Pd")
    if len(code) != LENGTH or not _VALUES.keys() >= set(code):
        return None
    return code if code == with_check(code[:CHOSEN]) else None


def grouped(code: str) -> str:
    """As it is printed and exported."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))
