"""`manage.py demo`: the document's own example, ready to be called with curl."""

import json
import signal
import sys
from argparse import ArgumentTypeError
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.utils import timezone

from api.management import demo_desk, demo_orders, demo_window
from api.management.in_process import background
from api.models import (
    Account,
    Coupon,
    CouponRecord,
    Course,
    CourseCategory,
    CourseStatus,
    CourseSubCategory,
    PricePolicy,
)
from api.services import audit, cars
from api.services.coupons import lifecycle
from utils.alone import WAITING, alone
from utils.environment import LARGEST_PORT
from utils.migrated import is_migrated
from utils.usernames import key as name_key

PASSWORD = "luffy-demo-2018"  # noqa: S105  printed, and refused where DEBUG is off
ACCOUNTS = {1: "alex", 2: "eric"}
COURSES = {
    1: ("爬虫开发-专题", "爬虫开发-专题.jpg", "从一个请求到一个爬虫框架，把网页变成数据。"),
    2: ("CRM客户关系管理系统实战开发-专题", "CRM.jpg", "用Django写出一个真正在用的CRM。"),
}
POLICIES = {1: (1, 30, 399.0), 2: (1, 60, 599.0), 3: (2, 30, 99.0), 4: (2, 210, 122.0)}
IN_CAR = {1: 2, 2: 4}  # course -> the policy chosen, in the first account's car
COUPONS: dict[int, dict[str, Any]] = {  # record -> its coupon; those with a course are bound to it
    2: {"name": "1周年", "coupon_type": 1, "money_equivalent_value": 200, "minimum_consume": 500},
    4: {"name": "促销", "coupon_type": 0, "money_equivalent_value": 40, "object_id": 1},
    6: {
        "name": "大促",
        "coupon_type": 1,
        "money_equivalent_value": 60,
        "minimum_consume": 100,
        "object_id": 1,
    },
}


class Command(BaseCommand):
    help = "把课程文档中的示例写入数据库和Redis，可以随时重复执行"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--serve",
            type=served_at,
            metavar="ADDRESS:PORT",
            help="then serve in this process: an embedded Redis lives no longer than it",
        )
        parser.add_argument(
            "--shop",
            action="store_true",
            help="more courses, and coupons to be claimed, for the learner's pages",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="even where DEBUG is off: the demo's passwords are known to everybody",
        )

    def handle(self, *, serve: str | None, force: bool, shop: bool = False, **options: Any) -> None:
        if not (settings.DEBUG or force):
            raise CommandError("DEBUG is off: --force puts accounts with known passwords here.")
        if not is_migrated():
            raise CommandError("The database lacks tables: run `manage.py migrate` first.")
        with alone(waiting=partial(self.stderr.write, WAITING)):
            now = timezone.now()
            load(now)
            if shop:
                demo_window.load(now)
        self.stdout.write(tour(f"http://{serve or '127.0.0.1:8000'}"))
        if serve:
            self.stdout.flush()  # a file or a pipe would show the tour when the server ends
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as Ctrl+C does
            with background():
                call_command("runserver", serve, use_reloader=False)
        elif settings.REDIS_URL == settings.EMBEDDED_REDIS:
            self.stdout.write("REDIS_URL is not set: the shopping car ends with this command.")


def served_at(text: str) -> str:
    """The address and the port. Raises ArgumentTypeError where no port can be that."""
    _, colon, port = text.rpartition(":")
    if not (colon and port.isdecimal() and 1 <= int(port[:9]) <= LARGEST_PORT):
        raise ArgumentTypeError(f"PORT must be a whole number from 1 to {LARGEST_PORT}.")
    return text


def load(now: datetime) -> None:
    """The whole demo, in the database and in Redis. Raises CommandError, having changed nothing, if
    one of its names belongs to something else."""
    with transaction.atomic():
        refuse_to_overwrite()
        demo_desk.refuse_to_overwrite(PASSWORD)
        load_database(now)
        demo_desk.load(now, PASSWORD)
    fill_car()


def refuse_to_overwrite() -> None:
    """Raises CommandError if one of the demo's ids or names belongs to something else."""
    course_type = ContentType.objects.get_for_model(Course)
    wanted: list[tuple[type[models.Model], int, dict[str, Any]]] = [
        *((Account, pk, {"username": name}) for pk, name in ACCOUNTS.items()),
        *((Course, pk, {"name": course[0]}) for pk, course in COURSES.items()),
        *(
            (
                PricePolicy,
                pk,
                {"content_type": course_type, "object_id": course_id, "valid_period": period},
            )
            for pk, (course_id, period, _) in POLICIES.items()
        ),
        *((Coupon, pk, {"name": coupon["name"]}) for pk, coupon in COUPONS.items()),
        *((CouponRecord, pk, {"number": number_of(pk)}) for pk in COUPONS),
    ]
    for model, pk, name in wanted:
        other = model._default_manager.filter(pk=pk).exclude(**name)
        if model is not Coupon:  # coupons may share a name
            other = other | model._default_manager.filter(**name).exclude(pk=pk)
        if row := other.first():
            raise CommandError(
                f"{model._meta.label} {row.pk} ({row}) is not the demo's: nothing was changed. "
                "Use an empty database."
            )


def load_database(now: datetime) -> None:
    """Makes or renews the demo's rows, its coupons valid around the day of `now`."""
    demo_orders.forget(ACCOUNTS)
    for pk, username in ACCOUNTS.items():
        account = Account(pk=pk, username=username, name_key=name_key(username))
        account.set_password(PASSWORD)
        account.save()
    category, _ = CourseCategory.objects.get_or_create(name="后端")
    sub_category, _ = CourseSubCategory.objects.get_or_create(
        name="python", defaults={"category": category}
    )
    course_type = ContentType.objects.get_for_model(Course)
    for pk, (name, img, brief) in COURSES.items():
        Course.objects.update_or_create(
            pk=pk,
            defaults={
                "name": name,
                "course_img": img,
                "brief": brief,
                "sub_category": sub_category,
                "course_type": 0,
                "status": CourseStatus.ONLINE,
                "order": pk,
            },
        )
    for pk, (course_id, period, price) in POLICIES.items():
        PricePolicy.objects.update_or_create(
            pk=pk,
            defaults={
                "content_type": course_type,
                "object_id": course_id,
                "valid_period": period,
                "price": price,
            },
        )
    for pk in COUPONS:
        load_coupon(pk, course_type, now)
    forget_old_sequences()


def load_coupon(pk: int, course_type: ContentType, now: datetime) -> None:
    today = timezone.localdate(now)
    coupon = COUPONS[pk]
    Coupon.objects.update_or_create(
        pk=pk,
        defaults={
            **coupon,
            "content_type": course_type if "object_id" in coupon else None,
            "quantity": demo_desk.at_least_issued(100, pk=pk),
            "open_date": today - timedelta(days=7),
            "close_date": today + timedelta(days=30),
            "valid_begin_date": today - timedelta(days=7),
            "valid_end_date": today + timedelta(days=30),
        },
    )
    CouponRecord.objects.filter(pk=pk).delete()
    record = CouponRecord(
        pk=pk, coupon_id=pk, number=number_of(pk), account_id=min(ACCOUNTS), get_time=now
    )
    lifecycle.come([record], reason="演示")
    audit.recount(pk)


def forget_old_sequences() -> None:
    """Rows with ids of their own leave PostgreSQL's sequences behind: the next one made in the
    admin would collide."""
    written = [Account, Course, PricePolicy, Coupon, CouponRecord]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), written):
            cursor.execute(statement)


def fill_car() -> None:
    for course_id, policy_id in IN_CAR.items():
        cars.add(account_id=min(ACCOUNTS), course_id=course_id, policy_id=policy_id)


def number_of(record_id: int) -> str:
    return f"demo-{record_id:04}"


TOUR: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "course/", None),
    ("GET", "shoppingcar/", None),
    ("POST", "payment/", {"courseids": [2, 1]}),
    ("PATCH", "payment/", {"courseid": 1, "couponid": 6}),
    ("GET", "payment/", None),
    ("GET", "payment/quote/", None),
    ("GET", "payment/best/", None),
    ("POST", "payment/best/", None),
]


OUT_OF_THE_ANSWER = r"""sed 's/.*"token": *"\([^"]*\)".*/\1/'"""


def _curl(method: str, url: str, body: dict[str, Any] | None) -> str:
    command = f"curl -s -X {method} {url}"
    if body:
        command += f" -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    return command


def tour(host: str) -> str:
    """Commands to paste into a terminal, in order: the first account settles its car."""
    first, names = ACCOUNTS[min(ACCOUNTS)], ", ".join(ACCOUNTS.values())
    login = _curl("POST", f"{host}/api/auth/", {"username": first, "password": PASSWORD})
    lines = [
        f"Accounts {names}, password {PASSWORD}. Try, as {first}; the first line logs in:",
        "",
        f"TOKEN=$({login} | {OUT_OF_THE_ANSWER})",
        *(
            _curl(method, f"{host}/api/{path}", body) + ' -H "Authorization: Token $TOKEN"'
            for method, path, body in TOUR
        ),
    ]
    posts = ", ".join(f"{name} ({post})" for name, post in demo_desk.POSTS.items())
    staff = f"{posts} or {demo_desk.ADMIN}"
    desk = f"The coupon desk: {host}/admin/, as {staff}, password {PASSWORD}."
    shop = [f"The shop: {host}/"] if settings.SHOP else []
    return "\n".join([*lines, "", *shop, desk, f"The API described: {host}/api/docs/", ""])
