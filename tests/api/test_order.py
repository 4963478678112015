"""/api/order/: consent, one order for a settlement, coupons that are spent once (contract §9)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis import Redis, RedisError

from api.models import (
    Account,
    Coupon,
    CouponRecord,
    CouponRecordEvent,
    Course,
    EnrolledCourse,
    IdempotencyKey,
    Order,
    PricePolicy,
    ShopEvent,
)
from api.services.orders import closing, tidying
from api.stores.settlement import SettlementStore
from tests.conftest import Customer
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.gateways import LocalGateway

ORDER, QUOTE, CAR = "/api/order/", "/api/payment/quote/", "/api/shoppingcar/"
UNUSED, USED, EXPIRED, VOID, LOCKED = range(5)


def refused(code: int, error: str) -> dict[str, Any]:
    return {"code": code, "data": None, "error": error}


NOTHING_SETTLED = refused(1001, "获取失败")
NOT_PAYABLE = refused(4004, "课程已下线，无法购买")
OUTDATED = refused(4005, "结算信息已变化，请确认后重新提交")
ANOTHER_SUM = refused(4001, "总价、优惠券抵扣和实际支付的金额不符")
COUPON_FAILED = refused(4007, "优惠券使用失败")
NO_ORDER = refused(4010, "订单不存在")
NOT_NOW = refused(4011, "订单状态不允许此操作")


@pytest.fixture
def shopper(alice: Customer) -> Customer:
    """Alice, with 599 and 122 元 in her car, 满100减60 on the first course and 满500减200."""
    for pk, price, period in [(1, 599.0, 60), (2, 122.0, 210)]:
        course = CourseFactory(pk=pk, name=f"课程{pk}")
        PricePolicyFactory(pk=10 * pk, content_object=course, price=price, valid_period=period)
        alice.post(CAR, {"courseid": pk, "policyid": 10 * pk})
    bound = {"coupon_type": 1, "money_equivalent_value": 60, "minimum_consume": 100}
    give(alice, 6, course=Course.objects.get(pk=1), **bound)
    give(alice, 2, coupon_type=1, money_equivalent_value=200, minimum_consume=500)
    return alice


@pytest.fixture
def settled(shopper: Customer) -> Customer:
    """Both courses settled, both coupons chosen: 461.00 元."""
    shopper.settle([2, 1])
    shopper.choose(6, courseid=1)
    shopper.choose(2)
    return shopper


@pytest.fixture
def place(django_capture_on_commit_callbacks) -> Callable[..., Any]:
    """Orders, and gives the envelope; what comes after the commit is done."""

    def place(customer: Customer, headers: Any = None, **body: Any) -> Any:
        if not body:
            body = {"version": quote(customer)["version"]}
        with django_capture_on_commit_callbacks(execute=True):
            return customer.post(ORDER, body, headers=headers).json()

    return place


@pytest.fixture
def ordered(settled: Customer, place) -> Any:
    return data_of(place(settled))


def give(customer: Customer, pk: int, **coupon: Any) -> CouponRecord:
    return CouponRecordFactory(pk=pk, account=customer.account, coupon=CouponFactory(**coupon))


def data_of(envelope: Any) -> Any:
    assert envelope["code"] == 1000, envelope
    return envelope["data"]


def quote(customer: Customer) -> Any:
    return data_of(customer.get(QUOTE).json())


def statuses() -> dict[int, int]:
    return dict(CouponRecord.objects.order_by("pk").values_list("pk", "status"))


def in_sql() -> list[Any]:
    """What an order could have changed."""
    tables = (Order, EnrolledCourse, CouponRecordEvent, ShopEvent)
    return [statuses(), *(table.objects.count() for table in tables)]


# --- Placing --------------------------------------------------------------------------------------


def test_an_order_is_the_settlement_as_quoted(ordered):
    amounts = ("subtotal", "course_discount", "global_discount", "actual_amount", "refunded")
    assert [ordered[name] for name in amounts] == ["721.00", "60.00", "200.00", "461.00", "0.00"]
    assert (ordered["status"], ordered["status_display"]) == (1, "待支付")
    assert (ordered["payment_type"], ordered["pay_time"], ordered["pay_url"]) == (1, None, None)
    parts = ("course_id", "original_price", "discount", "share", "price", "coupon")
    assert [[line[name] for name in parts] for line in ordered["details"]] == [
        ["2", "122.00", "0.00", "36.91", "85.09", None],
        ["1", "599.00", "60.00", "163.09", "375.91", 6],
    ]
    assert ordered["details"][0]["valid_period_display"] == "12个月"


def test_its_coupons_are_locked_for_it_with_an_event_each(ordered):
    order = Order.objects.get(order_number=ordered["order_number"])
    assert statuses() == {2: LOCKED, 6: LOCKED}
    assert set(CouponRecord.objects.values_list("order", flat=True)) == {order.pk}
    moves = CouponRecordEvent.objects.filter(to_status=LOCKED)
    assert sorted(moves.values_list("record", "from_status")) == [(2, UNUSED), (6, UNUSED)]


def test_a_chosen_coupon_that_takes_nothing_off_stays_free(shopper, place):
    shopper.settle([2])
    shopper.choose(2)

    assert data_of(place(shopper))["actual_amount"] == "122.00"
    assert statuses() == {2: UNUSED, 6: UNUSED}


def test_what_was_ordered_is_taken_out_of_redis(ordered, shopper, redis: Redis):
    assert shopper.settlement() == NOTHING_SETTLED
    assert shopper.get(CAR).json()["data"] == []
    assert list(redis.scan_iter("luffy_payment*")) == []


def test_courses_that_were_not_ordered_stay_in_the_car(shopper, place):
    shopper.settle([1])

    place(shopper)

    assert [course["course_id"] for course in shopper.get(CAR).json()["data"]] == ["2"]


def test_a_course_whose_policy_was_changed_in_the_car_meanwhile_stays(settled, place):
    version = quote(settled)["version"]
    PricePolicyFactory(pk=11, content_object=Course.objects.get(pk=1), price=399, valid_period=30)
    settled.post(CAR, {"courseid": 1, "policyid": 11})

    place(settled, version=version)

    assert [course["course_id"] for course in settled.get(CAR).json()["data"]] == ["1"]


@pytest.mark.parametrize("policy", [1, 99])
def test_a_course_that_has_another_policy_in_the_car_by_now_stays(settled, place, policy):
    """Whatever comes first of the two numbers."""
    version = quote(settled)["version"]
    PricePolicyFactory(pk=policy, content_object=Course.objects.get(pk=1), price=9, valid_period=7)
    settled.post(CAR, {"courseid": 1, "policyid": policy})

    place(settled, version=version)

    assert [course["course_id"] for course in settled.get(CAR).json()["data"]] == ["1"]


def test_an_order_can_be_paid_for_as_long_as_the_settings_say(shopper, place, settings):
    settings.ORDER_TTL = 90
    shopper.settle([2])
    place(shopper)

    order = Order.objects.get()
    assert order.expires_at == order.date + timedelta(seconds=90)


def test_a_fault_in_clearing_up_does_not_take_the_order_back(settled, place, monkeypatch):
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tidying, "tidy_placed", broken)

    assert data_of(place(settled))["status"] == 1


def test_an_order_that_costs_nothing_is_paid_at_once(shopper, place):
    give(shopper, 7, money_equivalent_value=1000)
    shopper.settle([2])
    shopper.choose(7)

    order = data_of(place(shopper))

    assert (order["status"], order["payment_type"], order["actual_amount"]) == (0, 2, "0.00")
    assert statuses()[7] == USED
    assert EnrolledCourse.objects.get().course_id == 2


# --- Consent --------------------------------------------------------------------------------------


@pytest.mark.parametrize("money", ["461.00", "461", 461, 461.0, "461.0"])
def test_the_sum_alone_is_consent_too(settled, place, money):
    assert data_of(place(settled, money=money))["actual_amount"] == "461.00"


@pytest.mark.parametrize("money", ["460.99", "461.01", "0", 661])
def test_another_sum_is_refused(settled, place, money, everything_in):
    before = everything_in(), in_sql()

    assert place(settled, money=money) == ANOTHER_SUM
    assert (everything_in(), in_sql()) == before


@pytest.mark.parametrize(
    "money", ["461.001", "", "x", "-461", "４６１", True, [], {}, "1e2", None, "NaN"], ids=repr
)
def test_what_is_no_sum_is_malformed(settled, money):
    answer = settled.post(ORDER, {"money": money})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(("money: ", "version: "))


@pytest.mark.parametrize("body", [{}, {"version": None}, {"version": ""}, {"version": " "}])
def test_without_consent_nothing_is_ordered(settled, body):
    answer = settled.post(ORDER, body).json()
    assert answer["code"] == 1400
    assert answer["error"].startswith("version: ")
    assert Order.objects.count() == 0


def test_an_empty_version_beside_the_right_sum_is_malformed(settled):
    assert settled.post(ORDER, {"version": "", "money": "461.00"}).json()["code"] == 1400
    assert Order.objects.count() == 0


def test_version_and_sum_must_both_hold(settled, place):
    version = quote(settled)["version"]

    assert place(settled, version=version, money="1.00") == ANOTHER_SUM
    assert place(settled, version="x", money="461.00") == OUTDATED
    assert data_of(place(settled, version=version, money="461.00"))["status"] == 1


@pytest.mark.parametrize("payment_type", [2, 3, -1, "x", None, True])
def test_a_way_to_pay_that_there_is_not_is_malformed(settled, payment_type):
    body = {"money": "461.00", "payment_type": payment_type}

    assert settled.post(ORDER, body).json()["code"] == 1400


CHANGES: dict[str, tuple[Callable[[], Any], Any]] = {
    "price up": (lambda: PricePolicy.objects.filter(pk=10).update(price=600), OUTDATED),
    "price down": (lambda: PricePolicy.objects.filter(pk=10).update(price=1), OUTDATED),
    "period": (lambda: PricePolicy.objects.filter(pk=10).update(valid_period=7), OUTDATED),
    "offline": (lambda: Course.objects.filter(pk=1).update(status=1), NOT_PAYABLE),
    "policy deleted": (lambda: PricePolicy.objects.filter(pk=10).delete(), NOT_PAYABLE),
    "coupon used": (lambda: CouponRecord.objects.filter(pk=2).update(status=USED), OUTDATED),
    "coupon void": (lambda: CouponRecord.objects.filter(pk=6).update(status=VOID), OUTDATED),
    "coupon over": (
        lambda: Coupon.objects.filter(couponrecord=2).update(
            valid_begin_date=timezone.localdate() - timedelta(days=3),
            valid_end_date=timezone.localdate() - timedelta(days=1),
        ),
        OUTDATED,
    ),
    "terms": (
        lambda: Coupon.objects.filter(couponrecord=2).update(money_equivalent_value=201),
        OUTDATED,
    ),
    "bound elsewhere": (
        lambda: Coupon.objects.filter(couponrecord=6).update(object_id=2),
        OUTDATED,
    ),
}


@pytest.mark.parametrize(("change", "answer"), CHANGES.values(), ids=CHANGES)
def test_what_changed_between_quote_and_order_refuses_it(settled, place, change, answer):
    version = quote(settled)["version"]
    change()
    before = in_sql()

    assert place(settled, version=version) == answer
    assert in_sql() == before
    assert quote(settled)["changes"]


def test_without_a_settlement_there_is_nothing_to_order(alice, place):
    assert place(alice, money="1.00") == NOTHING_SETTLED


def test_an_empty_settlement_cannot_be_ordered(shopper, place):
    shopper.settle([])

    assert place(shopper) == NOTHING_SETTLED


def test_an_earlier_state_is_refused(settled, place):
    tag = settled.get("/api/payment/")["ETag"]
    settled.choose(2)

    answer = settled.post(ORDER, {"money": "461.00"}, headers={"If-Match": tag})

    assert (answer.status_code, answer.json()["code"]) == (412, 1412)
    assert Order.objects.count() == 0


def test_a_coupon_that_another_transaction_takes_during_the_order_undoes_it(
    settled, place, monkeypatch
):
    version = quote(settled)["version"]
    create = Order.objects.create

    def taken_meanwhile(**fields: Any) -> Order:
        CouponRecord.objects.filter(pk=2).update(status=VOID)
        return create(**fields)

    monkeypatch.setattr(Order.objects, "create", taken_meanwhile)

    assert place(settled, version=version) == COUPON_FAILED
    assert Order.objects.count() == 0
    assert statuses()[6] == UNUSED
    assert settled.settlement()["code"] == 1000


# --- Once -----------------------------------------------------------------------------------------


def test_the_same_settlement_ordered_twice_is_one_order(settled, place):
    version = quote(settled)["version"]
    first = settled.post(ORDER, {"version": version}).json()  # Redis not cleared up yet

    assert place(settled, version=version) == first
    assert place(settled, money="1.00") == NOTHING_SETTLED
    assert Order.objects.count() == 1


def test_once_redis_is_cleared_up_the_version_finds_the_order(settled, place):
    version = quote(settled)["version"]
    first = place(settled, version=version)
    Order.objects.update(status=4, cancel_time=timezone.now())

    again = place(settled, version=version)

    assert data_of(again)["order_number"] == data_of(first)["order_number"]
    assert data_of(again)["status"] == 4


@pytest.mark.parametrize("another", ["!", "~"])  # sorted before and behind whatever it is
def test_once_redis_is_cleared_up_another_version_finds_nothing(settled, place, another):
    version = quote(settled)["version"]
    place(settled, version=version)

    for wrong in (another + version[1:], version[:-1] + another):
        assert place(settled, version=wrong) == NOTHING_SETTLED
    assert Order.objects.count() == 1


def test_the_same_courses_settled_anew_are_another_order(shopper, place):
    shopper.settle([2])
    first = data_of(place(shopper))
    shopper.post(CAR, {"courseid": 2, "policyid": 20})
    shopper.settle([2])

    assert data_of(place(shopper))["order_number"] != first["order_number"]


def test_another_accounts_version_finds_nothing(settled, bob, place):
    version = quote(settled)["version"]
    place(settled, version=version)

    assert place(bob, version=version) == NOTHING_SETTLED


def test_a_key_gives_the_first_answer_again(settled, place):
    headers = {"Idempotency-Key": "k1"}
    version = quote(settled)["version"]

    first = place(settled, headers, version=version)

    assert place(settled, headers, version=version) == first
    assert Order.objects.count() == 1


def test_a_refusal_is_kept_under_its_key(settled, place):
    headers = {"Idempotency-Key": "k1"}
    assert place(settled, headers, money="1.00") == ANOTHER_SUM
    PricePolicy.objects.filter(pk=20).update(price=0)

    assert place(settled, headers, money="1.00") == ANOTHER_SUM


def test_another_body_under_a_key_is_refused(settled, place):
    headers = {"Idempotency-Key": "k1"}
    place(settled, headers, money="1.00")

    answer = settled.post(ORDER, {"money": "461.00"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, 1422)
    assert Order.objects.count() == 0


def test_a_key_is_an_accounts_own(settled, bob, place):
    headers = {"Idempotency-Key": "k1"}
    place(settled, headers, money="461.00")

    assert place(bob, headers, money="461.00") == NOTHING_SETTLED


def test_a_key_is_forgotten_after_a_day(settled, place):
    headers = {"Idempotency-Key": "k1"}
    place(settled, headers, money="1.00")
    IdempotencyKey.objects.update(created=timezone.now() - timedelta(hours=24))

    assert data_of(place(settled, headers, money="461.00"))["status"] == 1


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_what_is_no_key_is_malformed(settled, key):
    answer = settled.post(ORDER, {"money": "461.00"}, headers={"Idempotency-Key": key})

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["error"]


# --- Redis gone -----------------------------------------------------------------------------------


def test_redis_gone_after_the_order_loses_nothing_and_is_cleared_up_later(
    settled, place, monkeypatch, redis
):
    def gone(*_: Any) -> None:
        raise RedisError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(SettlementStore, "remove_settled", gone)
        order = data_of(place(settled))
    assert order["status"] == 1
    assert list(redis.scan_iter("luffy_payment*"))

    assert settled.settlement() == NOTHING_SETTLED
    assert settled.get(CAR).json()["data"] == []


def test_an_order_that_redis_does_not_know_of_yet_is_shown_paid_and_cancelled_without_redis(
    settled, place, monkeypatch, gateway: LocalGateway
):
    def gone(*_: Any) -> None:
        raise RedisError("gone")

    monkeypatch.setattr(SettlementStore, "remove_settled", gone)
    order = data_of(place(settled))
    monkeypatch.setattr(SettlementStore, "index", gone)
    own = f"{ORDER}{order['order_number']}/"

    assert settled.settlement()["code"] == 1503
    assert data_of(settled.get(ORDER).json())["count"] == 1
    assert data_of(settled.get(own).json())["status"] == 1
    assert data_of(settled.post(f"{own}pay/").json())["pay_url"]
    assert settled.get(f"{own}refund/").json() == NOT_NOW
    assert data_of(settled.post(f"{own}cancel/").json())["status"] == 4
    assert data_of(settled.get("/api/enrolled/").json())["count"] == 0
    assert Account.objects.get(pk=settled.account.pk).ordered_settlement


def test_a_settlement_started_before_the_clearing_up_stays(settled, place, monkeypatch):
    monkeypatch.setattr(tidying, "tidy_placed", lambda *_: None)
    place(settled)
    give(settled, 9, money_equivalent_value=1)

    settled.settle([1])  # clears up first: the course is not in the car any more

    assert settled.settlement() == NOTHING_SETTLED
    settled.post(CAR, {"courseid": 1, "policyid": 10})
    settled.settle([1])
    tidying.tidy(settled.account.pk)
    assert settled.settlement()["code"] == 1000


# --- Closing --------------------------------------------------------------------------------------


def cancel(customer: Customer, order: Any) -> Any:
    return customer.post(f"{ORDER}{order['order_number']}/cancel/").json()


def test_a_cancelled_order_gives_its_coupons_back(ordered, settled):
    cancelled = data_of(cancel(settled, ordered))

    assert (cancelled["status"], cancelled["status_display"]) == (4, "主动取消")
    assert cancelled["cancel_time"]
    assert statuses() == {2: UNUSED, 6: UNUSED}
    assert set(CouponRecord.objects.values_list("order", "valid_until")) == {(None, None)}


def test_cancelling_twice_is_fine(ordered, settled):
    cancel(settled, ordered)
    before = in_sql()

    assert data_of(cancel(settled, ordered))["status"] == 4
    assert in_sql() == before


@pytest.mark.parametrize("status", [0, 2, 3, 5])
def test_an_order_in_another_state_cannot_be_cancelled(ordered, settled, status):
    now = timezone.now()
    Order.objects.update(status=status, pay_time=now, cancel_time=now)
    before = in_sql()

    assert cancel(settled, ordered) == NOT_NOW
    assert in_sql() == before


def test_another_accounts_order_is_none(ordered, bob):
    before = in_sql()

    assert cancel(bob, ordered) == NO_ORDER
    assert bob.get(f"{ORDER}{ordered['order_number']}/").json() == NO_ORDER
    assert bob.get(ORDER).json()["data"]["results"] == []
    assert in_sql() == before


def test_an_order_that_is_not_there_is_none(alice):
    assert alice.get(f"{ORDER}20260101/").json() == NO_ORDER


@pytest.mark.parametrize("number", ["%00", "20260101%00", "%0a", "%ff", "0", "9" * 500])
def test_what_cannot_be_the_number_of_an_order_is_none(alice: Customer, number: str):
    own = f"{ORDER}{number}/"
    answers = [
        alice.get(own),
        alice.post(f"{own}cancel/"),
        alice.post(f"{own}pay/"),
        alice.get(f"{own}refund/"),
        alice.post(f"{own}refund/"),
    ]
    assert [answer.json() for answer in answers] == [NO_ORDER] * 5


@pytest.mark.parametrize(("late", "status"), [(-1, 1), (0, 5), (1, 5)])
def test_an_order_out_of_time_is_closed_by_whoever_looks(ordered, settled, late, status):
    Order.objects.update(expires_at=timezone.now() - timedelta(seconds=late, milliseconds=late))
    if late == -1:
        Order.objects.update(expires_at=timezone.now() + timedelta(minutes=1))

    found = data_of(settled.get(f"{ORDER}{ordered['order_number']}/").json())

    assert found["status"] == status
    assert statuses()[2] == (LOCKED if status == 1 else UNUSED)


def test_the_job_closes_what_is_out_of_time_and_nothing_else(ordered):
    order = Order.objects.get()

    assert closing.close_due(now=order.expires_at - timedelta(microseconds=1)) == 0
    assert closing.close_due(now=order.expires_at) == 1
    assert closing.close_due(now=order.expires_at) == 0
    order.refresh_from_db()
    assert order.status == 5


def test_cancelling_an_order_out_of_time_closes_it_and_is_refused(ordered, settled):
    Order.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert cancel(settled, ordered) == NOT_NOW
    assert Order.objects.get().status == 5


def test_a_coupon_whose_last_day_passed_meanwhile_gets_its_days_back(ordered):
    order = Order.objects.get()
    later = order.date + timedelta(days=20)

    closing.close_due(now=later)

    # Seven days were left when the order took them.
    until = timezone.localdate(later) + timedelta(days=7)
    assert set(CouponRecord.objects.values_list("valid_until", flat=True)) == {until}


# --- Reading --------------------------------------------------------------------------------------


def test_one_order_says_which_coupon_did_what_and_which_lay_idle(settled, place):
    give(settled, 4, course=Course.objects.get(pk=1), money_equivalent_value=40)
    settled.settle([2, 1])
    settled.choose(6, courseid=1)
    number = data_of(place(settled))["order_number"]
    Coupon.objects.update(name="改名", money_equivalent_value=1)

    coupons = data_of(settled.get(f"{ORDER}{number}/").json())["coupons"]

    said = [(c["course_id"], c["coupon"], c["words"], c["at_work"], c["reason"]) for c in coupons]
    assert said == [
        ("1", 4, "立减40", False, "未选择此优惠券"),
        ("1", 6, "满100减60", True, None),
        (None, 2, "满500减200", False, "未选择此优惠券"),
    ]


def test_orders_come_by_page_newest_first_and_by_status(shopper, place):
    numbers = []
    for _ in range(3):
        shopper.post(CAR, {"courseid": 2, "policyid": 20})
        shopper.settle([2])
        numbers.append(data_of(place(shopper))["order_number"])
    cancel(shopper, {"order_number": numbers[0]})

    first = data_of(shopper.get(ORDER, {"page_size": 2}).json())
    second = data_of(shopper.get(ORDER, {"page_size": 2, "page": 2}).json())
    cancelled = data_of(shopper.get(ORDER, {"status": 4}).json())

    assert (first["count"], first["next"]) == (3, 2)
    assert [order["order_number"] for order in first["results"]] == numbers[:0:-1]
    assert (second["next"], [o["order_number"] for o in second["results"]]) == (None, numbers[:1])
    assert [order["order_number"] for order in cancelled["results"]] == numbers[:1]


def test_a_list_of_orders_takes_the_same_queries_however_many_there_are(shopper, place):
    counted = set()
    for _ in range(2):
        for _ in range(2):
            shopper.post(CAR, {"courseid": 2, "policyid": 20})
            shopper.settle([2])
            place(shopper)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            shopper.get(ORDER)
        counted.add(len(queries))
    assert counted == {6}  # token; out of time; count; orders; details; payments


@pytest.mark.parametrize("query", [{"status": 6}, {"page": 0}, {"page_size": 101}, {"page": "x"}])
def test_a_list_that_cannot_be_is_malformed(alice, query):
    assert alice.get(ORDER, query).json()["code"] == 1400
