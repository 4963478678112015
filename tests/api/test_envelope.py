"""The envelope of every answer under /api/ (contract §1)."""

import contextlib
import json
import logging
from typing import Any

import pytest
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.exceptions import PermissionDenied, Throttled

from api.services.checkout import settlement as settlements
from luffy.wsgi import application
from utils.exceptions import Contention, exception_handler
from utils.middleware import HeadMiddleware

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
NOT_FOUND = {"code": 1404, "data": None, "error": "接口不存在"}
CRASHED = {"code": 1500, "data": None, "error": "服务器内部错误"}
BAD_REQUEST = {"code": 1400, "data": None, "error": "请求有误"}


@pytest.fixture(params=[False, True], ids=["DEBUG off", "DEBUG on"])
def debug(request, settings) -> bool:
    settings.DEBUG = request.param
    return settings.DEBUG


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/x", "/api/payment", "/api/payment/1/", "/api//"]
)
def test_an_unknown_path_is_404_and_no_redirect(anonymous, debug, path: str):
    answer = anonymous.get(path)

    assert answer.status_code == 404
    assert answer.json() == NOT_FOUND


@pytest.mark.parametrize("path", ["/api", "/api/payment"])
@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_path_is_404_whatever_the_method(anonymous, debug, method: str, path: str):
    answer = anonymous.generic(method, path)

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/json"
    if method != "HEAD":
        assert answer.json() == NOT_FOUND


def test_an_unknown_path_elsewhere_is_left_to_django(anonymous):
    answer = anonymous.get("/nowhere/")

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_another_method_is_405(alice, method: str):
    answer = alice.generic(method, "/api/payment/")

    assert answer.status_code == 405
    assert answer.json() == {"code": 1405, "data": None, "error": "不支持的请求方法"}
    assert {"GET", "POST", "PATCH"} <= set(answer["Allow"].split(", "))


def test_head_is_get_without_its_body(alice):
    answer = alice.head("/api/payment/")

    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        *("/healthz", "/readyz", "/api/course/", "/api/payment/", "/api/x", "/api/schema/"),
        *("/admin/login/", "/static/api/desk.css", "/x/", "/gateway/", "/gateway/cashier/x/"),
        *("/api/alipay/", "/api/wechatpay/"),
    ],
)
def test_head_is_handed_to_the_server_without_a_body(rf, path: str):
    """Asked as the server asks: the tests' client takes a body away by itself."""

    def ask(method: str) -> tuple[str, dict[str, str], bytes]:
        started: list[Any] = []
        environ = rf.generic(method, path).environ
        answer = application(
            environ, lambda *status_and_headers: started.extend(status_and_headers)
        )
        with contextlib.closing(answer):
            return started[0], dict(started[1]), b"".join(answer)

    status, headers, body = ask("HEAD")
    status_of_get, headers_of_get, body_of_get = ask("GET")

    assert (status, body) == (status_of_get, b"")
    assert len(body_of_get) > 0
    assert headers["Content-Length"] == headers_of_get.get(
        "Content-Length", headers["Content-Length"]
    )
    assert headers["Content-Type"] == headers_of_get["Content-Type"]


def test_head_of_a_stream_is_not_read(rf):
    read = []
    stream = StreamingHttpResponse(read.append(line) or line for line in ["1", "2"])

    answer = HeadMiddleware(lambda request: stream)(rf.head("/"))

    assert (b"".join(answer.streaming_content), read) == (b"", [])


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_that_is_not_declared_as_json_is_415(
    alice, everything_in, method: str, content_type: str
):
    answer = alice.generic(
        method, "/api/payment/", '{"courseids": [], "couponid": 0}', content_type=content_type
    )

    assert answer.status_code == 415
    assert answer.json() == {"code": 1415, "data": None, "error": "请求体必须是JSON"}
    assert everything_in() == {}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'courseids': []}",
        b'{"courseids": [],}',
        b'{"courseids": [NaN]}',
        b'{"courseids": [Infinity]}',
        b'{"courseids": [-Infinity]}',
        b'{"courseids": [1]} trailing',
        b'{"courseids": ["\xff"]}',
        '{"courseids": [], "名": ""}'.encode("gbk"),
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b'{"courseids": [' + b"9" * 10_000 + b"]}",
        b" ",
    ],
    ids=lambda body: ascii(body)[:24],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_malformed_json_is_400(alice, everything_in, method: str, body: bytes):
    answer = alice.generic(method, "/api/payment/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json() == {"code": 1400, "data": None, "error": "请求体不是合法的JSON"}
    assert everything_in() == {}


@pytest.mark.parametrize("charset", ["gbk", "utf-16", "no-such-charset", "rot13", ""])
def test_json_is_utf_8_whatever_charset_is_declared(alice, charset: str):
    answer = alice.generic(
        "POST",
        "/api/payment/",
        '{"courseids": [], "名": "字"}'.encode(),
        content_type=f"application/json; charset={charset}",
    )

    assert answer.status_code == 200
    assert answer.json() == {"code": 1000, "data": None, "error": None}


def test_a_body_beyond_the_limit_is_413(alice, everything_in, settings):
    settings.MOST_BYTES = 40
    body = '{"courseids": [], "padding": "%s"}'
    exact = body % ("x" * (40 - len(body % "")))
    assert alice.generic(
        "POST", "/api/payment/", exact, content_type="application/json"
    ).json() == {"code": 1000, "data": None, "error": None}
    before = everything_in()

    answer = alice.generic("POST", "/api/payment/", exact + " ", content_type="application/json")

    assert answer.status_code == 413
    assert answer.json() == {"code": 1413, "data": None, "error": "请求体过大"}
    assert everything_in() == before


def test_a_thousand_query_parameters_are_400(anonymous):
    answer = anonymous.get("/api/payment/?" + "&".join(["a=1"] * 1001))

    assert answer.status_code == 400
    assert answer.json() == BAD_REQUEST


@pytest.mark.parametrize("host", ["evil.example", "a b", "[", ""])
@pytest.mark.parametrize("path", ["/api/payment/", "/api/x"])
def test_a_bad_host_is_400(alice, debug, host: str, path: str):
    answer = alice.get(path, HTTP_HOST=host)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == BAD_REQUEST


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*;q=x", ""])
def test_the_answer_is_json_whatever_the_client_accepts(alice, accept: str):
    answer = alice.get("/api/payment/?format=xml", HTTP_ACCEPT=accept)

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["error"] == "获取失败"


def test_chinese_is_sent_as_it_is(anonymous):
    assert "接口不存在".encode() in anonymous.get("/api/x").content


# --- Crashes --------------------------------------------------------------------------------------


def crash(*args: Any, **kwargs: Any) -> Any:
    raise ZeroDivisionError("a secret of the house")


@pytest.mark.parametrize(
    ("service", "method", "body"),
    [
        ("read", "GET", None),
        ("settle", "POST", {"courseids": []}),
        ("choose_coupon", "PATCH", {"couponid": 0}),
    ],
)
def test_a_crash_in_a_view_is_500_and_logged(
    alice, monkeypatch, caplog, debug, service: str, method: str, body: Any
):
    monkeypatch.setattr(settlements, service, crash)

    answer = alice.generic(
        method, "/api/payment/", json.dumps(body) if body else "", content_type="application/json"
    )

    assert answer.status_code == 500
    assert answer.json() == CRASHED
    [record] = [r for r in caplog.records if r.exc_info and r.levelno == logging.ERROR]
    assert "PaymentViewSet" in record.getMessage()
    assert record.exc_info[0] is ZeroDivisionError


def test_a_crash_in_a_middleware_is_500_and_logged(alice, monkeypatch, caplog, debug):
    monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_request", crash)

    answer = alice.get("/api/payment/")

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == CRASHED
    assert any(r.exc_info and r.exc_info[0] is ZeroDivisionError for r in caplog.records)


def test_a_crash_while_the_answer_is_rendered_is_500(alice, monkeypatch, debug):
    monkeypatch.setattr(settlements, "read", lambda **_: {"not json": object()})

    answer = alice.get("/api/payment/")

    assert answer.status_code == 500
    assert answer.json() == CRASHED


def test_a_crash_elsewhere_is_left_to_django(anonymous, monkeypatch):
    monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_request", crash)

    answer = anonymous.get("/admin/")

    assert answer.status_code == 500
    assert answer["Content-Type"].startswith("text/html")


def test_contention_that_does_not_end_is_503(alice, monkeypatch):
    def contended(**_: Any) -> None:
        raise Contention

    monkeypatch.setattr(settlements, "settle", contended)

    answer = alice.settle([])

    assert answer.status_code == 503
    assert answer.json() == {"code": 1503, "data": None, "error": "服务暂时不可用，请稍后再试"}


# --- What no endpoint answers today, but the handler knows ----------------------------------------


def test_too_many_requests_say_when_to_come_back():
    answer = exception_handler(Throttled(wait=1.5), {"request": HttpRequest()})

    assert answer.status_code == 429
    assert answer.data == {"code": 1429, "data": None, "error": "请求过于频繁，请稍后再试"}
    assert answer["Retry-After"] == "2"


def test_no_permission_is_403():
    answer = exception_handler(PermissionDenied(), {"request": HttpRequest()})

    assert answer.status_code == 403
    assert answer.data == {"code": 1403, "data": None, "error": "没有权限"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/payment/"),
        ("GET", "/api/course/?page=0"),
        ("POST", "/api/auth/"),
        ("PUT", "/api/payment/"),
        ("GET", "/api/nowhere/"),
        ("GET", "/api/schema/"),
        ("GET", "/api/docs/"),
        ("POST", "/api/alipay/"),
        ("POST", "/api/wechatpay/"),
        ("GET", "/api/alipay/"),
        ("GET", "/api/order/1/refund/"),
        ("POST", "/api/order/1/pay/"),
    ],
)
def test_no_answer_is_kept_by_anybody(alice, anonymous, method: str, path: str):
    for client in (alice, anonymous):
        assert client.generic(method, path)["Cache-Control"] == "no-store"


def test_nor_is_an_error_from_before_the_view(anonymous):
    bad_host = anonymous.get("/api/payment/", HTTP_HOST="evil.example")
    too_large = anonymous.generic("POST", "/api/auth/", CONTENT_LENGTH="99999999")

    assert [bad_host.status_code, too_large.status_code] == [400, 413]
    for answer in (bad_host, too_large):
        assert answer["Cache-Control"] == "no-store"
