"""What the learner's pages say where things are not as one hoped: nothing there, nothing paid, a
slip of the finger, a course that has left the shop."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from api.models import Course, CourseStatus, PricePolicy
from api.rules.orders import OrderStatus
from api.services import cars
from api.services.checkout import settlement
from api.services.orders import closing
from tests.support import orders
from tests.support.factories import CouponFactory, CouponRecordFactory
from tests.support.shop_front import course, found_by_axe, learner, opened

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_order_that_was_cancelled_is_not_said_to_be_paid(page: Any) -> None:
    account = learner(page)
    placed = orders.place(account, [course("爬虫", 99.0).price_policy.get()])
    closing.cancel(account_id=account.pk, order_number=placed.order_number, now=timezone.now())
    opened(page, "/order", "我的订单")
    expect(page.locator(".order-foot")).to_contain_text("未付款 ¥99.00")
    opened(page, f"/order/{placed.order_number}", "订单")
    expect(page.locator(".sums .last")).to_have_text("未付款¥99.00")
    expect(page.get_by_text("实付")).to_have_count(0)


def test_orders_are_filtered_by_the_words_that_stand_on_them(page: Any) -> None:
    learner(page)
    opened(page, "/order", "我的订单")
    offered = page.get_by_role("navigation", name="订单状态").get_by_role("link").all_inner_texts()
    assert sorted(offered) == sorted(["全部", *(status.display for status in OrderStatus)])


@pytest.mark.parametrize(
    ("path", "heading", "way", "leads_to"),
    [
        ("/course/404", "课程", "去看课程", "/"),
        ("/order/404", "订单", "全部订单", "/order"),
        ("/order/404/pay", "收银台", "全部订单", "/order"),
    ],
)
def test_what_does_not_exist_is_not_to_be_tried_again_but_left(
    page: Any, path: str, heading: str, way: str, leads_to: str
) -> None:
    learner(page)
    opened(page, path, heading)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("不存在")
    expect(alert.get_by_role("button")).to_have_count(0)
    expect(alert.get_by_role("link", name=way)).to_have_attribute("href", leads_to)
    assert found_by_axe(page) == []


def many_courses(_account: Any) -> None:
    course("爬虫", 99.0)


def an_order(account: Any) -> None:
    orders.pay(orders.place(account, [course("爬虫", 99.0).price_policy.get()]))


def a_coupon(account: Any) -> None:
    CouponRecordFactory(account=account)


@pytest.mark.parametrize(
    ("path", "heading", "make"),
    [
        ("/", "课程", many_courses),
        ("/order", "我的订单", an_order),
        ("/my/course", "我的课程", an_order),
        ("/my/coupon", "我的优惠券", a_coupon),
    ],
)
def test_a_page_past_the_last_one_says_so_and_leads_to_the_first(
    page: Any, path: str, heading: str, make: Callable[[Any], None]
) -> None:
    make(learner(page))
    opened(page, f"{path}?page=9", heading)
    expect(page.get_by_text("这一页没有内容了。")).to_be_visible()

    page.get_by_role("link", name="回到第 1 页").click()

    expect(page.get_by_text("这一页没有内容了。")).to_have_count(0)
    expect(page.locator("main li").first).to_be_visible()


def test_a_wrong_code_is_called_wrong_beside_where_it_was_typed(page: Any) -> None:
    learner(page)
    CouponFactory(name="新学员", claimable=True)
    opened(page, "/coupon", "领券中心")
    page.get_by_label("口令").fill("NOPE")
    page.get_by_role("button", name="兑换").click()
    expect(page.locator("form").get_by_role("alert")).to_have_text("口令不正确，请核对后再试")


def test_why_a_coupon_cannot_be_claimed_stands_on_that_coupon(page: Any) -> None:
    learner(page)
    CouponFactory(name="新学员", claimable=True)
    taken = CouponFactory(name="抢手", claimable=True, quantity=1)
    opened(page, "/coupon", "领券中心")
    CouponRecordFactory(coupon=taken)

    page.get_by_role("button", name="领取抢手").click()

    ticket = page.get_by_role("article").filter(has_text="抢手")
    expect(ticket.get_by_role("alert")).to_have_text("优惠券已领完")
    expect(page.get_by_role("alert")).to_have_count(1)


def test_the_car_shows_todays_price_and_offers_nothing_of_a_course_that_left(page: Any) -> None:
    account = learner(page)
    dearer, gone = course("爬虫", 99.0), course("CRM", 122.0)
    for one in (dearer, gone):
        cars.add(account_id=account.pk, course_id=one.pk, policy_id=one.price_policy.get().pk)
    PricePolicy.objects.filter(object_id=dearer.pk).update(price=109.0)
    Course.objects.filter(pk=gone.pk).update(status=CourseStatus.OFFLINE)

    opened(page, "/car", "购物车")

    line = page.get_by_role("listitem").filter(has_text="爬虫")
    expect(line.locator(".line-foot")).to_contain_text("现价 ¥109.00")
    expect(line.locator("s")).to_contain_text("¥99.00")
    expect(line.get_by_role("combobox").locator("option")).to_have_text("1个月 · ¥109.00")
    left = page.get_by_role("listitem").filter(has_text="课程已下线")
    expect(left.get_by_role("combobox")).to_have_count(0)
    expect(left.locator(".money")).to_have_count(0)
    expect(left.get_by_role("checkbox")).to_be_disabled()
    expect(left.get_by_role("button", name="移出CRM")).to_be_enabled()


def test_a_field_that_is_wrong_is_called_as_it_is_labelled(page: Any) -> None:
    opened(page, "/login?new=1", "注册")
    expect(page.get_by_label("密码", exact=True)).to_be_visible()  # the hint is not its name
    page.get_by_label("用户名").fill("wupeiqi")
    page.get_by_label("密码").fill("12345678")
    page.get_by_role("button", name="注册并登录").click()
    expect(page.get_by_role("alert")).to_contain_text("密码：这个密码太常见了")
    expect(page.get_by_role("alert")).not_to_contain_text("password")


def test_what_was_not_there_before_is_not_said_to_have_changed_from_nothing(page: Any) -> None:
    account = learner(page)
    policy = course("爬虫", 99.0).price_policy.get()
    placed = orders.place(account, [policy])
    cars.add(account_id=account.pk, course_id=policy.object_id, policy_id=policy.pk)
    settlement.settle(account_id=account.pk, course_ids=[policy.object_id], now=timezone.now())
    orders.pay(placed)
    opened(page, "/settle", "结算中心")
    changes = page.get_by_role("region", name="开始结算后有变化")
    expect(changes).to_contain_text("已购买此课程")
    expect(changes).not_to_contain_text("→")


def test_my_coupons_stand_under_the_tab_of_coupons(page: Any) -> None:
    learner(page)
    opened(page, "/my/coupon", "我的优惠券")
    current = page.get_by_role("navigation", name="主导航").locator("[aria-current=page]")
    expect(current).to_have_text("领券中心")
