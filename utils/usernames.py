"""Names that look alike, and what a name must not hold so that none does.

Two names are alike if `key` makes the same of them. A name of mixed scripts, as `alex` with a
Cyrillic а, is refused: what may be mixed is what UTS #39 calls highly restrictive.
"""

import unicodedata

LONGEST = 64  # characters of a name, and of its key
SEPARATORS = ",;，；、"  # between names in a list
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # though they are letters or marks
_VARIANTS = ("VARIATION SELECTOR", "MONGOLIAN FREE VARIATION SELECTOR")
_SCRIPTS = {"CJK": "HAN", "IDEOGRAPHIC": "HAN"}  # by the first word of a character's name
_MAY_BE_MIXED = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
# Letters that nobody tells from Latin ones: Cyrillic and Greek, then those of both whose capitals
# are such, Armenian, and the Latin i without its dot.
_LOOKS_LIKE = str.maketrans(
    "аеорсухіјѕһԁԛԝӏοανικρτυχ" + "вкмнтүβεζημ" + "օսոհ" + "ı",
    "aeopcyxijshdqwloavikptux" + "bkmhtybezhm" + "ounh" + "i",
)
# Scripts that nobody writes names in today, and whose letters look like Latin ones (UTS #39).
_OUT_OF_USE = {"CHEROKEE", "COPTIC", "DESERET", "LISU", "OLD", "GOTHIC", "OSAGE"}


def key(name: str) -> str:
    """The same for names that look alike: full-width letters, capitals, foreign twins."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).translate(_LOOKS_LIKE)


def fault_of(name: str) -> str:
    """What is wrong with a new name, in Chinese, or nothing."""
    seen = unicodedata.normalize("NFKC", name)
    if any(mark.isspace() or mark in SEPARATORS for mark in name + seen):
        return "不能包含空格、逗号、顿号或分号"
    if not all(_can_be_seen(mark) for mark in name + seen):
        return "包含不允许的字符"
    scripts = {_script(mark) for mark in seen} - {""}
    if scripts & _OUT_OF_USE or any(_is_phonetic(mark) for mark in seen):
        return "包含不允许的字符"
    if len(scripts) > 1 and not any(scripts <= together for together in _MAY_BE_MIXED):
        return "不能混用容易混淆的文字"
    return "太长" if len(key(name)) > LONGEST else ""


def _can_be_seen(mark: str) -> bool:
    invisible = mark in _INVISIBLE or unicodedata.name(mark, "").startswith(_VARIANTS)
    return mark.isprintable() and not invisible


def _is_phonetic(mark: str) -> bool:
    """A Latin letter that no language writes names with: `ɑlex`, `ᴀlex`, or a click, `ǀ`."""
    letter = unicodedata.name(mark, "").startswith("LATIN")
    of_names = mark < "\u0250" or "\u1e00" <= mark <= "\u1eff"
    return letter and (not of_names or unicodedata.category(mark) == "Lo")


def _script(mark: str) -> str:
    """Of a letter, or of a digit that is not 0 to 9; what all scripts share has none."""
    category = unicodedata.category(mark)
    if category == "Lm" or not (category[0] == "L" or (category == "Nd" and not mark.isascii())):
        return ""
    first = unicodedata.name(mark).split()[0]
    return _SCRIPTS.get(first, first)
