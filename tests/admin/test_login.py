"""Logging in at the desk: so many attempts a minute, as at the API."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings
from redis import Redis
from redis.exceptions import ConnectionError as OutOfReach

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


@pytest.fixture(autouse=True)
def three_a_minute(settings: Settings) -> None:
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 3
    User.objects.create_user("manager", password="right", is_staff=True)


def log_in(browser: Client, name: str, password: str, address: str = "192.0.2.1"):
    return browser.post(LOGIN, {"username": name, "password": password}, REMOTE_ADDR=address)


def is_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def test_the_right_password_opens_the_home_page(client: Client) -> None:
    assert log_in(client, "manager", "right").url == "/admin/"
    assert is_in(client)


def test_a_session_ends_twelve_hours_after_the_log_in_however_it_is_used(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = timezone.now()
    log_in(client, "manager", "right")
    for hours, still_in in ((6, True), (11.9, True), (12.1, False)):
        now = start + timedelta(hours=hours)
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        if still_in:
            session = client.session
            session["used"] = hours  # what is changed is saved with a new end
            session.save()
        assert is_in(client) is still_in


@pytest.mark.parametrize(
    ("name", "password", "level", "line"),
    [
        ("manager", "right", "INFO", "log-in of 'manager' from 192.0.2.1"),
        ("manager", "wrong", "WARNING", "log-in of 'manager' from 192.0.2.1 failed"),
        ("nobody", "right", "WARNING", "log-in of 'nobody' from 192.0.2.1 failed"),
        ("customer", "right", "WARNING", "log-in of 'customer' from 192.0.2.1 failed"),
        ("x\ny", "right", "WARNING", r"log-in of 'x\ny' from 192.0.2.1 failed"),
    ],
)
def test_every_log_in_is_a_line_of_the_log(
    client: Client, caplog: pytest.LogCaptureFixture, name: str, password: str, level: str, line
) -> None:
    User.objects.create_user("customer", password="right")
    log_in(client, name, password)
    written = [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "luffy.desk"]
    assert written == [(level, line)]
    assert password not in line


def test_refused_attempts_are_lines_of_the_log_too(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(4):
        log_in(client, "manager", "wrong")
    assert caplog.messages[-2] == "log-in of 'manager' from 192.0.2.1 refused: too many attempts"


def test_the_fourth_attempt_is_refused_with_429_in_chinese_even_if_it_is_right(
    client: Client,
) -> None:
    for _ in range(3):
        assert log_in(client, "manager", "wrong").status_code == 200
    refused = log_in(client, "manager", "right")
    assert refused.status_code == 429
    assert "登录尝试过于频繁" in refused.content.decode()
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert not is_in(client)


def test_somebody_else_somewhere_else_gets_in(client: Client) -> None:
    User.objects.create_user("other", password="right", is_staff=True)
    for _ in range(4):
        log_in(client, "manager", "wrong")
    assert log_in(client, "other", "right").status_code == 302
    assert log_in(client, "manager", "right", "192.0.2.2").status_code == 302


def test_without_redis_nobody_gets_in_and_the_page_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_reach(*args: object, **kwargs: object) -> None:
        raise OutOfReach

    with monkeypatch.context() as patch:
        patch.setattr(Redis, "execute_command", out_of_reach)
        refused = log_in(client, "manager", "right")
    assert refused.status_code == 503
    assert "暂时不可用" in refused.content.decode()
    assert not is_in(client)


@pytest.mark.parametrize("name", ["", "\0", "x" * 200])
def test_a_name_that_cannot_be_is_an_error_in_the_form(client: Client, name: str) -> None:
    answer = log_in(client, name, "right")
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not is_in(client)


def test_the_desk_has_an_icon_of_its_own(client: Client) -> None:
    page = client.get("/admin/login/").content.decode()
    (icon,) = re.findall(r'<link rel="icon" href="/static/(.+?)" type="image/svg\+xml"', page)
    assert Path(finders.find(icon)).read_text().startswith("<svg")
