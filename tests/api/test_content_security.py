"""Content-Security-Policy: what a browser may load and run, said with every answer."""

import re

import pytest
from django.test import Client
from rest_framework.test import APIClient

from luffy.settings import content
from tests.support.factories import CouponFactory

DATA = {"default-src": "'none'", "frame-ancestors": "'none'"}
PAGES = ["/admin/", "/admin/login/", "/admin/api/coupon/", "/admin/api/coupon/add/", "/nowhere/"]


def policy_of(answer) -> dict[str, str]:
    directives = answer["Content-Security-Policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/payment/"),
        ("POST", "/api/auth/"),
        ("GET", "/api/nowhere/"),
        ("GET", "/api/schema/"),
        ("GET", "/healthz"),
    ],
)
def test_what_is_no_page_may_load_nothing_and_be_in_no_frame(
    alice: APIClient, anonymous: APIClient, method: str, path: str
) -> None:
    for client in (alice, anonymous):
        assert policy_of(client.generic(method, path)) == DATA


def test_nor_may_an_error_from_before_the_view(anonymous: APIClient) -> None:
    bad_host = anonymous.get("/api/payment/", HTTP_HOST="evil.example")
    too_large = anonymous.generic("POST", "/api/auth/", CONTENT_LENGTH="99999999")

    assert [bad_host.status_code, too_large.status_code] == [400, 413]
    assert policy_of(bad_host) == policy_of(too_large) == DATA


def test_nor_a_file_of_the_desk(admin_client: Client) -> None:
    answer = admin_client.post("/admin/api/couponrecord/export/", {"format": "0"})

    assert answer["Content-Type"].startswith("text/csv")
    assert policy_of(answer) == DATA


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_no_script_of_its_own_text_and_reaches_no_other_host(
    admin_client: Client, path: str
) -> None:
    answer = admin_client.get(path, follow=True)
    policy = policy_of(answer)

    assert answer["Content-Type"].startswith("text/html")
    assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "'unsafe-inline'" not in policy["script-src"]
    assert not re.search(r"https?:|\*", answer["Content-Security-Policy"])


def test_the_page_of_the_api_makes_no_code_of_texts_either(anonymous: APIClient) -> None:
    answer = anonymous.get("/api/docs/")

    assert policy_of(answer)["script-src"] == "'self'"
    assert "<script>" not in answer.content.decode()


@pytest.mark.django_db
def test_a_page_of_the_desk_has_no_script_but_files(admin_client: Client) -> None:
    coupon = CouponFactory()
    for path in ("", "api/coupon/", f"api/coupon/{coupon.pk}/change/", "api/couponrecord/"):
        page = admin_client.get(f"/admin/{path}").content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", page) == []
        assert not re.search(r"\son(click|load|error|change|submit)=", page)


def test_the_policy_names_no_host() -> None:
    sources = [s for some in content.CONTENT_SECURITY_POLICY["DIRECTIVES"].values() for s in some]
    assert [s for s in map(str, sources) if "." in s and "NONCE" not in s] == []
