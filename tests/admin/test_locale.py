"""The Chinese of the theme and of Django's scripts: compiled, and complete."""

import gettext
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

CATALOGUE = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES"


@pytest.mark.parametrize(("name", "least"), [("django", 60), ("djangojs", 14)])
def test_the_compiled_catalogue_holds_what_its_source_says(name: str, least: int) -> None:
    source = (CATALOGUE / f"{name}.po").read_text("utf-8").replace('\\"', "”")
    entry = r'^(?:msgctxt "(.+)"\n)?msgid "(.+)"\nmsgstr "(.+)"$'
    said = {
        (context, english): chinese
        for context, english, chinese in re.findall(entry, source, re.MULTILINE)
    }
    with (CATALOGUE / f"{name}.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    def translated(context: str, english: str) -> str:
        english = english.replace("”", '"')
        found = compiled.pgettext(context, english) if context else compiled.gettext(english)
        return found.replace('"', "”")

    assert len(said) >= least
    assert {pair: translated(*pair) for pair in said} == said


@pytest.mark.parametrize(
    "script",
    ["admin/js/SelectFilter2.js", "admin/js/calendar.js", "admin/js/admin/DateTimeShortcuts.js"],
)
def test_the_scripts_of_the_admin_speak_chinese(chief: Client, script: str) -> None:
    answer = chief.get("/admin/jsi18n/").content.decode()
    (found,) = re.findall(r"const newcatalog = (\{.*?\});", answer, re.DOTALL)
    catalogue = json.loads(found)
    source = Path(finders.find(script)).read_text("utf-8")
    texts = {text for _, text in re.findall(r"""[^pn]gettext\((['"])(.+?)\1\)""", source)}
    contexts = re.findall(r"pgettext\('(.+?)', '(.+?)'\)", source)
    texts |= {f"{context}\x04{text}" for context, text in contexts}
    assert texts
    assert not [text for text in texts if str(catalogue.get(text, text)).isascii()]
