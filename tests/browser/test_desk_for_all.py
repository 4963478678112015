"""The desk for those who cannot see it, or not well: axe-core over its pages, light and dark."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, log_in
from tests.support import orders
from tests.support.factories import CouponFactory, CouponRecordFactory, CourseFactory
from tests.support.shop_front import found_by_axe

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
EVERYWHERE = (
    *("coupon", "couponrecord", "issuebatch", "couponcode"),
    *("order", "refund", "enrolledcourse", "ledgerentry", "bill", "billline"),
    *("paymentnotification", "course", "degreecourse", "pricepolicy", "coursecategory"),
    *("coursesubcategory", "teacher", "article", "comment"),
    *("webhookendpoint", "webhookdelivery", "account", "userauthtoken"),
)
FORMS = ["coupon", "course", "degreecourse", "teacher", "article", "webhookendpoint", "account"]


@pytest.fixture
def chief(page: Any, manager: User) -> Any:
    User.objects.update(is_superuser=True)
    log_in(page, PASSWORD)
    page.wait_for_url("**/admin/")
    return page


def addresses() -> list[str]:
    """A page of every kind, and rows on it."""
    record = CouponRecordFactory(coupon__course=CourseFactory(name="爬虫"))
    bought = orders.order()
    orders.pay(bought)
    coupon = f"api/coupon/{record.coupon_id}"
    return [
        "",
        *(f"api/{name}/" for name in EVERYWHERE),
        *(f"api/{name}/add/" for name in FORMS),
        *(f"{coupon}/{page}/" for page in ("change", "issue", "effect", "history", "copy")),
        f"api/couponrecord/{record.pk}/change/",
        "api/couponrecord/export/",
        f"api/order/{bought.pk}/change/",
        f"api/course/{record.coupon.object_id}/change/",
        "api/ledgerentry/closing/",
        "auth/user/",
        f"auth/user/{User.objects.get().pk}/change/",
        "auth/group/add/",
        "admin/logentry/",
        "password_change/",
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_no_page_of_the_desk_has_a_serious_fault(chief: Any, scheme: str, width: int) -> None:
    chief.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    chief.set_viewport_size({"width": width, "height": 900})
    found = {}
    for path in addresses():
        chief.goto(f"/admin/{path}")
        if faults := found_by_axe(chief):
            found[path] = faults
    assert found == {}


def test_a_box_that_searches_has_the_name_of_its_field_also_when_it_is_open(chief: Any) -> None:
    CourseFactory(name="爬虫")
    chief.goto("/admin/api/coupon/add/")
    box = chief.get_by_role("combobox", name="绑定课程")
    box.click()
    typed = chief.locator(".select2-dropdown input")
    expect(typed).to_have_attribute("aria-label", "绑定课程")
    typed.fill("爬虫")
    chief.locator(".select2-results__option", has_text="爬虫").click()
    expect(box).to_contain_text("爬虫")
    expect(chief.get_by_role("link", name="打开日历")).to_have_count(4)


def test_one_in_another_time_zone_is_told_whose_days_the_forms_have(
    chromium: Any, chief: Any
) -> None:
    context = chromium.new_context(
        base_url=chief.url.partition("/admin")[0],
        timezone_id="America/New_York",
        locale="zh-CN",
        storage_state=chief.context.storage_state(),
    )
    page = context.new_page()
    page.goto("/admin/api/coupon/add/")
    told = page.locator(".timezonewarning").first
    told.wait_for()
    shown = told.evaluate("told => getComputedStyle(told, '::before').content")
    assert shown == '"按北京时间"'
    context.close()


def test_a_coupon_s_page_has_its_name_above_it_beside_all_that_can_be_done(chief: Any) -> None:
    coupon = CouponFactory(name="双十二")
    chief.goto(f"/admin/api/coupon/{coupon.pk}/change/")
    name = chief.locator(f'a[href="/admin/api/coupon/{coupon.pk}/change/"]', has_text="双十二")
    assert name.evaluate("name => name.offsetWidth > 0 && name.scrollWidth <= name.offsetWidth")
    chief.get_by_text("更多").last.click()
    chief.get_by_role("link", name="效果").click()
    chief.wait_for_url("**/effect/")
