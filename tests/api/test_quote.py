"""/api/payment/quote/ and /api/payment/best/: what a settlement costs, and the best choice."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from redis import Redis
from rest_framework.test import APIClient

from api.models import Coupon, CouponRecord, CouponRecordStatus, Course, PricePolicy
from api.rules.best_choice import Best
from api.rules.best_choice import best as best_choice
from api.rules.pricing import Basket
from api.services.checkout import quoting
from api.stores.settlement import SettlementStore
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
    put_in_car,
)
from tests.support.round_trips import round_trips

QUOTE, BEST = "/api/payment/quote/", "/api/payment/best/"


@pytest.fixture
def courses(alice: APIClient, redis: Redis) -> list[Course]:
    """599 and 122 元, in alice's car at those prices."""
    made = []
    for pk, price in [(1, 599.0), (2, 122.0)]:
        course = CourseFactory(pk=pk, name=f"课程{pk}")
        PricePolicyFactory(pk=70 + pk, content_object=course, price=price)
        put_in_car(
            redis,
            alice.account,
            pk,
            price,
            default_policy=str(70 + pk),
            policy=json.dumps(
                {str(70 + pk): {"period": 30, "period_display": "1个月", "price": price}}
            ),
        )
        made.append(course)
    return made


def give(alice: APIClient, pk: int, **coupon: Any) -> CouponRecord:
    return CouponRecordFactory(pk=pk, account=alice.account, coupon=CouponFactory(**coupon))


def settle(alice: APIClient, *course_ids: int) -> None:
    assert alice.post("/api/payment/", {"courseids": course_ids}).json()["code"] == 1000


def choose(alice: APIClient, course_id: int | None, record_id: int) -> None:
    body = {"courseid": course_id, "couponid": record_id}
    assert alice.patch("/api/payment/", body).json()["code"] == 1000


def data_of(answer: Any) -> Any:
    assert answer.json()["code"] == 1000, answer.json()
    return answer.json()["data"]


def dump(redis: Redis) -> dict[bytes, dict[bytes, bytes]]:
    return {key: redis.hgetall(key) for key in redis.keys("luffy_payment*")}


def greedy_loses(alice: APIClient, courses: list[Course]) -> None:
    """The cheapest course coupons would push the sum below 700: 661 instead of 521."""
    give(alice, 4, course=courses[0], money_equivalent_value=40)
    give(alice, 6, course=courses[0], coupon_type=1, money_equivalent_value=60, minimum_consume=100)
    give(alice, 2, coupon_type=1, money_equivalent_value=200, minimum_consume=700)
    settle(alice, 2, 1)


# --- The quote ------------------------------------------------------------------------------------


def test_without_coupons_everything_costs_its_price(
    alice: APIClient, courses: list[Course]
) -> None:
    settle(alice, 2, 1)
    quote = data_of(alice.get(QUOTE))
    quote.pop("version")
    assert quote == {
        "course_list": [
            {
                "course_id": "2",
                "title": "课程2",
                "img": "http://testserver/media/course.jpg",
                "policy_id": "72",
                "period_display": "1个月",
                "price": "122.00",
                "coupon": None,
                "coupon_usable": None,
                "discount": "0.00",
                "share": "0.00",
                "pay": "122.00",
                "changed": None,
                "coupons": [],
            },
            {
                "course_id": "1",
                "title": "课程1",
                "img": "http://testserver/media/course.jpg",
                "policy_id": "71",
                "period_display": "1个月",
                "price": "599.00",
                "coupon": None,
                "coupon_usable": None,
                "discount": "0.00",
                "share": "0.00",
                "pay": "599.00",
                "changed": None,
                "coupons": [],
            },
        ],
        "subtotal": "721.00",
        "course_discount": "0.00",
        "global_coupon": None,
        "global_coupon_usable": None,
        "global_discount": "0.00",
        "discount_total": "0.00",
        "total": "721.00",
        "idle_coupons": [],
        "global_coupons": [],
        "changes": [],
        "payable": True,
    }


def test_chosen_coupons_come_off_and_the_site_wide_one_is_shared_by_fen(
    alice: APIClient, courses: list[Course]
) -> None:
    give(alice, 6, course=courses[0], coupon_type=1, money_equivalent_value=60, minimum_consume=100)
    give(alice, 2, coupon_type=1, money_equivalent_value=200, minimum_consume=500)
    settle(alice, 2, 1)
    choose(alice, 1, 6)
    choose(alice, None, 2)

    quote = data_of(alice.get(QUOTE))

    lines = [(c["discount"], c["share"], c["pay"]) for c in quote["course_list"]]
    assert lines == [("0.00", "36.91", "85.09"), ("60.00", "163.09", "375.91")]
    assert quote["course_discount"] == "60.00"
    assert quote["global_discount"] == "200.00"
    assert quote["total"] == "461.00"
    assert quote["idle_coupons"] == []


def test_a_coupon_below_its_minimum_takes_nothing_and_says_what_is_missing(
    alice: APIClient, courses: list[Course]
) -> None:
    give(alice, 2, coupon_type=1, money_equivalent_value=200, minimum_consume=500)
    settle(alice, 2)
    choose(alice, None, 2)

    quote = data_of(alice.get(QUOTE))

    assert quote["total"] == "122.00"
    assert quote["global_coupon"] == 2
    assert quote["idle_coupons"] == [
        {
            "course_id": None,
            "coupon": 2,
            "code": "below_minimum",
            "reason": "未达到使用门槛，还差 378.00 元",
            "short": "378.00",
            "saves": "0.00",
            "usable": True,
        }
    ]


def test_a_coupon_that_is_not_chosen_says_what_it_would_save(
    alice: APIClient, courses: list[Course]
) -> None:
    give(alice, 4, course=courses[0], money_equivalent_value=40)
    settle(alice, 2, 1)
    (idle,) = data_of(alice.get(QUOTE))["idle_coupons"]
    assert idle == {
        "course_id": "1",
        "coupon": 4,
        "code": "not_chosen",
        "reason": "未选择此优惠券",
        "short": None,
        "saves": "40.00",
        "usable": True,
    }


def test_a_coupon_that_is_not_chosen_says_whether_it_can_still_be_used(
    alice: APIClient, courses: list[Course]
) -> None:
    give(alice, 4, course=courses[0], money_equivalent_value=40)
    give(alice, 5, course=courses[0], money_equivalent_value=50)
    settle(alice, 1)
    CouponRecord.objects.filter(pk=5).update(status=CouponRecordStatus.VOID)

    idle = {each["coupon"]: each for each in data_of(alice.get(QUOTE))["idle_coupons"]}

    assert {pk: each["usable"] for pk, each in idle.items()} == {4: True, 5: False}
    assert (idle[5]["code"], idle[5]["saves"]) == ("coupon_gone", "0.00")


def test_a_coupon_on_a_free_course_is_worth_nothing(alice: APIClient, redis: Redis) -> None:
    course = CourseFactory(pk=3)
    put_in_car(redis, alice.account, 3, 0)
    give(alice, 4, course=course, money_equivalent_value=40)
    settle(alice, 3)
    (idle,) = data_of(alice.get(QUOTE))["idle_coupons"]
    assert (idle["code"], idle["saves"]) == ("worth_nothing", "0.00")


@pytest.mark.parametrize("path", [QUOTE, BEST])
def test_without_a_settlement_there_is_no_price(alice: APIClient, path: str) -> None:
    assert alice.get(path).json() == {"code": 1001, "data": None, "error": "获取失败"}


def test_another_accounts_settlement_is_not_quoted(
    alice: APIClient, bob: APIClient, courses: list[Course]
) -> None:
    settle(alice, 1)
    assert bob.get(QUOTE).json()["code"] == 1001
    assert bob.post(BEST).json()["code"] == 1001


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "NaN"),
        ("price", "1e30"),
        ("price", "-5"),
        ("price", "１００"),
        ("price", "1_000"),
        ("price", " 5 "),
        ("default_coupon", "９"),
        ("course_id", "9" * 30),
        ("course_id", "٣"),
        ("coupon", json.dumps({"9" * 30: {"coupon_type": 0, "money_equivalent_value": 1}})),
    ],
)
def test_a_settlement_with_what_cannot_be_reckoned_with_cannot_be_had(
    alice: APIClient, courses: list[Course], redis: Redis, field: str, value: str
) -> None:
    settle(alice, 1)
    redis.hset(SettlementStore.course_key(alice.account.pk, "1"), field, value)
    assert alice.get(QUOTE).json() == {"code": 1001, "data": None, "error": "获取失败"}
    assert alice.get(BEST).json()["code"] == 1001


@pytest.mark.parametrize(
    "offer",
    [
        {},
        {"coupon_type": 9},
        {"coupon_type": True, "money_equivalent_value": 1},
        {"coupon_type": 0, "money_equivalent_value": -1},
        {"coupon_type": 2, "off_percent": True},
        {"coupon_type": 2, "off_percent": 0},
        {"coupon_type": 2, "off_percent": 101},
        {"coupon_type": 0, "money_equivalent_value": "x"},
        {"coupon_type": 0, "money_equivalent_value": 1e999},
        {"coupon_type": 1, "money_equivalent_value": [1], "minimum_consume": 1},
        {"coupon_type": 1, "money_equivalent_value": 1, "minimum_consume": 10**34},
        {"coupon_type": 2, "off_percent": "many"},
    ],
)
def test_a_coupon_that_another_program_wrote_badly_is_no_crash(
    alice: APIClient, courses: list[Course], redis: Redis, offer: dict[str, Any]
) -> None:
    settle(alice, 1)
    key = SettlementStore.coupon_key(alice.account.pk)
    redis.hset(key, mapping={"coupon": json.dumps({"5": offer}), "default_coupon": "5"})
    assert alice.get(QUOTE).json() == {"code": 1001, "data": None, "error": "获取失败"}


# --- Nothing stale is silently priced -------------------------------------------------------------


def changed(alice: APIClient) -> Any:
    return data_of(alice.get(QUOTE))["course_list"][0]["changed"]


def test_a_changed_price_is_reported_and_is_the_one_that_counts(
    alice: APIClient, courses: list[Course]
) -> None:
    settle(alice, 1)
    PricePolicy.objects.filter(pk=71).update(price=499.5)
    assert changed(alice) == {"code": "price_changed", "reason": "价格已变动", "price": "499.50"}
    assert data_of(alice.get(QUOTE))["total"] == "499.50"


def test_a_course_that_went_offline_is_reported(alice: APIClient, courses: list[Course]) -> None:
    settle(alice, 1)
    Course.objects.filter(pk=1).update(status=1)
    assert changed(alice) == {"code": "offline", "reason": "课程已下线", "price": None}


def test_a_course_that_is_gone_is_reported_as_offline(
    alice: APIClient, courses: list[Course]
) -> None:
    settle(alice, 1)
    courses[0].delete()
    assert changed(alice)["code"] == "offline"


def test_a_policy_that_is_gone_is_reported(alice: APIClient, courses: list[Course]) -> None:
    settle(alice, 1)
    PricePolicy.objects.filter(pk=71).delete()
    assert changed(alice) == {"code": "policy_gone", "reason": "价格策略已不存在", "price": None}


def test_the_policy_of_another_course_does_not_count(
    alice: APIClient, courses: list[Course]
) -> None:
    settle(alice, 1)
    PricePolicy.objects.filter(pk=71).update(object_id=2, valid_period=60)
    assert changed(alice)["code"] == "policy_gone"


def test_a_chosen_coupon_that_was_used_meanwhile_is_reported(
    alice: APIClient, courses: list[Course]
) -> None:
    record = give(alice, 4, course=courses[0], money_equivalent_value=40)
    give(alice, 2, money_equivalent_value=10)
    settle(alice, 1)
    choose(alice, 1, 4)
    choose(alice, None, 2)
    assert data_of(alice.get(QUOTE))["course_list"][0]["coupon_usable"] is True
    assert data_of(alice.get(QUOTE))["global_coupon_usable"] is True

    CouponRecord.objects.filter(pk=record.pk).update(status=1)

    quote = data_of(alice.get(QUOTE))
    assert quote["course_list"][0]["coupon_usable"] is False
    assert quote["global_coupon_usable"] is True
    assert quote["total"] == "589.00"


def test_a_chosen_coupon_whose_last_day_is_over_is_reported(
    alice: APIClient, courses: list[Course]
) -> None:
    record = give(alice, 2, money_equivalent_value=10)
    settle(alice, 1)
    choose(alice, None, 2)
    day = timezone.localdate()
    over = {"valid_begin_date": day - timedelta(days=2), "valid_end_date": day - timedelta(days=1)}
    Coupon.objects.filter(pk=record.coupon_id).update(**over)
    assert data_of(alice.get(QUOTE))["global_coupon_usable"] is False


# --- The best choice ------------------------------------------------------------------------------


def test_the_best_choice_is_not_the_greedy_one(alice: APIClient, courses: list[Course]) -> None:
    greedy_loses(alice, courses)
    choose(alice, 1, 6)

    best = data_of(alice.get(BEST))

    assert best["quote"]["total"] == "521.00"
    assert [line["coupon"] for line in best["quote"]["course_list"]] == [None, None]
    assert best["quote"]["global_coupon"] == 2
    assert best["saves"] == "140.00"
    assert best["alternatives"] == [{"global_coupon": None, "total": "661.00"}]


def test_a_best_choice_that_is_the_cheapest_has_no_gap(
    alice: APIClient, courses: list[Course]
) -> None:
    greedy_loses(alice, courses)
    best = data_of(alice.get(BEST))
    assert sorted(best) == ["alternatives", "quote", "saves"]
    assert [sorted(other) for other in best["alternatives"]] == [["global_coupon", "total"]]


def test_a_best_choice_that_may_not_be_the_cheapest_says_by_how_much(
    alice: APIClient, courses: list[Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nearly(basket: Basket) -> Best:
        found = best_choice(basket)
        others = tuple(replace(other, gap=Decimal("3.4")) for other in found.alternatives)
        return replace(found, gap=Decimal("0.12"), alternatives=others)

    greedy_loses(alice, courses)
    monkeypatch.setattr(quoting.best_choice, "best", nearly)
    best = data_of(alice.get(BEST))
    assert best["gap"] == "0.12"
    assert best["alternatives"] == [{"global_coupon": None, "total": "661.00", "gap": "3.40"}]


def test_looking_at_the_best_choice_changes_nothing(
    alice: APIClient, courses: list[Course], redis: Redis
) -> None:
    greedy_loses(alice, courses)
    before = dump(redis)
    alice.get(BEST)
    alice.get(QUOTE)
    assert dump(redis) == before


def test_taking_the_best_choice_answers_the_quote_that_a_get_then_gives(
    alice: APIClient, courses: list[Course]
) -> None:
    greedy_loses(alice, courses)
    choose(alice, 1, 6)
    taken = data_of(alice.post(BEST))
    assert taken["total"] == "521.00"
    assert data_of(alice.get(QUOTE)) == taken


def test_taking_the_best_choice_is_what_the_settlement_shows(
    alice: APIClient, courses: list[Course]
) -> None:
    greedy_loses(alice, courses)
    choose(alice, 1, 6)
    alice.post(BEST)
    settlement = data_of(alice.get("/api/payment/"))
    assert [course["default_coupon"] for course in settlement["course_list"]] == ["0", "0"]
    assert settlement["global_coupon_dict"]["default_coupon"] == "2"


def test_taking_the_best_choice_leaves_no_stray_hash(
    alice: APIClient, courses: list[Course], redis: Redis
) -> None:
    settle(alice, 1)
    redis.hset(SettlementStore.course_key(alice.account.pk, "1"), "course_id", "7")
    alice.post(BEST)
    assert not redis.exists(SettlementStore.course_key(alice.account.pk, "7"))


def test_of_two_that_do_the_same_the_one_that_ends_sooner_is_best(
    alice: APIClient, courses: list[Course]
) -> None:
    today = timezone.localdate()
    for pk, days in [(4, 9), (5, 3), (6, 5)]:
        give(
            alice,
            pk,
            course=courses[0],
            money_equivalent_value=40,
            valid_end_date=today + timedelta(days=days),
        )
    settle(alice, 1)
    assert data_of(alice.get(BEST))["quote"]["course_list"][0]["coupon"] == 5


def test_a_coupon_that_was_used_meanwhile_is_not_in_the_best_choice(
    alice: APIClient, courses: list[Course]
) -> None:
    record = give(alice, 4, course=courses[0], money_equivalent_value=40)
    give(alice, 5, course=courses[0], money_equivalent_value=30)
    settle(alice, 1)
    CouponRecord.objects.filter(pk=record.pk).update(status=1)

    taken = data_of(alice.post(BEST))

    assert taken["course_list"][0]["coupon"] == 5
    assert taken["course_list"][0]["coupon_usable"] is True
    assert [idle["coupon"] for idle in taken["idle_coupons"]] == [4]


@pytest.mark.parametrize("status", [1, 2, 3])
def test_a_site_wide_coupon_that_was_used_meanwhile_is_not_in_the_best_choice(
    alice: APIClient, courses: list[Course], status: int
) -> None:
    record = give(alice, 4, money_equivalent_value=40)
    give(alice, 5, money_equivalent_value=30)
    settle(alice, 1)
    CouponRecord.objects.filter(pk=record.pk).update(status=status)

    best = data_of(alice.get(BEST))

    assert (best["quote"]["global_coupon"], best["quote"]["total"]) == (5, "569.00")
    assert best["alternatives"] == [{"global_coupon": None, "total": "599.00"}]


def test_discounts_alone_go_through_quote_and_best(alice: APIClient, courses: list[Course]) -> None:
    give(alice, 4, course=courses[0], coupon_type=2, money_equivalent_value=0, off_percent=79)
    give(alice, 5, coupon_type=2, money_equivalent_value=0, off_percent=90)
    settle(alice, 1)

    best = data_of(alice.get(BEST))
    assert best["quote"]["total"] == "425.89"  # 599.00 at 79 %, 473.21, at 90 %
    assert best["alternatives"] == [{"global_coupon": None, "total": "473.21"}]
    alice.post(BEST)
    assert data_of(alice.get(QUOTE))["total"] == "425.89"


def test_the_end_dates_stay_out_of_what_the_settlement_shows(
    alice: APIClient, courses: list[Course]
) -> None:
    give(alice, 4, course=courses[0], money_equivalent_value=40)
    settle(alice, 1)
    settlement = data_of(alice.get("/api/payment/"))
    assert settlement["course_list"][0]["coupon"] == {
        "4": {"coupon_type": 0, "coupon_display": "立减券", "money_equivalent_value": 40}
    }
    assert set(settlement["global_coupon_dict"]) == {"coupon", "default_coupon"}


def test_a_settlement_replaced_while_the_best_is_sought_gets_its_own_best(
    alice: APIClient, courses: list[Course], monkeypatch: pytest.MonkeyPatch, redis: Redis
) -> None:
    greedy_loses(alice, courses)
    choose_in_redis = SettlementStore.choose

    def replaced_just_before(*args: Any) -> None:
        monkeypatch.setattr(SettlementStore, "choose", choose_in_redis)
        settle(alice, 1)
        choose_in_redis(*args)

    monkeypatch.setattr(SettlementStore, "choose", replaced_just_before)
    taken = data_of(alice.post(BEST))

    assert [line["course_id"] for line in taken["course_list"]] == ["1"]
    assert taken["total"] == "539.00"
    assert data_of(alice.get(QUOTE)) == taken
    assert not redis.exists(SettlementStore.course_key(alice.account.pk, "2"))


# --- Budgets --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("number", "coupons"), [(1, 0), (100, 0), (1, 1000), (100, 1000)])
@pytest.mark.parametrize(
    ("method", "path", "trips"), [("get", QUOTE, 1), ("get", BEST, 1), ("post", BEST, 2)]
)
def test_a_price_costs_a_fixed_number_of_round_trips_and_queries(
    alice: APIClient,
    redis: Redis,
    django_assert_num_queries: DjangoAssertNumQueries,
    number: int,
    coupons: int,
    method: str,
    path: str,
    trips: int,
) -> None:
    for course_id in range(1, number + 1):
        put_in_car(redis, alice.account, course_id, 500)
    coupon = CouponFactory(money_equivalent_value=10)
    CouponRecord.objects.bulk_create(
        CouponRecordFactory.build_batch(coupons, account=alice.account, coupon=coupon)
    )
    alice.post("/api/payment/", {"courseids": list(range(1, number + 1))})
    alice.post(BEST)

    # Who asks; what the courses cost today; what is owned; whether the coupons are usable,
    # which nobody asks where none is offered.
    with django_assert_num_queries(4 if coupons else 3), round_trips() as made:
        data_of(getattr(alice, method)(path))

    assert len(made) == trips


@pytest.fixture(autouse=True)
def _content_types_known(db: None) -> None:
    """Django asks for a content type once in a process's life, which is not in the budgets."""
    ContentType.objects.get_for_model(Course)


def test_taking_the_best_choice_drops_a_coupon_wherever_none_is_best(alice, courses, redis: Redis):
    give(alice, 4, course=courses[0], money_equivalent_value=40)
    give(alice, 5, money_equivalent_value=30)
    settle(alice, 1, 2)
    choose(alice, 1, 4)
    choose(alice, None, 5)
    Coupon.objects.update(disabled=True)

    assert data_of(alice.post(BEST))["total"] == "721.00"

    settled = alice.get("/api/payment/").json()["data"]
    assert [course["default_coupon"] for course in settled["course_list"]] == ["0", "0"]
    assert settled["global_coupon_dict"]["default_coupon"] == "0"
