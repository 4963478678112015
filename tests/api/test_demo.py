"""`manage.py demo`: the document's own example."""

import json
import shlex
import subprocess
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from redis import Redis
from rest_framework.test import APIClient

from api.management import demo_window
from api.management.commands import demo
from api.models import (
    Account,
    Coupon,
    CouponRecord,
    Course,
    PaymentType,
    PricePolicy,
    Refund,
    UserAuthToken,
)
from api.services import audit
from api.services.payments import notices
from api.services.refunds import asking, deciding, sending
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.gateways import LocalGateway, begin

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TABLES = [Account, UserAuthToken, Course, PricePolicy, Coupon, CouponRecord]

FINAL_DATA = {
    "course_list": [
        {
            "course_id": "2",
            "title": "CRM客户关系管理系统实战开发-专题",
            "img": "CRM.jpg",
            "policy_id": "4",
            "coupon": {},
            "default_coupon": "0",
            "period": "210",
            "period_display": "12个月",
            "price": "122.0",
        },
        {
            "course_id": "1",
            "title": "爬虫开发-专题",
            "img": "爬虫开发-专题.jpg",
            "policy_id": "2",
            "coupon": {
                "4": {
                    "coupon_type": 0,
                    "coupon_display": "立减券",
                    "money_equivalent_value": 40,
                },
                "6": {
                    "coupon_type": 1,
                    "coupon_display": "满减券",
                    "money_equivalent_value": 60,
                    "minimum_consume": 100,
                },
            },
            "default_coupon": "6",
            "period": "60",
            "period_display": "2个月",
            "price": "599.0",
        },
    ],
    "global_coupon_dict": {
        "coupon": {
            "2": {
                "coupon_type": 1,
                "coupon_display": "满减券",
                "money_equivalent_value": 200,
                "minimum_consume": 500,
            }
        },
        "default_coupon": "0",
    },
}


def rows() -> dict[str, list[Any]]:
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in TABLES}


def paste(command: str, token: str = "") -> dict[str, Any]:
    """Does what the shell would with a curl command."""
    words = shlex.split(command.replace("$TOKEN", token))
    options = dict(pairwise(words))
    headers = dict(word.split(": ", 1) for word in words if ": " in word and word[0] != "{")
    url = next(word for word in words if word.startswith("http"))
    return (
        APIClient()
        .generic(
            options["-X"],
            url.removeprefix("http://127.0.0.1:8000"),
            options.get("-d", ""),
            content_type=headers.get("Content-Type", "application/json"),
            HTTP_AUTHORIZATION=headers.get("Authorization", ""),
        )
        .json()
    )


def paste_login() -> str:
    account = {"username": "alex", "password": "luffy-demo-2018"}
    return str(APIClient().post("/api/auth/", account).json()["data"]["token"])


def test_the_shell_takes_the_token_out_of_the_answer():
    answer = '{"code":1000,"data":{"username":"alex","token":"a_b-c"},"error":null}'
    command = f"printf %s {shlex.quote(answer)} | {demo.OUT_OF_THE_ANSWER}"

    assert subprocess.check_output(["sh", "-c", command], text=True) == "a_b-c"


def test_its_curl_commands_end_with_the_documents_final_data(capsys):
    call_command("demo", force=True)

    lines = capsys.readouterr().out.splitlines()
    login = next(line for line in lines if line.startswith("TOKEN=$("))
    token = paste(login.removeprefix("TOKEN=$(").partition(" | ")[0])["data"]["token"]
    answers = [paste(line, token) for line in lines if line.startswith("curl")]

    courses, car, settled, chosen, read, quote, best, taken = answers
    assert [course["id"] for course in courses["data"]["course_list"]] == [2, 1]
    assert [entry["course_id"] for entry in car["data"]] == ["1", "2"]
    assert settled == {"code": 1000, "data": None, "error": None}
    assert chosen == {"code": 1000, "data": "修改成功", "error": None}
    assert read == {"code": 1000, "data": FINAL_DATA, "error": None}
    assert quote["data"]["total"] == "661.00"
    assert best["data"]["saves"] == "200.00"
    assert taken["data"]["total"] == "461.00"


def test_it_fills_the_car_as_the_document_shows_it(redis: Redis):
    call_command("demo", force=True)

    car = {name.decode(): v.decode() for name, v in redis.hgetall("luffy_shopping_car_1_1").items()}
    assert car | {"policy": json.loads(car["policy"])} == {
        "title": "爬虫开发-专题",
        "img": "爬虫开发-专题.jpg",
        "policy": {
            "1": {"period": 30, "period_display": "1个月", "price": 399.0},
            "2": {"period": 60, "period_display": "2个月", "price": 599.0},
        },
        "default_policy": "2",
    }


def test_it_can_be_run_again(everything_in, redis: Redis):
    call_command("demo", force=True)
    token = paste_login()
    counts = {name: len(table) for name, table in rows().items()}
    redis.delete(*redis.keys("luffy_limits*"))
    before = everything_in()

    call_command("demo", force=True)

    assert {name: len(table) for name, table in rows().items()} == counts
    assert APIClient().get(f"/api/shoppingcar/?token={token}").status_code == 200
    assert everything_in() == before


def test_running_it_again_renews_what_was_used_up():
    call_command("demo", force=True)
    CouponRecord.objects.update(status=1)
    PricePolicy.objects.filter(pk=2).update(price=1.0)
    Account.objects.update(password="!")
    Course.objects.update(status=1)

    call_command("demo", force=True)

    assert set(CouponRecord.objects.filter(account=1).values_list("status", flat=True)) == {0}
    assert PricePolicy.objects.get(pk=2).price == 599.0
    assert set(Course.objects.values_list("status", flat=True)) == {0}
    assert Account.objects.get(username="alex").check_password("luffy-demo-2018")


def test_it_refuses_a_database_without_the_tables(db, monkeypatch):
    monkeypatch.setattr(demo, "is_migrated", lambda: False)
    with pytest.raises(CommandError, match=r"run `manage\.py migrate`"):
        call_command("demo", force=True)
    assert not Account.objects.exists()


def test_it_refuses_where_debug_is_off(everything_in):
    with pytest.raises(CommandError, match="DEBUG is off"):
        call_command("demo")

    assert not Account.objects.exists()
    assert everything_in() == {}


def test_it_needs_no_force_where_debug_is_on(settings):
    settings.DEBUG = True

    call_command("demo")

    assert set(Account.objects.values_list("username", flat=True)) >= {"alex", "eric"}


@pytest.mark.parametrize(
    "other",
    [
        lambda: AccountFactory(pk=1, username="somebody"),
        lambda: AccountFactory(pk=900, username="alex"),
        lambda: CourseFactory(pk=2, name="另一门课"),
        lambda: CourseFactory(pk=900, name="爬虫开发-专题"),
        lambda: PricePolicyFactory(pk=1, content_object=CourseFactory(pk=900)),
        lambda: PricePolicyFactory(pk=900, content_object=demo_course(), valid_period=30),
        lambda: CouponFactory(pk=4, name="另一个活动"),
        lambda: CouponRecordFactory(pk=6, number="of-somebody"),
        lambda: CouponRecordFactory(pk=900, number="demo-0006"),
    ],
    ids=[
        "an account's id",
        "an account's name",
        "a course's id",
        "a course's name",
        "a price policy's id",
        "a course's price policy",
        "a coupon's id",
        "a record's id",
        "a record's number",
    ],
)
def test_it_overwrites_nothing_that_is_not_its_own(everything_in, other):
    other()
    before = rows()

    with pytest.raises(CommandError, match="is not the demo's: nothing was changed"):
        call_command("demo", force=True)

    assert rows() == before
    assert everything_in() == {}


def demo_course() -> Course:
    return CourseFactory(pk=1, name="爬虫开发-专题")


def test_rows_made_after_it_get_ids_of_their_own():
    """PostgreSQL's sequences do not see the ids that were given."""
    AccountFactory(pk=1_000_000)
    call_command("demo", force=True)

    assert AccountFactory().pk > 1_000_000
    assert CourseFactory().pk > max(demo.COURSES)
    taken = set(Coupon.objects.values_list("pk", flat=True))
    assert CouponFactory().pk not in taken
    assert CouponRecordFactory().pk > 7


def test_the_desk_finds_its_people_and_promotions_and_the_first_account_keeps_its_three_records():
    call_command("demo", force=True)
    call_command("demo", force=True)

    assert list(CouponRecord.objects.filter(account=1).values_list("pk", flat=True)) == [2, 4, 6]
    assert set(CouponRecord.objects.values_list("status", flat=True)) == {0, 1, 2, 3}
    manager = User.objects.get(username="manager")
    assert manager.check_password("luffy-demo-2018")
    assert manager.has_perm("api.issue_coupon")
    assert not manager.is_superuser
    assert User.objects.get(username="admin").is_superuser


def test_it_leaves_somebody_elses_admin_alone():
    User.objects.create_superuser("admin", password="of-somebody")

    with pytest.raises(CommandError, match="is not the demo's: nothing was changed"):
        call_command("demo", force=True)

    assert User.objects.get().check_password("of-somebody")
    assert not Account.objects.exists()


def test_it_can_be_run_again_after_an_order_that_was_paid_and_refunded(
    gateway: LocalGateway,
) -> None:
    call_command("demo", force=True)
    alex, chief = Account.objects.get(pk=1), User.objects.get(username="admin")
    order = orders.place(alex, [PricePolicy.objects.get(pk=2)])
    (body,) = gateway.notices(gateway.pay(begin(order, PaymentType.ALIPAY)))
    now = timezone.now()
    notices.take_in("alipay", body, {}, now=now)
    who = {"account_id": 1, "order_number": order.order_number}
    asking.ask(**who, course_ids=[], reason="", now=now)
    refund = deciding.approve(Refund.objects.get().pk, staff_id=chief.pk, note="", now=now)
    assert sending.send(refund, now=now)

    call_command("demo", force=True)

    assert not Refund.objects.exists()
    assert list(audit.findings()) == []


def test_its_shop_window_has_courses_to_buy_and_coupons_to_claim() -> None:
    call_command("demo", force=True, shop=True)
    call_command("demo", force=True, shop=True)

    shown = APIClient().get("/api/course/").json()["data"]["course_list"]
    assert [course["id"] for course in shown][-2:] == [2, 1]
    assert len(shown) == 2 + len(demo_window.COURSES)
    assert all(course["price_policy"] for course in shown)
    page = APIClient().get(f"/api/course/{shown[0]['id']}/").json()["data"]
    assert page["coursedetail"]["teachers"]
    assert page["coursechapters"]
    offered = APIClient().get("/api/coupon/").json()["data"]["results"]
    named = {name for name, coupon in demo_window.COUPONS.items() if coupon.code is None}
    assert {coupon["name"] for coupon in offered} == named
    assert list(audit.findings()) == []


def test_its_code_is_worth_a_coupon_that_is_not_offered() -> None:
    call_command("demo", force=True, shop=True)
    alex = APIClient(HTTP_AUTHORIZATION=f"Token {paste_login()}")

    claimed = alex.post("/api/coupon/", {"code": "luffy2018"}).json()

    assert claimed["data"]["name"] == "口令红包"


def test_its_shop_window_leaves_a_course_of_the_same_name_as_it_is() -> None:
    name = demo_window.COURSES[0].name
    own = CourseFactory(pk=500, name=name, brief="我们自己的")
    call_command("demo", force=True, shop=True)

    assert Course.objects.get(name=name).pk == own.pk
    assert Course.objects.get(name=name).brief == "我们自己的"
    assert not own.price_policy.exists()
