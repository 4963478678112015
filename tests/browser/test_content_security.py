"""The desk and the API's page in Chromium under their Content-Security-Policy. The window of every
test here fails it where a page does what its policy forbids."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, log_in
from tests.support.factories import CouponFactory, CouponRecordFactory, CourseFactory
from tests.support.orders import order

pytestmark = pytest.mark.django_db(transaction=True)
MARKUP = "D<img src=x onerror=document.title=1>"


@pytest.fixture
def chief(page: Any, manager: User) -> Any:
    """The window of somebody who may do everything."""
    User.objects.update(is_superuser=True)
    log_in(page, PASSWORD)
    page.wait_for_url("**/admin/")
    return page


def test_every_kind_of_page_of_the_desk_keeps_to_it(chief: Any) -> None:
    record = CouponRecordFactory(coupon__name=MARKUP, coupon__course=CourseFactory(name=MARKUP))
    bought = order()
    for path in (
        "",
        "api/course/",
        "api/course/add/",
        f"api/course/{record.coupon.object_id}/change/",
        "api/coupon/",
        "api/coupon/add/",
        f"api/coupon/{record.coupon_id}/change/",
        f"api/coupon/{record.coupon_id}/history/",
        f"api/coupon/{record.coupon_id}/delete/",
        f"api/coupon/{record.coupon_id}/issue/",
        "api/couponrecord/",
        f"api/couponrecord/{record.pk}/change/",
        "api/couponrecord/export/",
        "api/order/",
        f"api/order/{bought.pk}/change/",
        "api/account/",
        f"api/account/{bought.account_id}/change/",
        "auth/group/add/",
        "auth/user/",
        "password_change/",
        "nowhere/",
    ):
        chief.goto(f"/admin/{path}")
        assert chief.title() != "1", path


def test_markup_in_a_name_runs_nowhere_even_where_a_page_would_show_it_unescaped(
    chief: Any,
) -> None:
    """As if some template had forgotten to escape it."""
    chief.goto("/admin/")
    title, chief.makes_trouble = chief.title(), True
    with chief.expect_console_message(lambda line: "Content Security Policy" in line.text):
        chief.evaluate(
            """markup => {
                const place = document.createElement('div');
                place.innerHTML = markup;
                document.body.append(place);
            }""",
            MARKUP,
        )
    assert chief.title() == title


def test_a_script_written_into_a_page_does_not_run(chief: Any) -> None:
    chief.goto("/admin/")
    title, chief.makes_trouble = chief.title(), True
    with chief.expect_console_message(lambda line: "Content Security Policy" in line.text):
        chief.evaluate(
            """() => {
                const script = document.createElement('script');
                script.textContent = 'document.title = 1';
                document.body.append(script);
            }"""
        )
    assert chief.title() == title


def test_the_page_of_the_api_works(page: Any) -> None:
    page.goto("/api/docs/")
    operation = page.locator(".opblock", has_text="/api/payment/quote/").first
    operation.locator(".opblock-summary").click()
    expect(operation.locator(".opblock-body")).to_contain_text("Responses")
    course_list = page.locator("#operations-api-course_list, .opblock-get", has_text="/api/course/")
    course_list.first.locator(".opblock-summary").click()
    course_list.first.get_by_role("button", name="Try it out").click()
    course_list.first.get_by_role("button", name="Execute").click()
    expect(course_list.first.locator(".live-responses-table")).to_contain_text("1000")


def test_a_coupon_s_list_and_its_dialog_work(chief: Any) -> None:
    record = CouponRecordFactory(coupon=CouponFactory(name=MARKUP))
    chief.goto(f"/admin/api/couponrecord/{record.pk}/change/")
    chief.get_by_role("link", name="作废").or_(
        chief.get_by_role("button", name="作废")
    ).first.click()
    expect(chief.get_by_text("作废后用户不能再使用").first).to_be_visible()
    assert chief.title() != "1"
