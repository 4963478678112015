"""What one sees where there is nothing to see: plain pages in Chinese, with a way back."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.views import defaults

from tests.admin.test_lists import text_of

pytestmark = pytest.mark.django_db
BACK = '<a href="/admin/">返回工作台</a>'


def expect_plain_page(answer: Any, status: int, says: str) -> None:
    page = answer.content.decode()
    assert answer.status_code == status
    assert says in page
    assert BACK in page
    assert "http" not in page  # no other host
    assert "src=" not in page
    assert text_of(page).replace("Cookie", "").strip()
    assert not any(
        letter.isascii() and letter.isalpha() for letter in text_of(page).replace("Cookie", "")
    )


def test_what_is_not_there(client: Client) -> None:
    expect_plain_page(client.get("/nowhere/"), 404, "找不到页面")
    expect_plain_page(client.get("/nowhere"), 404, "找不到页面")


def test_what_one_may_not_see(manager: Client) -> None:
    expect_plain_page(manager.get("/admin/api/teacher/"), 403, "没有权限")


def test_a_popup_that_asks_for_a_column_it_may_not_have(manager: Client) -> None:
    answer = manager.get("/admin/api/coupon/", {"_to_field": "quantity"})
    expect_plain_page(answer, 400, "请求有误")


def test_a_form_that_is_too_old(manager: Client) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(username="manager"))
    expect_plain_page(browser.post("/admin/api/coupon/add/", {}), 403, "页面已过期")


def test_a_crash(rf: Any) -> None:
    expect_plain_page(defaults.server_error(rf.get("/admin/")), 500, "服务器出错了")


def test_the_api_stays_in_its_envelope(client: Client) -> None:
    answer = client.get("/api/nowhere/")
    assert answer.status_code == 404
    assert answer.json()["code"] == 1404
