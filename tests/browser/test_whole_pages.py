"""Every page of the desk and of the shop fits its window, wide and narrow, light and dark, and no
script, picture or style fails on it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from api.models import (
    BillLine,
    Coupon,
    CouponRecord,
    CourseSection,
    Homework,
    IssueBatch,
    IssuePlan,
    Order,
    PaymentNotification,
    Refund,
    WebhookDelivery,
)
from api.services import cars
from api.services.checkout import settlement
from tests.admin.rows import MAKERS
from tests.browser.conftest import PASSWORD, log_in
from tests.support import orders
from tests.support.factories import CouponFactory, CouponRecordFactory
from tests.support.shop_front import course, learner, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# Every other page is seen so, and those between them the other way round.
SEEN = [{1280: "light", 390: "dark"}, {1280: "dark", 390: "light"}]
LONG = "全场Kubernetes与云原生专题超级立减大促限时三天"
NAME = "a-learner-whose-name-has-no-spaces-at-all"  # nor has a number of 24 digits
# What does not fit: the page, its list, or what nothing scrolls to. Two frames, because the theme
# folds what is above a form away once it knows the width.
CUT_OFF = """async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    const root = document.documentElement, list = document.getElementById('result_list');
    const right = one => one.getBoundingClientRect().right;
    const scrolls = one => ['auto', 'scroll'].includes(getComputedStyle(one).overflowX);
    const reached = one =>
        one && one !== document.body && (scrolls(one) || reached(one.parentElement));
    const found = [...document.body.querySelectorAll('*')]
        .filter(one => right(one) > root.clientWidth + 1)
        .filter(one => one.checkVisibility({opacityProperty: true, visibilityProperty: true}))
        .filter(one => one.offsetWidth > 0 && !reached(one.parentElement))
        .map(one => `${one.tagName} ${one.className} to ${right(one)}`);
    if (root.scrollWidth > window.innerWidth) found.unshift(`the page is ${root.scrollWidth} wide`);
    if (list && list.scrollWidth > list.parentElement.clientWidth)
        found.unshift(`the list is ${list.scrollWidth} wide`);
    return found.slice(0, 3);
}"""


@pytest.fixture
def quiet(page: Any) -> Iterator[Any]:
    """The window; a test fails where its console has held an error."""
    errors: list[str] = []
    page.on("console", lambda line: line.type == "error" and errors.append(line.text))
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600"/>'
    page.route(
        "**/media/**", lambda asked: asked.fulfill(content_type="image/svg+xml", body=picture)
    )
    yield page
    assert errors == []


def cut_off(page: Any, number: int) -> dict[str, list[str]]:
    """What of the page of this number does not fit the window, by how it is seen."""
    found = {}
    for width, scheme in SEEN[number % 2].items():
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if cut := page.evaluate(CUT_OFF):
            found[f"{width} {scheme}"] = cut
    return found


def fill_the_desk() -> None:
    """A row of every kind, and some that are hard to find a place for."""
    for make in MAKERS.values():
        make()
    record = CouponRecordFactory(
        account__username=NAME, coupon__name=LONG, number="AEE5E86487929749DD4E", status=1
    )
    placed = orders.place(record.account, [course("爬虫", 208620.0).price_policy.get()])
    orders.pay(placed)
    CouponRecord.objects.filter(pk=record.pk).update(used_time=timezone.now(), order=placed)
    worth = {"quantity": 100_000, "coupon_type": 1, "claimable": True, "code": "LUFFY2018"}
    Coupon.objects.filter(pk=record.coupon_id).update(**worth)
    PaymentNotification.objects.update(body=f"sign={'0a' * 400}")
    BillLine.objects.update(out_trade_no=f"{placed.order_number}02", own_amount=208620)
    for section in CourseSection.objects.all():
        section.chapter.name = LONG * 2
        section.chapter.save()


def pages_of_the_desk() -> list[str]:
    lists = [f"{model._meta.app_label}/{model._meta.model_name}/" for model in MAKERS]
    coupon = Coupon.objects.get(name=LONG)
    forms: list[Any] = [coupon, CouponRecord.objects.get(coupon=coupon)]
    read = (CourseSection, Homework, IssueBatch, IssuePlan, Order, PaymentNotification, Refund)
    forms += [model._default_manager.latest("pk") for model in (*read, WebhookDelivery)]
    unused = CouponFactory(name=LONG * 2)
    return [
        "",
        *lists,
        *(f"api/{one._meta.model_name}/{one.pk}/change/" for one in forms),
        *(f"api/{name}/add/" for name in ("coupon", "course", "article", "webhookendpoint")),
        *(f"api/coupon/{coupon.pk}/{page}/" for page in ("issue", "effect", "history")),
        f"api/coupon/{unused.pk}/delete/",
        "api/coupon/?q=nowhere",
        "api/couponrecord/export/",
        "api/ledgerentry/closing/",
        f"api/issuebatch/{IssueBatch.objects.filter(exported_at=None).latest('pk').pk}/codes_file/",
        "auth/user/",
        f"auth/user/{User.objects.get(username='manager').pk}/change/",
        "auth/group/add/",
        "admin/logentry/",
        "password_change/",
    ]


def test_no_page_of_the_desk_is_cut_off_or_complains(quiet: Any, manager: User) -> None:
    User.objects.update(is_superuser=True)
    fill_the_desk()
    log_in(quiet, PASSWORD)
    quiet.wait_for_url("**/admin/")
    found = {}
    for number, path in enumerate(pages_of_the_desk()):
        answer = quiet.goto(f"/admin/{path}")
        assert answer.url.endswith(f"/admin/{path}"), path
        if cut := cut_off(quiet, number):
            found[path] = cut
    assert found == {}


def test_no_page_of_the_shop_is_cut_off_or_complains(quiet: Any) -> None:
    account = learner(quiet)
    bought, dear = course(LONG, 99.0), course("爬虫", 123456.0)
    for policy in (bought.price_policy.get(), dear.price_policy.get()):
        orders.pay(orders.place(account, [policy]))
    wanted = course(LONG * 2, 99999.0)
    waiting = orders.place(account, [wanted.price_policy.get()])
    CouponRecordFactory(account=account, coupon__name=LONG)
    CouponFactory(name=LONG, claimable=True, quantity=100_000)
    cars.add(account_id=account.pk, course_id=wanted.pk, policy_id=wanted.price_policy.get().pk)
    settlement.settle(account_id=account.pk, course_ids=[wanted.pk], now=timezone.now())
    pages = {
        "/": "课程",
        f"/course/{wanted.pk}": wanted.name,
        "/car": "购物车",
        "/settle": "结算中心",
        "/order": "我的订单",
        f"/order/{waiting.order_number}": "订单",
        f"/order/{waiting.order_number}/pay": "收银台",
        "/coupon": "领券中心",
        "/my/coupon": "我的优惠券",
        "/my/course": "我的课程",
        "/account": "账号",
        "/login?new=1": "注册",
    }
    found = {}
    for number, (path, heading) in enumerate(pages.items()):
        opened(quiet, path, heading)
        if cut := cut_off(quiet, number):
            found[path] = cut
    assert found == {}


def test_the_history_of_a_row_names_its_columns_once(quiet: Any, manager: User) -> None:
    coupon = CouponFactory()
    manager.logentry_set.create(
        content_type=ContentType.objects.get_for_model(coupon),
        object_id=coupon.pk,
        object_repr=coupon.name,
        action_flag=2,
        change_message="改过",
    )
    log_in(quiet, PASSWORD)
    quiet.wait_for_url("**/admin/")
    quiet.goto(f"/admin/api/coupon/{coupon.pk}/history/")
    cell = quiet.locator("tbody [data-label]").last
    before = "cell => getComputedStyle(cell, '::before').display"
    assert cell.evaluate(before) == "none"
    quiet.set_viewport_size({"width": 390, "height": 844})  # where there is no head
    assert cell.evaluate(before) != "none"
