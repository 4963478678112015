"""How many requests an account may make in a minute, and how large a body may be."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from django.conf import settings as service
from django.core.cache import caches
from django.test import Client
from rest_framework.test import APIClient

from tests.support.cars import ADDED, CHANGED, REMOVED, add, in_car, sell

CAR = "/api/shoppingcar/"
TOO_MANY = {"code": 1429, "data": None, "error": "请求过于频繁，请稍后再试"}
TOO_LARGE = {"code": 1413, "data": None, "error": "请求体过大"}
MOST = 64 * 1024
MIB = 1024 * 1024
ISSUE = "/admin/api/coupon/1/issue/"


@pytest.fixture
def three_a_minute(settings: Any) -> Iterator[None]:
    settings.REQUESTS_PER_MINUTE = 3
    caches["process"].clear()
    yield
    caches["process"].clear()


def sized(body: dict[str, Any], size: int) -> str:
    """The body as JSON of so many bytes."""
    text = json.dumps(body)
    return text + " " * (size - len(text))


@pytest.fixture
def unread() -> Callable[[Client, str, int], Any]:
    """Sends a file of so many bytes that fails the test when it is read."""

    def send(client: Client, url: str, length: int) -> Any:
        body = Mock(read=Mock(side_effect=AssertionError("it was read")))
        return client.generic(
            "POST",
            url,
            content_type="multipart/form-data; boundary=x",
            **{"CONTENT_LENGTH": str(length), "wsgi.input": body},
        )

    return send


# --- Requests -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("three_a_minute")
def test_an_account_that_asks_too_often_has_to_wait(alice, everything_in):
    sell(1)
    for _ in range(3):
        assert alice.get(CAR).status_code == 200

    answer = alice.post(CAR, {"courseid": 1, "policyid": 11})

    assert answer.status_code == 429
    assert answer.json() == TOO_MANY
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert everything_in() == {}


@pytest.mark.usefixtures("three_a_minute")
def test_all_endpoints_of_an_account_count_together_from_whatever_address(alice):
    alice.get(CAR)
    alice.get("/api/payment/", REMOTE_ADDR="192.0.2.1")
    alice.get(CAR, REMOTE_ADDR="192.0.2.2")

    assert alice.get("/api/payment/").status_code == 429


@pytest.mark.usefixtures("three_a_minute")
def test_other_accounts_and_visitors_are_not_concerned(alice, bob, anonymous):
    for _ in range(4):
        alice.get(CAR)

    assert bob.get(CAR).status_code == 200
    assert anonymous.get("/api/course/").status_code == 200


@pytest.mark.usefixtures("three_a_minute")
def test_visitors_are_counted_by_address(anonymous):
    for _ in range(3):
        assert anonymous.get("/api/course/").status_code == 200

    assert anonymous.get("/api/course/").json() == TOO_MANY
    assert anonymous.get("/api/course/", REMOTE_ADDR="192.0.2.1").status_code == 200


@pytest.mark.usefixtures("three_a_minute")
def test_after_a_minute_there_are_requests_again(alice, monkeypatch):
    for _ in range(4):
        last = alice.get(CAR)
    assert last.status_code == 429
    now = time.time()

    monkeypatch.setattr(time, "time", lambda: now + 61)

    assert alice.get(CAR).status_code == 200


@pytest.mark.usefixtures("three_a_minute")
def test_further_requests_do_not_prolong_the_minute(alice, monkeypatch):
    now = time.time()
    for second in (0, 20, 40, 59):
        monkeypatch.setattr(time, "time", lambda: now + second)  # noqa: B023
        last = alice.get(CAR)
    assert (last.status_code, last["Retry-After"]) == (429, "1")

    monkeypatch.setattr(time, "time", lambda: now + 61)

    assert alice.get(CAR).status_code == 200


@pytest.mark.usefixtures("three_a_minute")
@pytest.mark.parametrize("token", [None, "wrong"])
@pytest.mark.parametrize("after", [0, 0.5, 1, 30.25, 59, 59.5, 59.9])
def test_who_waits_as_long_as_told_is_let_in_and_not_a_second_before(
    alice, anonymous, monkeypatch, token: str | None, after: float
):
    client, query = (alice, {}) if token is None else (anonymous, {"token": token})
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    for _ in range(3):
        client.get(CAR, query)
    monkeypatch.setattr(time, "time", lambda: now + after)
    refused = client.get(CAR, query)
    wait = int(refused["Retry-After"])

    monkeypatch.setattr(time, "time", lambda: now + after + wait - 1)
    assert (refused.status_code, client.get(CAR, query).status_code) == (429, 429)
    monkeypatch.setattr(time, "time", lambda: now + after + wait)
    assert client.get(CAR, query).status_code in (200, 401)


@pytest.mark.usefixtures("three_a_minute")
@pytest.mark.parametrize("token", ["wrong", "null", "h:" + "x" * 43, "", "\0" * 9])
def test_wrong_tokens_of_an_address_are_counted_and_then_not_looked_at(
    alice, anonymous, token, django_assert_num_queries
):
    for _ in range(3):
        assert anonymous.get(CAR, {"token": token}).status_code == 401

    with django_assert_num_queries(0):
        answer = anonymous.get(CAR, {"token": token})

    assert (answer.status_code, answer.json()) == (429, TOO_MANY)
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert anonymous.get(CAR, {"token": token}, REMOTE_ADDR="192.0.2.1").status_code == 401
    assert alice.get(CAR, REMOTE_ADDR="192.0.2.1").status_code == 200


@pytest.mark.usefixtures("three_a_minute")
def test_front_ends_without_a_token_do_not_keep_those_with_one_out(alice, anonymous):
    for _ in range(4):
        anonymous.get(CAR)

    assert alice.get(CAR).status_code == 200


# --- Bodies ---------------------------------------------------------------------------------------


BODIES = [
    ("POST", {"courseid": 1, "policyid": 12}, ADDED),
    ("PATCH", {"courseid": 1, "policyid": 12}, CHANGED),
    ("DELETE", {"courseids": [1]}, REMOVED),
]


def test_the_limit_is_64_kib():
    assert service.MOST_BYTES == MOST


@pytest.mark.parametrize(("method", "body", "done"), BODIES)
def test_a_body_of_just_the_limit_is_let_in(alice, method, body, done):
    sell(1)
    add(alice, 1)

    answer = alice.generic(method, CAR, sized(body, MOST), content_type="application/json")

    assert answer.json() == done


def test_a_body_in_chunks_is_refused_and_changes_nothing(alice):
    sell(1)

    answer = alice.post(CAR, {"courseid": 1, "policyid": 11}, HTTP_TRANSFER_ENCODING="chunked")

    assert answer.status_code == 400
    assert answer.json()["error"] == "请求体必须带有Content-Length"
    assert in_car(alice) == []


@pytest.mark.parametrize(("method", "body", "done"), BODIES)
def test_a_body_of_one_byte_more_is_refused_and_changes_nothing(alice, method, body, done):
    sell(1)
    add(alice, 1)

    answer = alice.generic(method, CAR, sized(body, MOST + 1), content_type="application/json")

    assert answer.status_code == 413
    assert answer.json() == TOO_LARGE
    assert in_car(alice) == [("1", "11")]


@pytest.mark.parametrize("url", ["/api/auth/", "/api/account/", "/api/nothing/"])
def test_it_is_refused_before_anybody_asks_who_it_is(anonymous, url):
    answer = anonymous.generic("POST", url, "x" * (MOST + 1), content_type="text/plain")

    assert answer.json() == TOO_LARGE


@pytest.mark.parametrize("length", ["65537", "9" * 19, "9" * 5000])
def test_the_length_that_the_client_says_is_enough(anonymous: APIClient, length):
    answer = anonymous.generic("POST", "/api/auth/", "{}", CONTENT_LENGTH=length)

    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["", "-1", "²", "x"])
def test_a_length_that_is_no_number_is_no_body(anonymous, length):
    answer = anonymous.generic("POST", "/api/auth/", "{}", CONTENT_LENGTH=length)

    assert answer.status_code in (400, 415)


def test_a_form_of_just_the_limit_is_let_in_at_the_desk(anonymous):
    form = "csrfmiddlewaretoken=".ljust(MOST, "x")
    answer = anonymous.generic(
        "POST", "/admin/login/", form, content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code in (200, 403)


@pytest.mark.parametrize("url", ["/admin/login/", ISSUE, "/admin/", "/", "/nowhere/", "/healthz/x"])
@pytest.mark.parametrize("length", [MOST + 1, 400 * MIB])
def test_a_visitor_sends_no_page_more_and_nothing_of_it_is_read(db, unread, url, length):
    answer = unread(Client(), url, length)

    assert answer.status_code == 413
    assert "内容过大" in answer.content.decode()


@pytest.mark.parametrize(
    ("url", "most"), [("/admin/login/", 4 * MIB), ("/admin/", 4 * MIB), (ISSUE, 21 * MIB)]
)
def test_the_desk_s_people_may_send_more_and_most_where_a_file_is_wanted(admin_client, url, most):
    for length, refused in ((most, False), (most + 1, True)):
        answer = admin_client.generic("POST", url, b"", CONTENT_LENGTH=str(length))
        assert (answer.status_code == 413) is refused


def test_others_who_are_logged_in_may_not(client, django_user_model, unread):
    client.force_login(django_user_model.objects.create_user("customer"))

    assert unread(client, ISSUE, MOST + 1).status_code == 413
