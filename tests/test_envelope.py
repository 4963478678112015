"""The envelope that every answer under /api/ wears (contract §1)."""

from typing import Any

import pytest
from django.http import HttpRequest
from rest_framework.exceptions import PermissionDenied, Throttled

from utils.exceptions import exception_handler

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
NOT_FOUND = {"code": 1404, "data": None, "error": "接口不存在"}


@pytest.fixture(params=[False, True], ids=["DEBUG off", "DEBUG on"])
def debug(request, settings) -> bool:
    settings.DEBUG = request.param
    return settings.DEBUG


@pytest.mark.parametrize("path", ["/api/", "/api/x", "/api/payment", "/api/payment/1/", "/api//"])
def test_an_unknown_path_is_404_and_no_redirect(anonymous, debug, path: str):
    answer = anonymous.get(path)

    assert answer.status_code == 404
    assert answer.json() == NOT_FOUND


@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_path_is_404_whatever_the_method(anonymous, method: str):
    answer = anonymous.generic(method, "/api/payment")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/json"
    if method != "HEAD":
        assert answer.json() == NOT_FOUND


def test_an_unknown_path_elsewhere_is_left_to_django(anonymous):
    answer = anonymous.get("/nowhere/")

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


def test_chinese_is_sent_as_it_is(anonymous):
    assert "接口不存在".encode() in anonymous.get("/api/x").content


# --- Crashes --------------------------------------------------------------------------------------


def crash(*args: Any, **kwargs: Any) -> Any:
    raise ZeroDivisionError("a secret of the house")


def test_a_crash_elsewhere_is_left_to_django(anonymous, monkeypatch):
    monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_request", crash)

    answer = anonymous.get("/admin/")

    assert answer.status_code == 500
    assert answer["Content-Type"].startswith("text/html")


# --- What no door of today answers, but the handler knows -----------------------------------------


def test_too_many_requests_say_when_to_come_back():
    answer = exception_handler(Throttled(wait=1.5), {"request": HttpRequest()})

    assert answer.status_code == 429
    assert answer.data == {"code": 1429, "data": None, "error": "请求过于频繁，请稍后再试"}
    assert answer["Retry-After"] == "2"


def test_no_permission_is_403():
    answer = exception_handler(PermissionDenied(), {"request": HttpRequest()})

    assert answer.status_code == 403
    assert answer.data == {"code": 1403, "data": None, "error": "没有权限"}
