"""The learner's pages in Chromium. The window of every test fails it where a script fails, another
host is asked, or a page does what its policy forbids."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from api.gateways.local.views import book_in
from api.models import CouponRecord, EnrolledCourse, Order, PricePolicy, UserAuthToken
from api.services import cars
from api.services.checkout import quoting, settlement
from tests.support import orders
from tests.support.factories import CouponFactory, CouponRecordFactory
from tests.support.gateways import LocalGateway
from tests.support.shop_front import course, fits, found_by_axe, learner, opened

pytestmark = pytest.mark.django_db(transaction=True)
WIDTHS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}
PASSWORD = "a-long-way-2018"


@pytest.fixture
def shop(page: Any) -> Iterator[Any]:
    """The window; a test also fails where the console holds an error, but for answers of 400 and
    above, which Chromium notes there."""
    errors: list[str] = []
    page.on("console", lambda line: line.type == "error" and errors.append(line.text))
    yield page
    assert [line for line in errors if "Failed to load resource" not in line] == []


@pytest.fixture
def gateway(live_server: Any, settings: Any, tmp_path: Path) -> Iterator[LocalGateway]:
    """Alipay and WeChat Pay, as they run beside the pages."""
    book_in.cache_clear()
    yield LocalGateway(settings, tmp_path, live_server.url)
    book_in.cache_clear()


def settled(page: Any, *courses: Any) -> int:
    """A learner who has settled these courses, at their first price each; gives the account's
    id."""
    account_id: int = learner(page).pk
    for one in courses:
        policy = one.price_policy.first().pk
        cars.add(account_id=account_id, course_id=one.pk, policy_id=policy)
    ids = [one.pk for one in courses]
    settlement.settle(account_id=account_id, course_ids=ids, now=timezone.now())
    return account_id


@pytest.mark.parametrize("width", WIDTHS)
def test_a_stranger_buys_a_course_with_the_best_coupons_and_asks_for_the_money_back(
    shop: Any, gateway: LocalGateway, width: str
) -> None:
    shop.set_viewport_size(WIDTHS[width])
    django = course("Django商城实战", 399.0, 699.0)
    CouponFactory(name="新学员", claimable=True)
    CouponFactory(
        name="满减", coupon_type=1, money_equivalent_value=100, minimum_consume=390, claimable=True
    )
    CouponFactory(name="本课立减", course=django, money_equivalent_value=5, code="LUFFY2018")

    shop.goto("/login?next=/coupon")
    shop.get_by_role("button", name="注册").first.click()
    shop.get_by_label("用户名").fill("wupeiqi")
    shop.get_by_label("密码").fill(PASSWORD)
    shop.get_by_role("button", name="注册并登录").click()
    for name in ("新学员", "满减"):
        shop.get_by_role("button", name=f"领取{name}").click()
        expect(shop.get_by_text("已领 1 张")).to_have_count(1 if name == "新学员" else 2)
    shop.get_by_label("口令").fill("luffy2018")
    shop.get_by_role("button", name="兑换").click()
    expect(shop.locator(".toast")).to_contain_text("已领取立减5")
    assert fits(shop)

    shop.get_by_role("link", name="课程", exact=True).click()
    shop.get_by_role("link", name="Django商城实战").click()
    shop.get_by_role("button", name="加入购物车").click()
    expect(shop.locator(".toast")).to_contain_text("已加入购物车")
    shop.get_by_role("link", name="购物车").click()
    shop.get_by_label("Django商城实战的学习期限").select_option(label="2个月 · ¥699.00")
    expect(shop.locator(".line-foot > .money")).to_have_text("¥699.00")
    assert fits(shop)
    shop.get_by_role("button", name="去结算").click()
    expect(shop.locator(".total")).to_contain_text("¥699.00")
    shop.get_by_role("button", name="一键最优").click()
    expect(shop.locator(".total")).to_contain_text("¥594.00")
    expect(shop.get_by_text("已优惠 ¥105.00")).to_be_visible()
    assert fits(shop)
    shop.get_by_role("button", name="提交订单").click()
    expect(shop.get_by_role("heading", name="收银台")).to_be_visible()
    assert fits(shop)
    shop.get_by_role("button", name="去付款").click()
    shop.get_by_role("button", name="确认付款").click()
    shop.get_by_role("link", name="返回商户").click()
    expect(shop.get_by_text("交易成功")).to_be_visible()
    assert fits(shop)
    shop.get_by_role("link", name="我的课程").click()
    expect(shop.get_by_role("link", name="Django商城实战")).to_contain_text("已开通")
    assert EnrolledCourse.objects.count() == 1

    shop.get_by_role("link", name="我的订单").click()
    shop.get_by_role("button", name="申请退款").click()
    dialog = shop.get_by_role("dialog")
    expect(dialog).to_contain_text("可退 ¥594.00另退回 2 张优惠券")
    dialog.get_by_label("原因").fill("没有时间学")
    dialog.get_by_role("button", name="申请退款").click()
    expect(shop.locator(".order-head")).to_contain_text("退费申请中")
    assert fits(shop)


def test_a_second_tab_is_told_that_the_settlement_is_another_now(shop: Any) -> None:
    account_id = settled(shop, course("爬虫", 99.0))
    CouponRecordFactory(account_id=account_id, coupon__name="四十")
    settlement.settle(
        account_id=account_id,
        course_ids=[PricePolicy.objects.get().object_id],
        now=timezone.now(),
    )
    opened(shop, "/settle", "结算中心")
    settlement.choose_coupon(
        account_id=account_id, course_id=None, record_id=CouponRecord.objects.get().pk
    )

    shop.get_by_label("立减40").check()

    expect(shop.get_by_role("alert")).to_contain_text("已在另一个窗口变化")
    expect(shop.get_by_role("button", name="提交订单")).to_be_disabled()
    shop.get_by_role("button", name="刷新").click()
    expect(shop.locator(".total")).to_contain_text("¥59.00")
    expect(shop.get_by_role("button", name="提交订单")).to_be_enabled()


def test_a_price_that_changed_meanwhile_is_shown_and_agreed_to_before_the_order(
    shop: Any, gateway: LocalGateway
) -> None:
    settled(shop, course("爬虫", 99.0))
    opened(shop, "/settle", "结算中心")
    PricePolicy.objects.update(price=109.0)

    shop.get_by_role("button", name="提交订单").click()

    expect(shop.get_by_role("alert")).to_contain_text("结算信息已变化，请确认后重新提交")
    expect(shop.get_by_role("heading", name="开始结算后有变化")).to_be_visible()
    expect(shop.get_by_text("99.00 → 109.00")).to_be_visible()
    expect(shop.get_by_role("button", name="提交订单")).to_be_disabled()
    assert not Order.objects.exists()
    shop.get_by_role("button", name="我知道了").click()
    expect(shop.locator(".total")).to_contain_text("¥109.00")
    shop.get_by_role("button", name="提交订单").click()
    expect(shop.get_by_role("heading", name="收银台")).to_be_visible()
    assert Order.objects.get().actual_amount == 109


def test_a_course_that_makes_it_cheaper_is_bought_too_at_the_press_of_a_button(shop: Any) -> None:
    account_id = settled(shop, course("爬虫", 450.0))
    linux = course("Linux基础", 50.0)
    far = CouponFactory(name="满减", coupon_type=1, money_equivalent_value=200, minimum_consume=500)
    CouponRecordFactory(account_id=account_id, coupon=far)
    hint = {"course_id": str(linux.pk), "policy_id": str(linux.price_policy.first().pk)}
    hint |= {"title": "Linux基础", "img": "", "price": "50.00", "total": "300.00"}
    answers = [[], [hint | {"saves": "150.00"}]]
    shop.route(
        "**/api/payment/topup/",
        lambda route: route.fulfill(json={"code": 1000, "data": answers.pop(), "error": None}),
    )
    opened(shop, "/settle", "结算中心")
    expect(shop.get_by_text("总价降到 ¥300.00，省 ¥150.00")).to_be_visible()

    shop.get_by_role("button", name="加上Linux基础").click()

    expect(shop.locator(".total")).to_contain_text("¥300.00")
    expect(shop.get_by_role("heading", name="Linux基础")).to_be_visible()
    expect(shop.get_by_text("再买一门")).to_have_count(0)


def test_wechat_s_address_is_shown_as_a_code_to_scan(shop: Any) -> None:
    placed = orders.place(learner(shop), [course("爬虫", 99.0).price_policy.get()])
    begun = {"pay_url": "weixin://wxpay/bizpayurl?pr=abc", "way": "native"}
    asked: list[Any] = []

    def begin(route: Any) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(json={"code": 1000, "data": begun, "error": None})

    shop.route("**/pay/", begin)
    opened(shop, f"/order/{placed.order_number}/pay", "收银台")

    shop.get_by_label("微信支付").check()
    shop.get_by_role("button", name="去付款").click()

    expect(shop.get_by_role("img", name="付款码")).to_be_visible()
    assert asked == [{"payment_type": 0, "way": "native"}]


def lost(shop: Any, route: Any) -> None:
    route.fetch()  # it is done, and nobody hears of it
    route.abort()


def unserved(shop: Any, route: Any) -> None:
    body = {"code": 1503, "data": None, "error": "服务暂时不可用，请稍后再试"}
    route.fulfill(status=503, json=body)


def away(shop: Any, route: Any) -> None:
    shop.context.set_offline(True)
    route.abort("internetdisconnected")


@pytest.mark.parametrize("trouble", [lost, unserved, away])
def test_an_order_is_tried_again_and_placed_once(
    shop: Any, gateway: LocalGateway, trouble: Any
) -> None:
    settled(shop, course("爬虫", 99.0))
    keys: list[str] = []
    troubles = [trouble]

    def between(route: Any) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        keys.append(route.request.headers["idempotency-key"])
        if troubles:
            troubles.pop()(shop, route)
        else:
            route.continue_()

    shop.route("**/api/order/", between)
    opened(shop, "/settle", "结算中心")

    shop.get_by_role("button", name="提交订单").click()
    expect(shop.get_by_text("重试不会重复下单")).to_be_visible()
    if trouble is away:
        expect(shop.get_by_text("网络已断开。")).to_be_visible()
        shop.context.set_offline(False)
        expect(shop.get_by_text("网络已断开。")).to_have_count(0)
    shop.get_by_role("button", name="重试").click()

    expect(shop.get_by_role("heading", name="收银台")).to_be_visible()
    assert Order.objects.count() == 1
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_one_whose_token_has_ended_logs_in_and_comes_back(shop: Any) -> None:
    account = learner(shop)
    account.set_password(PASSWORD)
    account.save()
    opened(shop, "/order", "我的订单")
    UserAuthToken.objects.all().delete()

    shop.goto("/order?status=1")
    expect(shop.get_by_role("heading", name="登录")).to_be_visible()
    shop.get_by_label("用户名").fill("alice")
    shop.get_by_label("密码").fill(PASSWORD)
    shop.get_by_role("button", name="登录").last.click()

    expect(shop.get_by_role("heading", name="我的订单")).to_be_visible()
    shop.wait_for_url("**/order?status=1")


def test_one_who_is_too_fast_is_told_for_how_many_seconds_to_wait(shop: Any) -> None:
    body = {"code": 1429, "data": None, "error": "请求过于频繁，请稍后再试"}
    answers = [{"status": 429, "json": body, "headers": {"Retry-After": "2"}}]
    shop.route(
        "**/api/course/?*",
        lambda route: route.fulfill(**answers.pop()) if answers else route.continue_(),
    )
    course("爬虫", 99.0)
    shop.goto("/")

    expect(shop.get_by_role("alert")).to_contain_text("2 秒后可以重试")
    expect(shop.get_by_role("button", name="重试")).to_be_disabled()
    shop.get_by_role("button", name="重试").click()  # waits until it can be pressed
    expect(shop.get_by_role("link", name="爬虫")).to_be_visible()


def test_the_back_button_leads_back_to_the_search_and_to_where_one_was_on_the_page(
    shop: Any,
) -> None:
    for number in range(12):
        course(f"爬虫{number}", 99.0)
    shop.goto("/?search=爬虫")
    link = shop.get_by_role("link", name="爬虫1", exact=False).last
    link.scroll_into_view_if_needed()
    stood = shop.evaluate("scrollY")
    link.click()
    expect(shop.get_by_role("button", name="立即购买")).to_be_visible()

    shop.go_back()

    expect(shop.get_by_text("“爬虫”：12 门课程")).to_be_visible()
    assert stood > 0
    expect(shop.get_by_role("searchbox")).to_have_value("爬虫")
    assert abs(shop.evaluate("scrollY") - stood) < 5


def test_coupons_are_chosen_and_a_question_is_answered_by_keyboard_alone(shop: Any) -> None:
    account_id = settled(shop, course("爬虫", 99.0))
    for name in ("一", "二"):
        CouponRecordFactory(account_id=account_id, coupon__name=name)
    settlement.settle(
        account_id=account_id,
        course_ids=[PricePolicy.objects.get().object_id],
        now=timezone.now(),
    )
    opened(shop, "/settle", "结算中心")

    shop.get_by_label("不使用").focus()
    shop.keyboard.press("ArrowDown")
    shop.keyboard.press("ArrowDown")

    expect(shop.locator(".choice.works input")).to_be_focused()
    expect(shop.locator(".total")).to_contain_text("¥59.00")
    chosen, _ = quoting.quote(account_id=account_id, now=timezone.now())
    assert chosen.global_coupon == max(CouponRecord.objects.values_list("pk", flat=True))

    orders.place(CouponRecord.objects.first().account, [PricePolicy.objects.get()])
    opened(shop, "/order", "我的订单")
    cancel = shop.get_by_role("button", name="取消")
    cancel.focus()
    shop.keyboard.press("Enter")
    expect(shop.get_by_role("dialog")).to_be_visible()
    shop.keyboard.press("Escape")
    expect(shop.get_by_role("dialog")).to_have_count(0)
    expect(cancel).to_be_focused()
    assert Order.objects.get().status == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault_for_those_who_cannot_see_or_asks_more_than_twice(
    shop: Any, scheme: str
) -> None:
    """In both widths, none of them scrolls sideways."""
    shop.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    crawler, crm = course("爬虫", 99.0, 199.0), course("CRM", 122.0)
    account = learner(shop)
    policies = list(PricePolicy.objects.filter(valid_period=30))
    paid, waiting = (orders.place(account, [policy]) for policy in policies)
    orders.pay(paid)
    CouponFactory(name="可领", claimable=True)
    CouponRecordFactory(account=account, coupon__course=crawler, coupon__name="课程")
    far = CouponFactory(name="满减", coupon_type=1, minimum_consume=500)
    CouponRecordFactory(account=account, coupon=far)
    for one in (crawler, crm):
        policy_id = one.price_policy.first().pk
        cars.add(account_id=account.pk, course_id=one.pk, policy_id=policy_id)
    settlement.settle(account_id=account.pk, course_ids=[crawler.pk, crm.pk], now=timezone.now())
    asked: list[str] = []
    shop.on("request", lambda request: "/api/" in request.url and asked.append(request.url))

    for path, heading in (
        ("/", "课程"),
        (f"/course/{crawler.pk}", "爬虫"),
        ("/login", "登录"),
        ("/car", "购物车"),
        ("/settle", "结算中心"),
        ("/order", "我的订单"),
        (f"/order/{paid.order_number}", "订单"),
        (f"/order/{waiting.order_number}/pay", "收银台"),
        ("/coupon", "领券中心"),
        ("/my/coupon", "我的优惠券"),
        ("/my/course", "我的课程"),
        ("/account", "账号"),
    ):
        for width in WIDTHS.values():
            shop.set_viewport_size(width)
            asked.clear()
            opened(shop, path, heading)
            assert len(asked) <= 2, path
            assert fits(shop), path
            assert found_by_axe(shop) == [], path
    opened(shop, "/order", "我的订单")
    shop.get_by_role("button", name="申请退款").click()
    expect(shop.get_by_role("dialog")).to_contain_text("可退")
    assert found_by_axe(shop) == []
