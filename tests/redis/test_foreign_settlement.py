"""Settlements that another program wrote, without the service's index (contract §4)."""

import json

import pytest
from redis import Redis

from api.stores.car import CarStore
from api.stores.settlement import SettlementStore
from tests.support.factories import put_in_car, settle_elsewhere
from tests.support.round_trips import round_trips


def settled(customer) -> list[str]:
    return [course["course_id"] for course in customer.settlement()["data"]["course_list"]]


def code_of(answer) -> int:
    return (answer if isinstance(answer, dict) else answer.json())["code"]


def commands(trips: list[list[str]]) -> list[str]:
    return [name for trip in trips for name in trip]


def test_it_is_found_in_the_order_of_ids(alice, redis: Redis):
    settle_elsewhere(redis, alice.account, 10, 9, 2)

    assert settled(alice) == ["2", "9", "10"]


def test_it_is_shown_as_it_was_written(alice, redis: Redis):
    coupon = {"4": {"coupon_type": 0, "coupon_display": "立减券", "money_equivalent_value": 40}}
    settle_elsewhere(redis, alice.account, 1, coupon=coupon, site_wide={})

    assert alice.settlement() == {
        "code": 1000,
        "data": {
            "course_list": [
                {
                    "course_id": "1",
                    "title": "课程1",
                    "img": "1.jpg",
                    "policy_id": "7",
                    "coupon": coupon,
                    "default_coupon": "0",
                    "period": "30",
                    "period_display": "1个月",
                    "price": "99.0",
                }
            ],
            "global_coupon_dict": {"coupon": {}, "default_coupon": "0"},
        },
        "error": None,
    }


@pytest.mark.parametrize(
    "first",
    [
        lambda customer: customer.settlement(),
        lambda customer: customer.choose(0),
        lambda customer: customer.choose(0, courseid=1),
        lambda customer: customer.get("/api/payment/quote/"),
        lambda customer: customer.get("/api/payment/best/"),
        lambda customer: customer.post("/api/payment/best/"),
    ],
    ids=["GET", "PATCH site-wide", "PATCH course", "GET quote", "GET best", "POST best"],
)
def test_it_is_searched_for_once_in_its_life(alice, redis: Redis, first):
    settle_elsewhere(redis, alice.account, 1)

    with round_trips() as trips:
        answer = first(alice)
    assert commands(trips).count("SCAN") == 1
    assert code_of(answer) == 1000

    with round_trips() as trips:
        assert settled(alice) == ["1"]
        alice.choose(0, courseid=1)
        first(alice)
    assert not {"SCAN", "KEYS"} & set(commands(trips))


def test_it_expires_from_then_on(alice, redis: Redis):
    settle_elsewhere(redis, alice.account, 1)

    alice.settlement()

    assert redis.ttl(f"luffy_payment_{alice.account.pk}_1") in (604_799, 604_800)
    assert redis.ttl(f"luffy_payment_coupon_{alice.account.pk}") in (604_799, 604_800)


def test_its_fields_stay_as_they_were(alice, redis: Redis):
    settle_elsewhere(redis, alice.account, 1)
    course, site_wide = (
        f"luffy_payment_{alice.account.pk}_1",
        f"luffy_payment_coupon_{alice.account.pk}",
    )
    before = redis.hgetall(course), redis.hgetall(site_wide)

    alice.settlement()

    assert redis.hgetall(course) == before[0]
    assert redis.hgetall(site_wide).items() >= before[1].items()


def test_a_coupon_can_be_chosen_in_it(alice, redis: Redis):
    settle_elsewhere(redis, alice.account, 1, coupon={"4": {}}, site_wide={"5": {}})

    assert alice.choose(4, courseid=1).json()["code"] == 1000
    assert alice.choose(5).json()["code"] == 1000

    data = alice.settlement()["data"]
    assert data["course_list"][0]["default_coupon"] == "4"
    assert data["global_coupon_dict"]["default_coupon"] == "5"


def test_post_over_it_leaves_no_stray_hash(alice, redis: Redis):
    settle_elsewhere(redis, alice.account, 1, 2, 3)
    put_in_car(redis, alice.account, 3)

    alice.settle([3])

    assert settled(alice) == ["3"]
    pk = alice.account.pk
    assert {key.decode() for key in redis.scan_iter("luffy_payment_*")} == {
        f"luffy_payment_{pk}_3",
        f"luffy_payment_coupon_{pk}",
    }


def test_post_over_a_stray_hash_of_another_program_leaves_none_of_its_fields(alice, redis: Redis):
    redis.hset(f"luffy_payment_{alice.account.pk}_1", mapping={"default_coupon": 9, "note": "x"})
    put_in_car(redis, alice.account, 1)

    alice.settle([1])

    fields = redis.hgetall(f"luffy_payment_{alice.account.pk}_1")
    assert fields[b"default_coupon"] == b"0"
    assert b"note" not in fields


def test_one_that_replaced_ours_is_found_anew(alice, redis: Redis):
    """The lesson's POST deletes the account's hashes, our index with them, and writes its own."""
    put_in_car(redis, alice.account, 1)
    alice.settle([1])
    redis.delete(*redis.scan_iter(f"luffy_payment_*{alice.account.pk}*"))
    settle_elsewhere(redis, alice.account, 2)

    assert settled(alice) == ["2"]


def test_keys_whose_end_is_no_course_id_are_left_alone(alice, redis: Redis, everything_in):
    settle_elsewhere(redis, alice.account, 1)
    prefix = f"luffy_payment_{alice.account.pk}_".encode()
    others = [b"", b"0", b"01", b"1_1", b"x", b"1:lock", "１".encode(), b"\xff", b"\xff1", b"-1"]
    for other in others:
        redis.set(prefix + other, "of somebody else")
    before = {
        key: value for key, value in everything_in().items() if value[0] == b"of somebody else"
    }

    assert settled(alice) == ["1"]
    assert everything_in().items() >= before.items()


def test_ids_that_begin_alike_are_kept_apart(client_of, redis: Redis):
    one, eleven, ten = (client_of(f"id-{pk}", user__pk=pk) for pk in (1, 11, 10))
    settle_elsewhere(redis, eleven.account, 1, 5)
    settle_elsewhere(redis, ten.account, 1, 6)
    settle_elsewhere(redis, one.account, 1, 15)

    assert settled(one) == ["1", "15"]
    assert settled(eleven) == ["1", "5"]
    assert settled(ten) == ["1", "6"]


def test_posts_of_ids_that_begin_alike_leave_each_other_alone(client_of, redis: Redis):
    one, eleven = (client_of(f"id-{pk}", user__pk=pk) for pk in (1, 11))
    settle_elsewhere(redis, eleven.account, 1)
    settle_elsewhere(redis, one.account, 1, 11)

    assert one.settle([]).json()["code"] == 1000

    assert settled(one) == []
    assert settled(eleven) == ["1"]


def test_one_without_courses_is_a_settlement_of_nothing(alice, redis: Redis):
    settle_elsewhere(redis, alice.account)

    assert settled(alice) == []


def test_courses_without_site_wide_coupons_are_no_settlement(alice, redis: Redis):
    settle_elsewhere(redis, alice.account, 1)
    redis.delete(f"luffy_payment_coupon_{alice.account.pk}")

    with round_trips() as trips:
        assert alice.settlement() == {"code": 1001, "data": None, "error": "获取失败"}

    assert "SCAN" not in commands(trips)


def test_a_site_wide_choice_alone_is_no_settlement(alice, redis: Redis):
    """What the lesson's PATCH leaves behind where there was no settlement."""
    redis.hset(f"luffy_payment_coupon_{alice.account.pk}", "default_coupon", 0)

    assert alice.settlement() == {"code": 1001, "data": None, "error": "获取失败"}
    assert alice.choose(0).json() == {"code": 1111, "data": None, "error": "修改失败"}


def test_a_courses_choice_alone_is_no_course_of_it(alice, redis: Redis):
    """What the lesson's PATCH leaves behind for a course that is not in the settlement."""
    settle_elsewhere(redis, alice.account, 1)
    redis.hset(f"luffy_payment_{alice.account.pk}_9", "default_coupon", 3)

    assert settled(alice) == ["1"]


def test_a_course_belongs_to_it_whatever_its_hash_begins_with(alice, redis: Redis):
    settle_elsewhere(redis, alice.account, 1)
    key = f"luffy_payment_{alice.account.pk}_1"
    written = redis.hgetall(key)
    redis.delete(key)
    redis.hset(key, mapping=dict(sorted(written.items(), reverse=True)))
    assert redis.hkeys(key)[0] == b"title"

    assert settled(alice) == ["1"]


def test_an_index_that_another_program_broke_is_made_anew(alice, redis: Redis):
    put_in_car(redis, alice.account, 1)
    alice.settle([1])
    redis.hdel(SettlementStore.coupon_key(alice.account.pk), SettlementStore.COURSES)

    assert settled(alice) == ["1"]


@pytest.mark.parametrize("field", ["courses", "settlement", "revision"])
@pytest.mark.parametrize(
    "value",
    [b"\xff", "x", '"12"', '["x"]', "[null]", "[1e400]", '["1", "1"]', '{"1": 1}', "1" * 5_000],
)
@pytest.mark.parametrize("first", ["quote/", "best/", "topup/"])
def test_an_index_that_says_nothing_is_made_anew_whoever_asks_first(
    alice, redis: Redis, field: str, value: str | bytes, first: str
):
    put_in_car(redis, alice.account, 1)
    alice.settle([1])
    redis.hset(SettlementStore.coupon_key(alice.account.pk), field, value)

    assert alice.get(f"{alice.url}{first}").json()["code"] == 1000
    assert alice.post(f"{alice.url}best/").json()["code"] == 1000
    assert alice.choose(0).json()["code"] == 1000
    assert settled(alice) == ["1"]


# --- Key templates --------------------------------------------------------------------------------

TEMPLATES = [
    ("luffy_payment_{%s}_%s", "luffy_payment_coupon_{%s}"),
    ("[x]*?_%s_%s", "[x]*?_coupon_%s"),
    (r"\a[^b]-%s:%s]", "coupon*%s"),
    ("*%s?%s*", "?%s"),
    ("支付_%s_%s_结束", "支付_优惠券_%s"),
]


@pytest.fixture(params=TEMPLATES, ids=[template for template, _ in TEMPLATES])
def templates(request, settings) -> None:
    settings.PAYMENT_KEY, settings.PAYMENT_COUPON_KEY = request.param


@pytest.mark.usefixtures("templates")
def test_any_key_template_finds_what_it_names_and_nothing_else(client_of, redis: Redis):
    one, eleven = (client_of(f"id-{pk}", user__pk=pk) for pk in (1, 11))
    settle_elsewhere(redis, one.account, 2, 1)
    settle_elsewhere(redis, eleven.account, 3)
    for near_by in ("x", "xy", "[x]", "b"):
        redis.set(f"{near_by}_1_9", "of somebody else")

    assert settled(one) == ["1", "2"]
    assert settled(eleven) == ["3"]


@pytest.mark.usefixtures("templates")
def test_any_key_template_carries_a_settlement(alice, redis: Redis, everything_in):
    put_in_car(redis, alice.account, 1)
    put_in_car(redis, alice.account, 2)

    alice.settle([2, 1])
    alice.choose(0, courseid=1)
    alice.settle([2])

    assert settled(alice) == ["2"]
    names = {
        CarStore.key(alice.account.pk, 1),
        CarStore.key(alice.account.pk, 2),
        SettlementStore.course_key(alice.account.pk, 2),
        SettlementStore.coupon_key(alice.account.pk),
    }
    assert set(everything_in()) == {name.encode() for name in names}


def test_the_index_names_the_courses_in_their_order(alice, redis: Redis):
    for course_id in (1, 2):
        put_in_car(redis, alice.account, course_id)

    alice.settle([2, 1])

    index = redis.hget(f"luffy_payment_coupon_{alice.account.pk}", "courses")
    assert json.loads(index) == ["2", "1"]


# --- Keys that hold something else than a hash ----------------------------------------------------


@pytest.fixture(params=["coupon", "course"])
def no_hash(request, alice, redis: Redis) -> str:
    """Alice's settlement, of which another program made one key a text."""
    put_in_car(redis, alice.account, 1)
    alice.settle([1])
    pk = alice.account.pk
    key = {"coupon": f"luffy_payment_coupon_{pk}", "course": f"luffy_payment_{pk}_1"}[request.param]
    redis.set(key, "of somebody else")
    return key


@pytest.mark.usefixtures("no_hash")
@pytest.mark.parametrize("path", ["", "quote/", "best/"])
def test_a_settlement_of_which_a_key_is_no_hash_cannot_be_had(alice, path: str):
    answer = alice.get(f"/api/payment/{path}").json()

    assert answer == {"code": 1001, "data": None, "error": "获取失败"}


def test_nothing_can_be_chosen_where_the_key_is_no_hash(alice, no_hash: str, everything_in):
    before = everything_in()

    answer = alice.choose(0, **({} if "coupon" in no_hash else {"courseid": 1})).json()

    assert answer == {"code": 1111, "data": None, "error": "修改失败"}
    assert everything_in() == before


@pytest.mark.usefixtures("no_hash")
def test_the_next_settlement_takes_the_place_of_a_key_that_is_no_hash(alice):
    assert alice.settle([1]).json()["code"] == 1000

    assert settled(alice) == ["1"]


@pytest.mark.parametrize("field", ["coupon", "price"])
def test_one_with_a_broken_course_cannot_be_had_instead_of_costing_less(
    alice, redis: Redis, field: str
):
    settle_elsewhere(redis, alice.account, 1, 2)
    redis.hdel(f"luffy_payment_{alice.account.pk}_2", field)

    assert alice.settlement() == {"code": 1001, "data": None, "error": "获取失败"}


def test_one_that_sells_a_course_twice_is_shown_and_cannot_be_ordered(alice, redis: Redis):
    """The document's own example has course_id 2 under the key of course 1."""
    settle_elsewhere(redis, alice.account, 1, 2)
    redis.hset(f"luffy_payment_{alice.account.pk}_1", "course_id", 2)

    assert settled(alice) == ["2", "2"]
    for answer in (
        alice.get(f"{alice.url}quote/"),
        alice.post(f"{alice.url}best/"),
        alice.post("/api/order/", {"money": "198.00"}),
    ):
        assert answer.json() == {"code": 1001, "data": None, "error": "获取失败"}


def test_one_with_a_course_key_that_is_no_hash_cannot_be_had_either(alice, redis: Redis):
    settle_elsewhere(redis, alice.account, 1)
    redis.set(f"luffy_payment_{alice.account.pk}_2", "of somebody else")

    assert alice.settlement() == {"code": 1001, "data": None, "error": "获取失败"}
