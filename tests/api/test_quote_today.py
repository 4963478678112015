"""The quote of this moment (contract §8): what a manager changed since the settlement was started,
what is told of it, and accepting it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from api.models import (
    Coupon,
    CouponRecord,
    Course,
    DegreeCourse,
    EnrolledCourse,
    Order,
    PricePolicy,
)
from api.stores.settlement import SettlementStore
from tests.conftest import Customer
from tests.support import orders
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
    course_type_of,
)

QUOTE, BEST, PAYMENT = "/api/payment/quote/", "/api/payment/best/", "/api/payment/"
CAR = "/api/shoppingcar/"
CAPPED = {"coupon_type": 2, "money_equivalent_value": 0, "off_percent": 80, "max_off": 100}
CHANGED_STATE = {"code": 1412, "data": None, "error": "结算信息已变化，请刷新后重试"}


@pytest.fixture
def shopper(alice: Customer) -> Customer:
    """Alice with two courses in her car, at 599 and 122 元 for a month, and 满600减500."""
    for pk, price in [(1, 599.0), (2, 122.0)]:
        course = CourseFactory(pk=pk, name=f"课程{pk}")
        PricePolicyFactory(pk=10 * pk, content_object=course, price=price, valid_period=30)
        alice.post(CAR, {"courseid": pk, "policyid": 10 * pk})
    give(alice, 5, coupon_type=1, money_equivalent_value=500, minimum_consume=600, name="大促")
    return alice


@pytest.fixture
def settled(shopper: Customer) -> Customer:
    """Both courses settled, the coupon chosen: 221.00 元."""
    shopper.settle([1, 2])
    shopper.choose(5)
    assert quote(shopper)["total"] == "221.00"
    return shopper


def give(customer: Customer, pk: int, **coupon: Any) -> CouponRecord:
    return CouponRecordFactory(pk=pk, account=customer.account, coupon=CouponFactory(**coupon))


def quote(customer: Customer) -> Any:
    answer = customer.get(QUOTE).json()
    assert answer["code"] == 1000, answer
    return answer["data"]


def change(course_id: str | None, coupon: int | None, code: str, reason: str, **more: Any) -> Any:
    return {
        "course_id": course_id,
        "coupon": coupon,
        "code": code,
        "reason": reason,
        "was": None,
        "now": None,
    } | more


def edit_coupon(**fields: Any) -> None:
    Coupon.objects.filter(couponrecord=5).update(**fields)


# --- Coupons on today's terms ---------------------------------------------------------------------


def test_nothing_has_changed_where_nothing_was_changed(settled):
    assert quote(settled)["changes"] == []
    assert quote(settled)["payable"] is True


@pytest.mark.parametrize(
    ("fields", "total", "now"),
    [
        ({"money_equivalent_value": 50}, "671.00", "满600减50"),
        ({"minimum_consume": 1000}, "721.00", "满1000减500"),
        ({"coupon_type": 0}, "221.00", "立减500"),
        ({"coupon_type": 2, "off_percent": 90}, "648.90", "9折"),
        ({"coupon_type": 2, "off_percent": 90, "max_off": 60}, "661.00", "9折，最高减60"),
    ],
    ids=["corrected", "minimum raised", "another type", "a discount", "with a most"],
)
def test_a_chosen_coupon_whose_terms_changed_works_on_todays_and_says_so(
    settled, fields, total, now
):
    edit_coupon(**fields)

    found = quote(settled)

    assert found["total"] == total
    assert found["changes"] == [
        change(None, 5, "coupon_changed", "优惠券内容已变动", was="满600减500", now=now)
    ]
    assert found["global_coupons"][0]["words"] == now
    assert found["payable"] is True


GONE: dict[str, Callable[[], Any]] = {
    "used": lambda: CouponRecord.objects.filter(pk=5).update(status=1),
    "expired": lambda: CouponRecord.objects.filter(pk=5).update(status=2),
    "taken back": lambda: CouponRecord.objects.filter(pk=5).update(status=3),
    "deleted": lambda: CouponRecord.objects.filter(pk=5).delete(),
    "its days over": lambda: edit_coupon(
        valid_begin_date=timezone.localdate() - timedelta(days=3),
        valid_end_date=timezone.localdate() - timedelta(days=1),
    ),
    "bound to a course": lambda: edit_coupon(content_type=course_type_of(Course), object_id=1),
    "bound to a degree": lambda: edit_coupon(
        content_type=course_type_of(DegreeCourse), object_id=1
    ),
}


@pytest.mark.parametrize("go", GONE.values(), ids=GONE)
def test_a_chosen_coupon_that_cannot_be_used_any_more_takes_nothing_off_and_says_so(settled, go):
    go()

    found = quote(settled)

    assert found["total"] == "721.00"
    assert (found["global_coupon"], found["global_coupon_usable"]) == (5, False)
    assert found["changes"] == [change(None, 5, "coupon_gone", "优惠券已不可用", was="满600减500")]
    (coupon,) = found["global_coupons"]
    assert (coupon["usable"], coupon["at_work"], coupon["reason"]) == (
        False,
        False,
        "优惠券已不可用",
    )


def test_on_its_last_day_a_chosen_coupon_still_counts(settled):
    edit_coupon(valid_end_date=timezone.localdate())

    assert quote(settled)["total"] == "221.00"


def test_a_coupon_that_is_not_chosen_is_no_change(settled):
    give(settled, 6, money_equivalent_value=10)
    settled.settle([1, 2])
    Coupon.objects.filter(couponrecord=6).update(money_equivalent_value=20)

    found = quote(settled)

    assert found["changes"] == []
    assert [c["words"] for c in found["global_coupons"]] == ["满600减500", "立减20"]


def test_another_accounts_record_under_a_chosen_id_is_gone(settled, bob):
    CouponRecord.objects.filter(pk=5).update(account=bob.account)

    assert quote(settled)["total"] == "721.00"
    assert quote(settled)["changes"][0]["code"] == "coupon_gone"


def test_the_best_choice_reckons_with_todays_terms(settled):
    give(settled, 6, money_equivalent_value=60)
    settled.settle([1, 2])
    edit_coupon(money_equivalent_value=50)

    best = settled.get(BEST).json()["data"]

    assert best["quote"]["global_coupon"] == 6
    assert best["quote"]["total"] == "661.00"


# --- Courses on today's prices --------------------------------------------------------------------


def test_a_dearer_course_costs_todays_price_and_says_so(settled):
    PricePolicy.objects.filter(pk=10).update(price=99_999)

    found = quote(settled)

    assert found["total"] == "99621.00"
    assert found["changes"] == [
        change("1", None, "price_changed", "价格已变动", was="599.00", now="99999.00")
    ]


def test_a_shorter_period_at_the_same_price_is_a_change(settled):
    PricePolicy.objects.filter(pk=10).update(valid_period=7)

    found = quote(settled)

    assert found["changes"] == [
        change("1", None, "period_changed", "有效期已变动", was="1个月", now="1周")
    ]
    assert found["course_list"][0]["period_display"] == "1周"
    assert found["payable"] is True


def test_price_and_period_are_two_changes(settled):
    PricePolicy.objects.filter(pk=10).update(valid_period=7, price=1)

    assert [c["code"] for c in quote(settled)["changes"]] == ["price_changed", "period_changed"]


@pytest.mark.parametrize("status", [1, 2])
def test_a_course_that_is_not_online_cannot_be_paid(settled, status):
    Course.objects.filter(pk=2).update(status=status)

    found = quote(settled)

    assert found["payable"] is False
    assert found["changes"] == [change("2", None, "offline", "课程已下线")]


def test_a_policy_that_is_gone_cannot_be_paid(settled):
    PricePolicy.objects.filter(pk=20).delete()

    found = quote(settled)

    assert found["payable"] is False
    assert found["changes"] == [change("2", None, "policy_gone", "价格策略已不存在", was="1个月")]


def test_an_empty_settlement_is_not_payable(shopper):
    shopper.settle([])

    assert quote(shopper)["payable"] is False


def buy(customer: Customer, course_id: int) -> None:
    """The course, and puts it into the car once more."""
    orders.pay(orders.place(customer.account, [PricePolicy.objects.get(pk=10 * course_id)]))
    customer.post(CAR, {"courseid": course_id, "policyid": 10 * course_id})


def test_a_course_that_is_owned_is_told_with_its_last_day_and_can_be_ordered_again(shopper, bob):
    buy(bob, 1)
    buy(shopper, 2)
    until = EnrolledCourse.objects.get(account=shopper.account).valid_end_date
    shopper.settle([1, 2])

    found = quote(shopper)

    reason = "已购买此课程，将从到期后续期"
    assert found["changes"] == [change("2", None, "owned", reason, now=str(until))]
    assert found["payable"] is True


def test_a_course_that_is_not_owned_any_more_says_nothing(shopper):
    buy(shopper, 2)
    yesterday = timezone.localdate() - timedelta(days=1)
    EnrolledCourse.objects.update(valid_begin_date=yesterday, valid_end_date=yesterday)
    shopper.settle([1, 2])

    assert quote(shopper)["changes"] == []


# --- One answer draws the page --------------------------------------------------------------------


def test_a_picture_of_another_host_keeps_its_address(settled):
    Course.objects.filter(pk=1).update(course_img="https://img.example.com/1.jpg")

    first, second = quote(settled)["course_list"]

    assert first["img"] == "https://img.example.com/1.jpg"
    assert second["img"] == "http://testserver/media/course.jpg"


def test_a_coupon_of_each_type_shows_what_its_type_has(shopper):
    course = Course.objects.get(pk=1)
    give(shopper, 6, course=course, money_equivalent_value=40, name="立减")
    give(
        shopper,
        7,
        course=course,
        coupon_type=2,
        money_equivalent_value=0,
        off_percent=79,
        name="折",
    )
    shopper.settle([1])

    cash, discount = quote(shopper)["course_list"][0]["coupons"]

    worth = ("words", "coupon_type", "money_equivalent_value", "off_percent", "minimum_consume")
    assert [cash[name] for name in worth] == ["立减40", 0, 40, None, None]
    assert [discount[name] for name in worth] == ["7.9折", 2, None, 79, None]
    assert discount["saves"] == "125.79"
    assert discount["last_day"] == str(timezone.localdate() + timedelta(days=7))


def test_a_discount_of_odd_fen_goes_through_quote_and_best(shopper):
    PricePolicy.objects.filter(pk=20).update(price=90.10)
    give(shopper, 7, coupon_type=2, money_equivalent_value=0, off_percent=95, name="九五折")
    shopper.settle([2])

    assert shopper.get(BEST).json()["data"]["quote"]["total"] == "85.60"
    assert shopper.post(BEST).json()["data"]["total"] == "85.60"
    assert quote(shopper)["total"] == "85.60"


@pytest.fixture
def capped(shopper: Customer) -> Customer:
    """Both courses settled (721.00 元), 8折，最高减100 chosen."""
    give(shopper, 8, **CAPPED)
    shopper.settle([1, 2])
    shopper.choose(8)
    return shopper


def test_a_discount_takes_at_most_its_most_off_in_quote_and_best(capped):
    found = quote(capped)
    (entry,) = [coupon for coupon in found["global_coupons"] if coupon["id"] == 8]

    assert (found["total"], found["discount_total"]) == ("621.00", "100.00")
    assert [entry[name] for name in ("words", "off_percent", "max_off")] == [
        "8折，最高减100",
        80,
        100,
    ]
    best = capped.get(BEST).json()["data"]
    assert {other["global_coupon"]: other["total"] for other in best["alternatives"]}[8] == "621.00"


def test_its_most_stands_in_the_settlement_only_where_there_is_one(capped, redis: Redis):
    give(capped, 9, **CAPPED | {"max_off": None})
    capped.settle([1, 2])
    kept = json.loads(redis.hget(f"luffy_payment_coupon_{capped.account.pk}", "coupon"))

    plain = {"coupon_type": 2, "coupon_display": "折扣券", "off_percent": 80}
    assert (kept["8"], kept["9"]) == (plain | {"max_off": 100}, plain)
    shown = capped.settlement()["data"]["global_coupon_dict"]["coupon"]
    assert shown == kept


@pytest.mark.parametrize("most", [101, 500, None])
def test_another_most_is_a_change_and_another_version(capped, most):
    before = quote(capped)

    Coupon.objects.filter(couponrecord=8).update(max_off=most)

    after = quote(capped)
    assert before["changes"] == []
    assert [one["code"] for one in after["changes"]] == ["coupon_changed"]
    assert after["version"] != before["version"]
    body = {"version": before["version"], "payment_type": 1}
    assert capped.post("/api/order/", body).json()["code"] == 4005


def test_a_most_that_is_not_reached_is_in_the_version_all_the_same(capped):
    Coupon.objects.filter(couponrecord=8).update(max_off=1000)
    before = quote(capped)

    Coupon.objects.filter(couponrecord=8).update(max_off=1001)

    after = quote(capped)
    assert (before["total"], after["total"]) == ("576.80", "576.80")
    assert after["version"] != before["version"]


def test_an_order_keeps_the_most_that_was_consented_to(capped):
    body = {"version": quote(capped)["version"], "payment_type": 1}

    order = capped.post("/api/order/", body).json()["data"]
    Coupon.objects.filter(couponrecord=8).update(max_off=None)

    assert order["actual_amount"] == "621.00"
    kept = Order.objects.get().quote["global_coupons"]
    assert [(c["words"], c["worth"]["max_off"]) for c in kept if c["id"] == 8] == [
        ("8折，最高减100", "100")
    ]


@pytest.mark.parametrize("first", [6, 100_000])
def test_each_coupon_says_whether_it_is_the_one_chosen_whatever_its_id(shopper, first):
    course = Course.objects.get(pk=1)
    for pk in (first, first + 1):
        give(shopper, pk, course=course, money_equivalent_value=40)
    for pk in (first + 2, first + 3):
        give(shopper, pk, money_equivalent_value=10)
    shopper.settle([1, 2])
    shopper.choose(first + 1, courseid=1)
    shopper.choose(first + 2)

    found = quote(shopper)

    offered = [*found["course_list"][0]["coupons"], *found["global_coupons"]]
    assert [one["id"] for one in offered if one["chosen"]] == [first + 1, first + 2]
    assert [one["id"] for one in offered if one["at_work"]] == [first + 1, first + 2]
    assert found["course_list"][0]["coupon_usable"] is found["global_coupon_usable"] is True
    assert (found["course_list"][0]["coupon"], found["global_coupon"]) == (first + 1, first + 2)


def test_a_coupon_that_cannot_be_used_is_shown_as_it_is_today(settled):
    edit_coupon(money_equivalent_value=300, name="改名", disabled=True)

    (coupon,) = quote(settled)["global_coupons"]

    assert (coupon["name"], coupon["words"], coupon["usable"]) == ("改名", "满600减300", False)


def test_a_coupon_whose_record_is_gone_is_shown_as_it_was_offered(settled):
    CouponRecord.objects.filter(pk=5).delete()

    (coupon,) = quote(settled)["global_coupons"]

    assert (coupon["name"], coupon["words"], coupon["usable"]) == ("", "满600减500", False)


# --- The version ----------------------------------------------------------------------------------


def test_the_same_breakdown_has_the_same_version(settled):
    assert quote(settled)["version"] == quote(settled)["version"]


CHANGES: dict[str, Callable[[Customer], Any]] = {
    "price": lambda _: PricePolicy.objects.filter(pk=10).update(price=600),
    "period": lambda _: PricePolicy.objects.filter(pk=10).update(valid_period=7),
    "terms": lambda _: edit_coupon(money_equivalent_value=501),
    "terms that do the same here": lambda _: edit_coupon(minimum_consume=500),
    "coupon gone": lambda _: CouponRecord.objects.filter(pk=5).update(status=3),
    "choice": lambda customer: customer.choose(0),
    "settled anew": lambda customer: (customer.settle([1, 2]), customer.choose(5)),
}


@pytest.mark.parametrize("do", CHANGES.values(), ids=CHANGES)
def test_another_breakdown_has_another_version(settled, do):
    before = quote(settled)["version"]

    do(settled)

    assert quote(settled)["version"] != before


def test_a_coupon_that_lies_idle_is_not_in_the_version(settled):
    give(settled, 6, money_equivalent_value=10)
    settled.settle([1, 2])
    settled.choose(5)
    before = quote(settled)["version"]

    CouponRecord.objects.filter(pk=6).update(status=3)

    assert quote(settled)["version"] == before


def test_a_choice_that_is_not_offered_is_in_the_version_as_no_choice(settled, redis: Redis):
    settled.choose(0)
    before = quote(settled)

    redis.hset(SettlementStore.coupon_key(settled.account.pk), "default_coupon", 999)

    after = quote(settled)
    assert (after["global_coupon"], after["version"]) == (None, before["version"])


# --- Accepting today ------------------------------------------------------------------------------


def test_accepting_today_leaves_nothing_changed_and_keeps_the_choice(settled):
    PricePolicy.objects.filter(pk=10).update(price=700, valid_period=7)
    edit_coupon(money_equivalent_value=50)

    accepted = settled.post(QUOTE).json()["data"]

    assert accepted["changes"] == []
    assert (accepted["total"], accepted["global_coupon"]) == ("772.00", 5)
    assert quote(settled) == accepted
    course, _ = settled.settlement()["data"]["course_list"]
    assert (course["price"], course["period"], course["period_display"]) == ("700.0", "7", "1周")


def test_accepting_today_offers_what_was_received_since_and_drops_what_is_gone(settled):
    give(settled, 6, money_equivalent_value=10)
    CouponRecord.objects.filter(pk=5).update(status=3)

    accepted = settled.post(QUOTE).json()["data"]

    assert [coupon["id"] for coupon in accepted["global_coupons"]] == [6]
    assert accepted["global_coupon"] is None
    assert list(settled.settlement()["data"]["global_coupon_dict"]["coupon"]) == ["6"]


def test_accepting_today_cannot_buy_what_is_not_sold(settled):
    Course.objects.filter(pk=1).update(status=1)
    PricePolicy.objects.filter(pk=20).delete()

    accepted = settled.post(QUOTE).json()["data"]

    assert [c["code"] for c in accepted["changes"]] == ["offline", "policy_gone"]
    assert [c["course_id"] for c in accepted["course_list"]] == ["1", "2"]
    assert accepted["payable"] is False


def test_accepting_today_keeps_what_another_program_put_into_the_hash(settled, redis: Redis):
    key = SettlementStore.course_key(settled.account.pk, "1")
    redis.hset(key, "note", "kept")

    settled.post(QUOTE)

    assert redis.hget(key, "note") == b"kept"
    assert settled.settlement()["data"]["course_list"][0]["note"] == "kept"


def test_without_a_settlement_there_is_nothing_to_accept(alice, everything_in):
    assert alice.post(QUOTE).json() == {"code": 1001, "data": None, "error": "获取失败"}
    assert everything_in() == {}


def test_another_accounts_settlement_is_not_accepted(settled, bob, everything_in):
    PricePolicy.objects.filter(pk=10).update(price=700)
    before = everything_in()

    assert bob.post(QUOTE).json()["code"] == 1001
    assert everything_in() == before


# --- Two tabs -------------------------------------------------------------------------------------


def etag(customer: Customer) -> str:
    return customer.get(PAYMENT)["ETag"]


def test_the_etag_stays_while_nothing_is_chosen(settled):
    assert etag(settled) == etag(settled) == settled.get(QUOTE)["ETag"]


@pytest.mark.parametrize(
    "do",
    [
        lambda customer: customer.choose(0),
        lambda customer: customer.choose(5),
        lambda customer: customer.settle([1, 2]),
        lambda customer: customer.post(BEST),
        lambda customer: customer.post(QUOTE),
    ],
    ids=["another choice", "the same choice again", "settled anew", "best", "accepted"],
)
def test_the_etag_changes_with_every_settlement_and_every_choice(settled, do):
    before = etag(settled)

    do(settled)

    assert etag(settled) != before


def test_the_etag_sees_a_choice_of_another_program(settled, redis: Redis):
    before = etag(settled)

    redis.hset(SettlementStore.coupon_key(settled.account.pk), "default_coupon", "0")

    assert etag(settled) != before


def test_a_choice_that_means_this_state_is_made(settled):
    tag = etag(settled)

    answer = settled.patch(PAYMENT, {"couponid": 0}, headers={"If-Match": tag})

    assert answer.json()["data"] == "修改成功"


@pytest.mark.parametrize("order", [[1, 2], [2, 1]])
@pytest.mark.parametrize("course_id", [1, 2])
def test_a_choice_that_means_this_state_is_made_on_the_course_that_it_names(
    shopper, order, course_id
):
    for pk in (1, 2):
        give(shopper, 60 + pk, course=Course.objects.get(pk=pk))
    shopper.settle(order)
    body = {"courseid": course_id, "couponid": 60 + course_id}

    answer = shopper.patch(PAYMENT, body, headers={"If-Match": etag(shopper)})

    assert answer.json()["data"] == "修改成功"
    courses = shopper.settlement()["data"]["course_list"]
    chosen = {one["course_id"]: one["default_coupon"] for one in courses}
    assert chosen == {"1": "0", "2": "0"} | {str(course_id): str(60 + course_id)}


def test_a_choice_that_means_this_state_is_held_to_what_is_offered(settled, everything_in):
    give(settled, 6, course=Course.objects.get(pk=2))
    settled.settle([1, 2])
    before, tag = everything_in(), {"If-Match": etag(settled)}

    codes = [
        settled.patch(PAYMENT, body, headers=tag).json()["code"]
        for body in (
            {"courseid": 1, "couponid": 6},
            {"courseid": 3, "couponid": 6},
            {"couponid": 6},
        )
    ]

    assert codes == [1010, 1111, 1001]
    assert everything_in() == before


def test_a_state_is_meant_of_a_settlement_that_there_is(shopper, everything_in):
    before = everything_in()

    answer = shopper.patch(PAYMENT, {"couponid": 0}, headers={"If-Match": '"x"'})

    assert answer.json()["code"] == 1111
    assert everything_in() == before


@pytest.mark.parametrize("method", ["patch", "best"])
def test_what_means_an_earlier_state_is_refused_and_changes_nothing(settled, everything_in, method):
    tag = etag(settled)
    settled.choose(0)
    before = everything_in()

    if method == "patch":
        answer = settled.patch(PAYMENT, {"couponid": 5}, headers={"If-Match": tag})
    else:
        answer = settled.post(BEST, headers={"If-Match": tag})

    assert (answer.status_code, answer.json()) == (412, CHANGED_STATE)
    assert everything_in() == before


def test_of_two_choices_that_mean_the_same_state_the_second_is_refused(settled, monkeypatch):
    tag = etag(settled)
    choose = SettlementStore.choose

    def other_tab_first(*args: Any) -> Any:
        monkeypatch.setattr(SettlementStore, "choose", choose)
        settled.choose(0)
        return choose(*args)

    monkeypatch.setattr(SettlementStore, "choose", other_tab_first)

    answer = settled.patch(PAYMENT, {"couponid": 5}, headers={"If-Match": tag})

    assert answer.status_code == 412
    assert settled.settlement()["data"]["global_coupon_dict"]["default_coupon"] == "0"


# --- What another program put there ---------------------------------------------------------------


def test_all_that_a_policy_holds_is_settled_and_shown(alice, redis: Redis):
    policy = {"period": 1, "period_display": "1天", "price": 19.9, "note": "kept", "tags": ["a"]}
    entry = {
        "title": "课程9",
        "img": "9.jpg",
        "policy": json.dumps({"9": policy | {"course_id": 666, "coupon": "x"}}),
        "default_policy": "9",
    }
    redis.hset(f"luffy_shopping_car_{alice.account.pk}_9", mapping=entry)

    alice.settle([9])

    (course,) = alice.settlement()["data"]["course_list"]
    assert (course["note"], course["tags"]) == ("kept", '["a"]')
    assert (course["course_id"], course["coupon"]) == ("9", {})
    held = redis.hgetall(SettlementStore.course_key(alice.account.pk, "9"))
    assert (held[b"note"], held[b"course_id"]) == (b"kept", b"9")


# --- The car --------------------------------------------------------------------------------------


def test_the_car_says_what_has_changed_about_each_course(shopper):
    PricePolicy.objects.filter(pk=10).update(price=99_999)
    Course.objects.filter(pk=2).update(status=1)

    first, second = shopper.get(CAR).json()["data"]

    assert first["changed"] == {
        "code": "price_changed",
        "reason": "价格已变动",
        "price": "99999.00",
    }
    assert second["changed"] == {"code": "offline", "reason": "课程已下线", "price": None}


def test_the_car_of_today_says_nothing(shopper):
    assert [course["changed"] for course in shopper.get(CAR).json()["data"]] == [None, None]
