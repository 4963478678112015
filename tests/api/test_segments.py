"""Segments of accounts: who is of one, at the moment of issuing, and nobody else."""

import datetime as dt
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from api.models import (
    Account,
    Coupon,
    CouponRecord,
    CouponRecordStatus,
    Course,
    DegreeCourse,
    Order,
    PricePolicy,
    Refund,
)
from api.services import accounts
from api.services.coupons import as_json, audiences, issuing
from api.services.coupons.audiences import Audience
from api.services.coupons.refusals import NobodyToReceive, NotEnoughLeft
from api.services.coupons.segments import (
    Bought,
    Holding,
    NeverOrdered,
    RegisteredWithin,
    Segment,
    accounts_in,
)
from api.services.refunds import asking, deciding, finishing
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    OrderFactory,
    PricePolicyFactory,
)

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
EVERY_SEGMENT = [Bought(3), NeverOrdered(), RegisteredWithin(7), Holding(5)]


def issue(coupon: Coupon, segment: Segment, now: dt.datetime | None = None, **more: Any) -> Any:
    audience = Audience(None, segment=segment, **more)
    return list(issuing.issue(coupon.pk, audience, now=now or timezone.now()))


def buy(*courses: Course, account: Account | None = None, paid: bool = True) -> Order:
    policies = [
        PricePolicy.objects.filter(object_id=course.pk).first()
        or PricePolicyFactory(content_object=course)
        for course in courses
    ]
    order = orders.place(account or AccountFactory(), policies)
    if paid:
        orders.pay(order)
    return order


def members(segment: Segment, today: dt.date | None = None) -> set[Account]:
    return set(accounts_in(segment, today=today or timezone.localdate()))


# --- No segment is everybody ----------------------------------------------------------------------


def test_a_segment_is_not_every_account() -> None:
    coupon, course = CouponFactory(), CourseFactory()
    AccountFactory.create_batch(3)
    bought = buy(course)

    assert issue(coupon, Bought(course.pk))[-1] == (1, 1)

    assert [record.account for record in CouponRecord.objects.all()] == [bought.account]


@pytest.mark.parametrize("segment", EVERY_SEGMENT, ids=str)
def test_what_knows_no_segments_cannot_take_one_for_every_account(segment: Segment) -> None:
    """A release from before reads `account_ids`, where null is everybody."""
    assert "account_ids" not in as_json.of_audience(Audience(None, segment=segment))
    assert as_json.of_audience(Audience(None))["account_ids"] is None


@pytest.mark.parametrize("segment", EVERY_SEGMENT, ids=str)
def test_a_segment_comes_back_from_json_as_it_was(segment: Segment) -> None:
    audience = Audience(None, again=True, segment=segment)
    assert as_json.audience_of(as_json.of_audience(audience)) == audience


def test_json_that_names_nobody_is_not_every_account() -> None:
    with pytest.raises(KeyError):
        as_json.audience_of({"again": False})
    with pytest.raises(KeyError):
        as_json.audience_of({"again": False, "segment": ["of tomorrow"]})


def test_an_audience_is_not_named_and_a_segment() -> None:
    with pytest.raises(ValueError, match="not both"):
        Audience((1,), segment=NeverOrdered())


def test_a_segment_of_nobody_is_refused_and_nothing_is_issued() -> None:
    AccountFactory()
    coupon = CouponFactory()
    with pytest.raises(NobodyToReceive):
        issue(coupon, Bought(CourseFactory().pk))
    assert not CouponRecord.objects.exists()


# --- Who has bought a course ----------------------------------------------------------------------


def test_who_paid_for_the_course_has_bought_it_and_who_did_not_has_not() -> None:
    course, other = CourseFactory(), CourseFactory()
    paid, waiting, _of_another = buy(course), buy(course, paid=False), buy(other)
    assert members(Bought(course.pk)) == {paid.account}
    orders.pay(waiting)
    assert members(Bought(course.pk)) == {paid.account, waiting.account}


def test_who_paid_nothing_for_it_has_bought_it_too() -> None:
    """The coupon was worth more than the course."""
    free = orders.order(price=0)
    assert members(Bought(free.details.get().object_id)) == {free.account}


def asked_back(order: Order, course_ids: list[int]) -> Refund:
    who = {"account_id": order.account_id, "order_number": order.order_number}
    asking.ask(**who, course_ids=course_ids, reason="", now=timezone.now())
    return order.refunds.latest("pk")


def given_back(refund: Refund) -> None:
    staff = User.objects.create_user(f"staff{refund.pk}")
    approved = deciding.approve(refund.pk, staff_id=staff.pk, note="", now=timezone.now())
    finishing.finish(approved, now=timezone.now())


def test_who_had_the_course_refunded_has_bought_the_rest_of_the_order_alone() -> None:
    courses = CourseFactory.create_batch(2)
    order, (back, kept) = buy(*courses), (course.pk for course in courses)
    refund = asked_back(order, [back])
    assert members(Bought(back)) == {order.account}  # asked for, and not gone back yet

    given_back(refund)

    assert members(Bought(back)) == set()
    assert members(Bought(kept)) == {order.account}
    given_back(asked_back(order, [kept]))
    assert members(Bought(kept)) == set()


def test_who_bought_it_again_after_a_refund_has_bought_it() -> None:
    account, course = AccountFactory(), CourseFactory()
    given_back(asked_back(buy(course, account=account), []))
    buy(course, account=account)
    assert members(Bought(course.pk)) == {account}


def test_what_is_bought_that_is_no_course_is_no_course_of_the_same_number() -> None:
    order = orders.order()
    orders.pay(order)
    line = order.details.get()
    line.content_type = ContentType.objects.get_for_model(DegreeCourse)
    line.save(update_fields=["content_type"])
    assert members(Bought(line.object_id)) == set()


# --- Who never ordered ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [1, 4, 5], ids=["unpaid", "cancelled", "timed out"])
def test_an_order_that_was_never_paid_is_an_order(status: int) -> None:
    closed = timezone.now() if status != 1 else None
    OrderFactory(status=status, cancel_time=closed)
    nobody = AccountFactory()
    assert members(NeverOrdered()) == {nobody}


def test_who_had_all_his_orders_refunded_has_ordered() -> None:
    order = orders.order()
    orders.pay(order)
    given_back(asked_back(order, []))
    assert members(NeverOrdered()) == set()


# --- Who registered lately ------------------------------------------------------------------------


def registered(at: dt.datetime | None) -> Account:
    account = AccountFactory()
    Account.objects.filter(pk=account.pk).update(registered=at)
    return account


def test_the_days_are_those_of_shanghai_and_the_last_of_them_is_today() -> None:
    first = dt.datetime(2026, 11, 20, tzinfo=SHANGHAI)
    within, _before = registered(first), registered(first - dt.timedelta(seconds=1))
    today = dt.date(2026, 11, 26)
    assert members(RegisteredWithin(7), today) == {within}
    assert members(RegisteredWithin(7), today + DAY) == set()
    assert len(members(RegisteredWithin(8), today)) == 2


def test_an_account_whose_registration_is_not_known_has_not_registered_lately() -> None:
    registered(None)
    assert members(RegisteredWithin(3_650)) == set()


def test_whoever_registers_is_known_by_the_moment() -> None:
    before = timezone.now() - dt.timedelta(seconds=1)
    account = accounts.register(username="alice", password="Luffy-2018-a")
    account.refresh_from_db()
    assert account.registered is not None
    assert before <= account.registered <= timezone.now() + dt.timedelta(seconds=1)
    assert members(RegisteredWithin(1)) == {account}


# --- Who holds a coupon ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(CouponRecordStatus))
def test_only_an_unused_record_is_held(status: CouponRecordStatus) -> None:
    record = CouponRecordFactory(status=status)
    CouponRecordFactory()  # of another coupon
    unused = {record.account} if status == CouponRecordStatus.UNUSED else set()
    assert members(Holding(record.coupon_id)) == unused


TODAY = dt.date(2026, 11, 26)


@pytest.mark.parametrize("days", [None, 0, -1, 1], ids="own last day {}".format)
@pytest.mark.parametrize("received", [0, 1, 6, 7], ids="received {} days ago".format)
@pytest.mark.parametrize(
    "coupon",
    [
        {"valid_begin_date": TODAY - DAY, "valid_end_date": TODAY},
        {"valid_begin_date": TODAY + DAY, "valid_end_date": TODAY + 2 * DAY},
        {"valid_begin_date": TODAY - 9 * DAY, "valid_end_date": TODAY - DAY},
        {"valid_begin_date": None, "valid_end_date": None, "coupon_valid_days": 7},
        {"valid_begin_date": None, "valid_end_date": None, "coupon_valid_days": 2**31 - 1},
        {"valid_begin_date": None, "valid_end_date": None},
    ],
    ids=["last day", "not begun", "over", "7 days", "for ever", "no days"],
)
def test_what_is_over_by_its_days_is_held_no_more(
    coupon: dict[str, Any], received: int, days: int | None
) -> None:
    """As the rule has it."""
    until = None if days is None else TODAY + days * DAY
    at = dt.datetime.combine(TODAY - received * DAY, dt.time.min, tzinfo=SHANGHAI)
    record = CouponRecordFactory(coupon=CouponFactory(**coupon), get_time=at, valid_until=until)
    over = record.coupon.terms.days.is_over(TODAY - received * DAY, TODAY, until)
    assert members(Holding(record.coupon_id), TODAY) == (set() if over else {record.account})


def test_who_holds_a_coupon_that_is_switched_off_holds_it() -> None:
    record = CouponRecordFactory(coupon__disabled=True)
    assert members(Holding(record.coupon_id)) == {record.account}


def test_nobody_holds_a_coupon_that_was_deleted() -> None:
    AccountFactory()
    assert members(Holding(99)) == set()


# --- Issuing to them ------------------------------------------------------------------------------


def test_who_has_the_coupon_already_is_passed_over_unless_again() -> None:
    held = CouponRecordFactory(coupon__quantity=10)
    other = AccountFactory()
    issue(held.coupon, NeverOrdered())
    assert sorted(CouponRecord.objects.values_list("account", flat=True)) == [
        held.account_id,
        other.pk,
    ]
    assert issue(held.coupon, NeverOrdered(), again=True)[-1] == (2, 2)


def test_who_is_of_it_is_asked_when_it_is_issued_and_not_when_it_was_previewed() -> None:
    coupon = CouponFactory(quantity=5)
    first = registered(dt.datetime(2026, 11, 20, 12, tzinfo=SHANGHAI))
    second = registered(dt.datetime(2026, 11, 25, 12, tzinfo=SHANGHAI))
    segment = RegisteredWithin(7)
    seen = issuing.preview(coupon, Audience(None, segment=segment), today=TODAY)
    assert seen.receiver_names == (first.username, second.username)

    coupon.valid_end_date = TODAY + 30 * DAY
    coupon.save()
    issue(coupon, segment, dt.datetime(2026, 11, 27, tzinfo=SHANGHAI))

    assert CouponRecord.objects.get().account == second


def test_more_members_than_pieces_are_refused_and_nothing_is_issued() -> None:
    coupon = CouponFactory(quantity=2)
    AccountFactory.create_batch(3)
    with pytest.raises(NotEnoughLeft, match="需要3张，只剩2张"):
        issue(coupon, NeverOrdered())
    assert not CouponRecord.objects.exists()


def test_members_come_in_batches_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "FOUND", 2)
    coupon, course = CouponFactory(), CourseFactory()
    for _ in range(5):
        buyer = AccountFactory()
        for _ in range(2):
            buy(course, account=buyer)
        AccountFactory()
    assert issue(coupon, Bought(course.pk))[-1] == (5, 5)
    assert CouponRecord.objects.values("account").distinct().count() == 5


def test_a_preview_counts_members_and_the_holders_among_them() -> None:
    held = CouponRecordFactory(coupon__quantity=5)
    _ordered = CouponRecordFactory(coupon=held.coupon, account=OrderFactory().account)
    new = AccountFactory()
    held.coupon.refresh_from_db()
    audience = Audience(None, segment=NeverOrdered())

    seen = issuing.preview(held.coupon, audience, today=timezone.localdate())

    assert (seen.receivers, seen.receiver_names) == (1, (new.username,))
    assert (seen.holders, seen.holder_names) == (1, (held.account.username,))


def test_an_audience_in_words() -> None:
    course, coupon = CourseFactory(name="Python"), CouponFactory(name="双十二")
    told = [
        audiences.in_words(Audience(None, segment=segment))
        for segment in (
            Bought(course.pk), NeverOrdered(), RegisteredWithin(7), Holding(coupon.pk), Bought(99)
        )
    ]  # fmt: skip
    assert told == [
        "买过课程“Python”", "从未下单", "7天内注册", "持有优惠券“双十二”", "买过课程（已删除）"
    ]  # fmt: skip
    assert audiences.in_words(Audience(None)) == "全部账户"
    assert audiences.in_words(Audience((1,), again=True)) == "指定账户，已有的也再发一张"


def test_accounts_from_before_the_column_get_no_registration_by_it() -> None:
    """The database would give its default to every row that is there: everybody would have
    registered just now."""
    added, with_default, *_ = import_module(
        "api.migrations.0022_segments_and_plans"
    ).Migration.operations
    assert (added.name, added.field.has_db_default()) == ("registered", False)
    assert (with_default.name, with_default.field.has_db_default()) == ("registered", True)
