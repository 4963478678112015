"""The compiled Chinese of the theme is that of its source."""

import gettext
import re
from pathlib import Path

from django.conf import settings

CATALOGUE = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES"


def test_the_compiled_catalogue_holds_what_its_source_says() -> None:
    source = (CATALOGUE / "django.po").read_text("utf-8")
    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', source, re.MULTILINE)
    with (CATALOGUE / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert len(pairs) > 60
    assert {english: compiled.gettext(english) for english, _ in pairs} == dict(pairs)
