"""The desk in a real Chromium, against a server of this process."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import expect, sync_playwright

from tests.support.gate import Gate

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
WANTED = os.environ.get("REQUIRE_BROWSER") == "1"
PATIENCE = 30_000  # ms: what a page does, it does soon, but on a busy machine not at once
PASSWORD = "demo-password"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these are skipped, unless REQUIRE_BROWSER=1 says that there must be one."""
    if CHROMIUM.exists() or WANTED:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=f"no browser at {CHROMIUM}"))


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    # Playwright runs a loop in this thread, and Django would refuse the tests its database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def gate(live_server: Any) -> Gate:
    """In front of the server that the windows ask."""
    server = live_server.thread.httpd
    gate = Gate(server.get_app())
    server.set_app(gate)
    return gate


@pytest.fixture
def page(chromium: Any, live_server: Any, gate: Gate) -> Iterator[Any]:
    """A fresh window in Shanghai. A test fails if a script does, if a page asks another host, or if
    it does what its Content-Security-Policy forbids."""
    context = chromium.new_context(
        base_url=live_server.url,
        viewport={"width": 1280, "height": 900},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    context.set_default_timeout(PATIENCE)
    window = context.new_page()
    troubles: list[str] = []
    window.makes_trouble = False  # True where a test means to
    window.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    window.on(
        "console",
        lambda line: troubles.append(line.text) if "Content Security Policy" in line.text else None,
    )
    window.on(
        "request",
        lambda request: (
            troubles.append(f"asks {request.url}")
            if not request.url.startswith((live_server.url, "data:", "blob:"))
            else None
        ),
    )
    with gate.open():
        yield window
        context.close()
    assert window.makes_trouble or not troubles


@pytest.fixture
def manager() -> User:
    user = User.objects.create_user("manager", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name="优惠券运营"))
    return user


@pytest.fixture
def desk(page: Any, manager: User) -> Any:
    """The window of a manager who has logged in."""
    log_in(page, PASSWORD)
    page.wait_for_url("**/admin/")
    return page


def log_in(page: Any, password: str) -> None:
    page.goto("/admin/")
    page.get_by_label("用户名").fill("manager")
    page.locator("#id_password").fill(password)
    page.get_by_role("button", name="登录").click()
