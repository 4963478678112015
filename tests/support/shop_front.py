"""The learner's pages in a window: logging in, going somewhere, and what axe-core finds there."""

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from api.models import Account
from api.services import accounts
from tests.support.factories import AccountFactory, CourseFactory, PricePolicyFactory

AXE = (Path(__file__).parents[1] / "browser/vendor/axe.min.js").read_text()
# All findings but those that only advise.
RUN_AXE = """() => axe.run({resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.map(node => node.html).join(' | ')))"""


def learner(page: Any, name: str = "alice") -> Account:
    """An account, logged in in this window from the next page on."""
    account: Account = AccountFactory(username=name)
    token = accounts.renew_token(account)
    page.context.add_init_script(
        f"""if (!sessionStorage.begun) {{
            sessionStorage.begun = 1;
            localStorage.setItem('luffy.token', '{token}');
            localStorage.setItem('luffy.name', '{name}');
        }}"""
    )
    return account


def course(name: str, *prices: float) -> Any:
    """A course without a picture, for 1, 2, … months."""
    made = CourseFactory(name=name, course_img="")
    for period, price in zip((30, 60, 90), prices, strict=False):
        PricePolicyFactory(content_object=made, valid_period=period, price=price)
    return made


def opened(page: Any, path: str, heading: str) -> None:
    """Goes there, and waits for its heading and for what it asks the service."""
    page.goto(path)
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)


def fits(page: Any) -> bool:
    """Whether nothing is wider than the window."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return wide


def found_by_axe(page: Any) -> list[str]:
    """What is serious: a line each."""
    page.evaluate(AXE)
    found: list[str] = page.evaluate(RUN_AXE)
    return found
