"""What the documentation says beside what the code has: links, settings, endpoints, errors."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern
from rest_framework.views import APIView

from api import errors
from api.urls import urlpatterns
from tests.support.refusals import every_refusal
from utils.exceptions import HTTP_ERRORS, ShopError

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FROM_ENVIRONMENT = re.compile(
    r"\b(?:env\.\w+|number|switch|several|key_template|address|private_key|public_key|certificate|environ\.get)\(\s*\"([A-Z][A-Z0-9_]*)\""
)


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def settings() -> Iterator[str]:
    for file in [*ROOT.glob("luffy/settings/*.py"), ROOT / "gunicorn.conf.py"]:
        yield from FROM_ENVIRONMENT.findall(file.read_text())


def endpoints() -> Iterator[str]:
    """`GET /api/course/<id>/`, for each method of each view."""
    for pattern in urlpatterns:
        view: type[APIView] | None = getattr(pattern.callback, "view_class", None)
        if isinstance(pattern, URLPattern) and view:
            path = re.sub(r"<\w+:\w+>", "<id>", str(pattern.pattern))
            for method in view.http_method_names:
                if hasattr(view, method) and method not in ("head", "options"):
                    yield f"{method.upper()} /api/{path}"


def refusals() -> Iterator[ShopError]:
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, ShopError) and error is not ShopError:
            yield error()


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert len(PAGES) > 10  # they are found
    for link in LINK.findall(page.read_text()):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_setting_is_described() -> None:
    described = set(re.findall(r"`([A-Z][A-Z0-9_]*)`", text_of("docs/settings.md")))
    assert set(settings()) > {"SECRET_KEY", "PAYMENT_KEY", "BIND"}  # the pattern finds them
    assert sorted(set(settings()) - described) == []


def test_every_endpoint_is_described() -> None:
    described = text_of("docs/api.md")
    assert set(endpoints()) > {"POST /api/order/", "GET /api/course/<id>/"}  # they are found
    assert [line for line in endpoints() if f"`{line}`" not in described] == []


def test_every_refusal_has_a_name_and_no_two_share_one() -> None:
    sentences: dict[str, set[tuple[int, str]]] = {}
    for status, known in HTTP_ERRORS.items():
        code = 1001 if status == 401 else 1000 + status
        sentences.setdefault(known.name, set()).add((code, known.message))
    named = [error for error in every_refusal() if "code" in vars(error)]
    assert len(named) > 25  # they are found
    for error in named:
        assert "name" in vars(error), f"{error.__name__} needs a name of its own"
        sentences.setdefault(error.name, set()).add((error.code, error.message))

    assert {name: said for name, said in sentences.items() if len(said) > 1} == {}
    assert len({error.name for error in named}) == len(named)


def test_every_name_of_a_refusal_is_described() -> None:
    names = {known.name for known in HTTP_ERRORS.values()}
    names |= {error.name for error in every_refusal() if "code" in vars(error)}
    rows = [line for line in text_of("docs/api.md").splitlines() if line.startswith("|")]

    assert sorted(name for name in names if not any(f"| `{name}` |" in row for row in rows)) == []


def test_every_field_that_a_refusal_blames_is_described() -> None:
    blamed = {f"`{error.name}` `{error.field}`" for error in every_refusal() if error.field}

    assert blamed
    assert sorted(pair for pair in blamed if pair not in text_of("docs/api.md")) == []


def test_every_refusal_is_described() -> None:
    rows = [line for line in text_of("docs/api.md").splitlines() if line.startswith("|")]
    assert {error.code for error in refusals()} > {1010, 1111, 4005}  # they are found
    missing = [
        f"{error.code} {error.message}"
        for error in refusals()
        if not any(f"| {error.code} |" in row and f"`{error.message}`" in row for row in rows)
    ]
    assert missing == []
