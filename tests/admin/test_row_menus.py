"""What the menu of a row in a list offers, and where its dialog leads."""

import pytest
from django.test import Client

from api.models import CouponRecordStatus
from tests.admin.test_lost_updates import dialog_of
from tests.support.factories import CouponFactory, CouponRecordFactory

pytestmark = pytest.mark.django_db
COUPONS, RECORDS = "/admin/api/coupon/", "/admin/api/couponrecord/"


def page(browser: Client, url: str) -> str:
    return browser.get(url).content.decode()


@pytest.mark.parametrize("status", list(CouponRecordStatus))
def test_only_an_unused_record_is_offered_to_be_taken_back(manager: Client, status: int) -> None:
    record = CouponRecordFactory(status=status)
    offered = f"{RECORDS}{record.pk}/void/" in page(manager, RECORDS)
    assert offered is (status == CouponRecordStatus.UNUSED)


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ({}, {"stop", "disable"}),
        ({"paused": True}, {"resume", "disable"}),
        ({"disabled": True}, {"stop", "enable"}),
    ],
)
def test_a_coupons_row_offers_what_would_do_something(
    manager: Client, state: dict[str, bool], offered: set[str]
) -> None:
    coupon = CouponFactory(**state)
    shown = page(manager, COUPONS)
    steps = {"stop", "resume", "disable", "enable"}
    assert {name for name in steps if f"{COUPONS}{coupon.pk}/{name}/" in shown} == offered


def test_a_menu_is_opened_by_a_button_with_a_name(manager: Client) -> None:
    CouponRecordFactory()
    shown = page(manager, RECORDS)
    assert '<button type="button" aria-haspopup="true" aria-label="操作"' in shown


def test_the_dialog_names_the_record_and_whose_it_is(manager: Client) -> None:
    record = CouponRecordFactory()
    shown = page(manager, f"{RECORDS}{record.pk}/void/")
    for text in (record.number, record.account.username, record.coupon.name):
        assert f">{text}</dd>" in shown


@pytest.mark.parametrize(
    ("opened_at", "leads_to"),
    [
        (f"{RECORDS}?status__exact=0", f"{RECORDS}?status__exact=0"),
        (RECORDS, RECORDS),
        ("/admin/api/coupon/", None),
        ("", None),
    ],
)
def test_the_dialog_of_a_row_comes_back_to_the_list_as_it_was(
    manager: Client, opened_at: str, leads_to: str | None
) -> None:
    record = CouponRecordFactory()
    url = f"{RECORDS}{record.pk}/void/"
    sent = dialog_of(manager, url) | {"reason": "发错了"}
    at = f"https://elsewhere.example{opened_at}" if opened_at else ""
    answer = manager.post(url, sent, headers={"HX-Current-URL": at})
    assert answer.headers["HX-Redirect"] == (leads_to or f"{RECORDS}{record.pk}/change/")
