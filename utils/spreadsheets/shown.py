"""The text that a spreadsheet shows for a value, where one can be sure of it.

A number format may show anything: 123 as u0123, as 2.6.1900, or as nothing. Only the formats that
show the value itself are known here (ECMA-376, 18.8.31); of any other nobody can say which name
the person at the spreadsheet saw.
"""

import re

EXACT_DIGITS = 15  # of a longer number a spreadsheet has lost the last ones
_PADDING = re.compile(r"_.|\*.|\[(?:Red|Black|Blue|Green|红色|黑色)\]", re.IGNORECASE)
_ZEROS = re.compile("#*(0+)")  # 00000 shows 123 as 00123


def text_shown(text: str, number_format: str) -> str | None:
    """None where it cannot be known: a format may put something around a text, or hide it."""
    sections = number_format.split(";")
    changed = "@" in number_format and number_format != "@"
    return None if changed or len(sections) > 3 else text


def number_shown(value: float, number_format: str) -> str | None:
    """None where it cannot be known."""
    whole = int(value)
    if whole != value:
        plain = repr(value)
        return plain if number_format in ("General", "@") and len(plain) <= 11 else None
    if len(str(abs(whole))) > EXACT_DIGITS:
        return None
    if number_format in ("General", "@"):
        return str(whole)
    sections = number_format.split(";")  # of positive numbers, of negative ones, of zero
    first = _PADDING.sub("", sections[0])
    zeros = _ZEROS.fullmatch(first.replace("#,##", "") if whole < 1000 else first)
    told = zeros and (whole > 0 or (whole == 0 and len(sections) < 3))
    return str(whole).zfill(len(zeros[1])) if zeros and told else None
