"""Orders at the desk: found and read, and marked as paid by whoever may."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.admin.desk import search
from api.models import (
    Coupon,
    CouponRecord,
    EnrolledCourse,
    Order,
    Payment,
    PaymentNotification,
    ShopEvent,
)
from api.services.orders import closing
from tests.admin.conftest import MakeStaff
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LIST, ENROLLED = "/admin/api/order/", "/admin/api/enrolledcourse/"
RECORDS, COUPONS = "/admin/api/couponrecord/", "/admin/api/coupon/"


@pytest.fixture
def cashier(staff: MakeStaff) -> Client:
    """A manager of coupons who may also mark orders as paid."""
    browser = staff("cashier", "优惠券运营")
    browser.user.user_permissions.add(Permission.objects.get(codename="mark_paid_order"))
    return browser


def placed(courses: int = 1) -> Order:
    """Courses of 599 元 with 立减40 each, and of the site-wide ones one chosen, one idle."""
    account, records, policies = AccountFactory(), [], []
    for _ in range(courses):
        course = CourseFactory()
        policies.append(PricePolicyFactory(content_object=course, price=599.0))
        own = CouponFactory(course=course)
        records.append(CouponRecordFactory(account=account, coupon=own))
    everywhere = CouponFactory(name="双十二", money_equivalent_value=100)
    records.append(CouponRecordFactory(account=account, coupon=everywhere))
    high = {"coupon_type": 1, "minimum_consume": 90_000, "money_equivalent_value": 1}
    CouponRecordFactory(account=account, coupon=CouponFactory(name="闲置", **high))
    return orders.place(account, policies, tuple(records))


def page_of(order: Order) -> str:
    return f"{LIST}{order.pk}/change/"


def listed(browser: Client, **query: str) -> set[str]:
    return {order.order_number for order in browser.get(LIST, query).context["cl"].result_list}


def mark_paid(browser: Client, order: Order, note: str = "转账 20261126-01") -> Any:
    fields = {"note": note, "_form_submitted": "True"}
    return browser.post(f"{LIST}{order.pk}/mark_paid/", fields)


def messages_of(browser: Client) -> str:
    return browser.get(LIST).content.decode()


# --- Finding and reading --------------------------------------------------------------------------


def test_orders_are_found_by_the_beginning_of_a_number_or_of_a_name(manager: Client) -> None:
    of_alice, of_bob = orders.order(username="alice"), orders.order(username="bob")
    assert listed(manager) == {of_alice.order_number, of_bob.order_number}
    assert listed(manager, q=of_alice.order_number[:20]) == {of_alice.order_number}
    assert listed(manager, q=" ali ") == {of_alice.order_number}
    assert listed(manager, q="ob") == set()
    assert listed(manager, q="%") == set()


def test_a_name_that_is_too_short_says_so(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NAMES_SEARCHED", 0)
    orders.order(username="alice")
    assert "请输入更完整的用户名" in manager.get(LIST, {"q": "al"}).content.decode()


def test_orders_are_filtered(manager: Client) -> None:
    paid, unpaid = orders.order(), orders.order()
    orders.pay(paid)
    today = str(timezone.localdate())
    assert listed(manager, status__exact="0") == {paid.order_number}
    assert listed(manager, status__exact="1") == {unpaid.order_number}
    assert listed(manager, payment_type__exact="0") == set()
    assert listed(manager, account__id__exact=str(paid.account_id)) == {paid.order_number}
    assert len(listed(manager, date_from=today, date_to=today)) == 2
    assert listed(manager, date_to="2020-01-01") == set()


def test_the_list_is_not_counted(manager: Client) -> None:
    orders.order()
    for query in ({}, {"q": "a"}, {"status__exact": "1"}):
        with CaptureQueriesContext(connection) as queries:
            manager.get(LIST, query)
        assert not [q for q in queries if "COUNT(" in q["sql"].upper()]


def test_the_page_tells_the_whole_story(cashier: Client) -> None:
    order = placed()
    mark_paid(cashier, order)
    page = cashier.get(page_of(order)).content.decode()
    line, enrolled = order.details.get(), EnrolledCourse.objects.get()
    for words in (
        order.order_number, line.content, "599.00", "459.00", "100.00", line.valid_period_display,
        f"{enrolled.valid_begin_date} 至 {enrolled.valid_end_date}",
        line.coupon_record.number, "双十二", "已抵扣", "闲置", "未使用：",
        "下单", "已付款", "未使用 → 已锁定", "已锁定 → 已使用", "cashier", "转账 20261126-01",
        "线下收款", f"{order.order_number}-offline", "已支付",
    ):  # fmt: skip
        assert words in page, words


def test_the_page_of_a_closed_order_says_how_it_closed(manager: Client) -> None:
    order = placed()
    closing.close_timed_out(order, now=timezone.now())
    page = manager.get(page_of(order)).content.decode()
    for words in ("订单关闭（超时取消）", "已锁定 → 未使用", "系统"):
        assert words in page


def test_a_page_asks_no_more_queries_for_many_courses(chief: Client) -> None:
    one, many = placed(), placed(courses=6)
    for order in (one, many):
        orders.pay(order)
    chief.get(page_of(one))
    with CaptureQueriesContext(connection) as for_one:
        chief.get(page_of(one))
    with CaptureQueriesContext(connection) as for_many:
        chief.get(page_of(many))
    assert len(for_many) == len(for_one)
    # The theme asks for a column five times: the story is three queries.
    assert len(for_many) <= 27


def test_orders_and_enrolments_are_for_reading_only(chief: Client) -> None:
    order = orders.order()
    orders.pay(order)
    enrolled = EnrolledCourse.objects.get()
    for url in (f"{LIST}{order.pk}/", f"{ENROLLED}{enrolled.pk}/"):
        assert chief.get(f"{url}change/").status_code == 200
        assert chief.post(f"{url}change/", {"status": "1"}).status_code == 403
        assert chief.post(f"{url}delete/", {"post": "yes"}).status_code == 403
    assert chief.get(f"{LIST}add/").status_code == 403
    assert order.order_number in chief.get(f"{ENROLLED}{enrolled.pk}/change/").content.decode()


def test_who_may_see_orders(manager: Client, course_manager: Client) -> None:
    order = orders.order()
    assert manager.get(page_of(order)).status_code == 200
    assert f'"{LIST}"' in manager.get("/admin/").content.decode()
    assert course_manager.get(LIST).status_code == 403
    assert course_manager.get(page_of(order)).status_code == 403
    assert LIST not in course_manager.get("/admin/").content.decode()
    post = Group.objects.get(name="优惠券运营")
    of_orders = post.permissions.filter(codename__endswith="order")
    assert list(of_orders.values_list("codename", flat=True)) == ["view_order"]


def test_a_record_leads_to_its_order(manager: Client) -> None:
    order = placed()
    record = order.records.first()
    for url in (RECORDS, f"{RECORDS}{record.pk}/change/"):
        assert f'href="{page_of(order)}"' in manager.get(url).content.decode()


def test_a_coupon_shows_how_many_were_used_and_what_they_brought_in(manager: Client) -> None:
    order = placed()
    course_coupon = order.details.get().coupon_record.coupon
    everywhere = Coupon.objects.get(name="双十二")
    CouponRecordFactory(coupon=everywhere)
    assert "0.0%（0 / 2）" in manager.get(COUPONS).content.decode()
    orders.pay(order)
    for coupon, rate, brought in (
        (course_coupon, "100.0%（1 / 1）", "459.00元（优惠40.00元）"),
        (everywhere, "50.0%（1 / 2）", "459.00元（优惠100.00元）"),
    ):
        for url in (COUPONS, f"{COUPONS}{coupon.pk}/change/"):
            page = manager.get(url).content.decode()
            assert rate in page
            assert brought in page
    Order.objects.update(status=3)
    assert "459.00" not in manager.get(COUPONS).content.decode()


# --- Marked as paid -------------------------------------------------------------------------------


def test_marking_as_paid_spends_the_coupons_and_enrols(cashier: Client) -> None:
    order = placed()
    answer = mark_paid(cashier, order, "转账 7")
    assert answer.headers["HX-Redirect"] == page_of(order)
    order.refresh_from_db()
    assert order.status == 0
    assert set(order.records.values_list("status", flat=True)) == {1}
    assert EnrolledCourse.objects.filter(order_detail__order=order).count() == 1
    payment = Payment.objects.get()
    assert (payment.channel, payment.status, payment.amount) == ("offline", 1, order.actual_amount)
    assert (payment.staff, payment.note) == (cashier.user, "转账 7")
    assert ShopEvent.objects.filter(order=order, kind="order.paid").count() == 1
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (cashier.user, str(order.pk))
    assert "转账 7" in entry.get_change_message()
    assert "已收款" in messages_of(cashier)


def test_marking_as_paid_twice_is_one_payment(cashier: Client) -> None:
    order = placed()
    mark_paid(cashier, order)
    mark_paid(cashier, order)
    assert "之前已由您记过" in messages_of(cashier)
    mark_paid(cashier, order, "另一笔")
    assert "没有记录收款" in messages_of(cashier)
    assert (Payment.objects.count(), LogEntry.objects.count()) == (1, 1)
    assert EnrolledCourse.objects.count() == 1


def test_a_closed_order_comes_back_to_life(cashier: Client) -> None:
    order = placed()
    now = timezone.now()
    closing.cancel(account_id=order.account_id, order_number=order.order_number, now=now)
    mark_paid(cashier, order)
    order.refresh_from_db()
    assert order.status == 0
    assert "已恢复" in messages_of(cashier)
    assert "已恢复" in cashier.get(page_of(order)).content.decode()


def test_money_for_a_closed_order_that_cannot_come_back_is_noted(cashier: Client) -> None:
    order = placed()
    closing.close_timed_out(order, now=timezone.now())
    CouponRecord.objects.filter(pk=order.details.get().coupon_record_id).update(status=3)
    mark_paid(cashier, order)
    order.refresh_from_db()
    assert order.status == 5
    assert Payment.objects.get().status == Payment.Status.EXCESS
    assert "多付待退" in messages_of(cashier)
    mark_paid(cashier, order)
    assert "之前已由您记过：多付待退" in messages_of(cashier)
    mark_paid(cashier, order, "另一笔")
    assert "没有记录收款" in messages_of(cashier)
    assert Payment.objects.count() == 1


def test_only_whoever_may_marks_an_order_as_paid(manager: Client, staff: MakeStaff) -> None:
    order = placed()
    blind = staff("blind", None)
    blind.user.user_permissions.add(Permission.objects.get(codename="mark_paid_order"))
    for browser in (manager, blind):
        assert mark_paid(browser, order).status_code == 403
    assert f"{LIST}{order.pk}/mark_paid/" not in manager.get(page_of(order)).content.decode()
    order.refresh_from_db()
    assert (order.status, Payment.objects.exists()) == (1, False)


@pytest.mark.parametrize("status", range(6))
def test_it_is_offered_for_orders_that_are_not_paid(cashier: Client, status: int) -> None:
    order, now = orders.order(), timezone.now()
    Order.objects.filter(pk=order.pk).update(status=status, pay_time=now, cancel_time=now)
    offered = f"{LIST}{order.pk}/mark_paid/" in cashier.get(page_of(order)).content.decode()
    assert offered == (status in (1, 4, 5))


@pytest.mark.parametrize("note", ["", "  ", "x" * 201, "a\0"])
def test_marking_as_paid_needs_a_reason(cashier: Client, note: str) -> None:
    answer = mark_paid(cashier, order := orders.order(), note)
    assert answer.context["form"].errors["note"]
    assert not Payment.objects.exists()
    assert cashier.post(f"{LIST}{order.pk}9/mark_paid/", {
        "note": "x", "_form_submitted": "True"
    }).status_code == 404  # fmt: skip


def test_the_story_tells_what_a_gateway_said(cashier):
    order = placed()
    now = timezone.now()
    payment = Payment.objects.create(
        order=order, channel="alipay", out_trade_no="A1", amount=order.actual_amount, created=now
    )
    PaymentNotification.objects.create(
        channel="alipay",
        digest="d",
        body="raw",
        out_trade_no="A1",
        payment=payment,
        verdict="amount",
        first_seen=now,
        last_seen=now,
        times_seen=3,
    )

    page = cashier.get(f"{LIST}{order.pk}/change/").content.decode()

    assert "支付宝通知：金额不符，共3次" in page
