"""What a paid order lets an account learn, how renewals follow one another, and what a refund ends
(contract §9, §10)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.models import Account, EnrolledCourse, Order, OrderDetail, PricePolicy
from api.services import enrolments
from tests.support.factories import (
    AccountFactory,
    CourseFactory,
    OrderFactory,
    PricePolicyFactory,
    course_type_of,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = date(2026, 3, 5)
NOW = datetime(2026, 3, 5, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def account() -> Account:
    return AccountFactory()


@pytest.fixture
def policy() -> PricePolicy:
    return PricePolicyFactory(content_object=CourseFactory())


def bought(account: Account, policy: PricePolicy, days: int = 10) -> Order:
    """An order of the course, for so many days; nobody is enrolled for it yet."""
    order = OrderFactory(account=account)
    OrderDetail.objects.create(
        order=order,
        content_type=course_type_of(type(policy.content_object)),
        object_id=policy.object_id,
        original_price=9,
        price=9,
        discount=0,
        share=0,
        valid_period=days,
        valid_period_display=f"{days}天",
        policy_id=policy.pk,
    )
    return order


def enrolled(account: Account, policy: PricePolicy, days: int = 10, now: datetime = NOW) -> int:
    """The id of an enrolment for so many days."""
    (one,) = enrolments.enrol(bought(account, policy, days), now=now)
    return EnrolledCourse.objects.get(order_detail=one.order_detail).pk


def days_of(pk: int) -> tuple[int, date, date]:
    one = EnrolledCourse.objects.get(pk=pk)
    return one.status, one.valid_begin_date, one.valid_end_date


def end(pk: int, now: datetime = NOW) -> None:
    enrolments.end([EnrolledCourse.objects.get(pk=pk).order_detail_id], now=now)


# --- Enrolling ------------------------------------------------------------------------------------


def test_a_course_can_be_learnt_from_today_on_for_its_period(account, policy):
    first = enrolled(account, policy)

    assert days_of(first) == (0, TODAY, TODAY + 9 * DAY)
    one = EnrolledCourse.objects.get()
    assert (one.account, one.course_id, one.enrolled_date) == (account, policy.object_id, NOW)


def test_a_renewal_begins_on_the_day_after_the_last_one(account, policy):
    enrolled(account, policy)

    renewal = enrolled(account, policy, 5)

    assert days_of(renewal) == (0, TODAY + 10 * DAY, TODAY + 14 * DAY)


def test_on_its_last_day_a_course_is_still_owned_and_the_day_after_it_is_not(account, policy):
    enrolled(account, policy)
    last = TODAY + 9 * DAY

    for today, owned in ((last, {policy.object_id: last}), (last + DAY, {})):
        found = enrolments.owned_until(account.pk, [policy.object_id], today=today)
        assert found == owned
    assert days_of(enrolled(account, policy, now=NOW + 10 * DAY))[1] == last + DAY


def test_what_is_over_is_not_owned(account, policy):
    first = enrolled(account, policy)
    EnrolledCourse.objects.filter(pk=first).update(status=1)

    assert enrolments.owned_until(account.pk, [policy.object_id], today=TODAY) == {}


def test_what_another_account_owns_is_its_own(account, policy):
    enrolled(AccountFactory(), policy)

    assert days_of(enrolled(account, policy))[1] == TODAY


# --- Ending ---------------------------------------------------------------------------------------


def test_an_enrolment_ends_with_the_day_before(account, policy):
    first = enrolled(account, policy)

    end(first, now=NOW + 3 * DAY)

    assert days_of(first) == (1, TODAY, TODAY + 2 * DAY)


def test_one_that_would_begin_later_ends_before_it_begins(account, policy):
    enrolled(account, policy)
    renewal = enrolled(account, policy, 5)

    end(renewal)

    begin = TODAY + 10 * DAY
    assert days_of(renewal) == (1, begin, begin - DAY)


def test_one_that_was_over_before_keeps_its_last_day(account, policy):
    first = enrolled(account, policy)

    end(first, now=NOW + 20 * DAY)

    assert days_of(first) == (1, TODAY, TODAY + 9 * DAY)


def test_one_that_was_ended_is_not_ended_again(account, policy):
    first = enrolled(account, policy)
    end(first)
    before = days_of(first)

    end(first, now=NOW + DAY)

    assert days_of(first) == before


def test_the_renewals_behind_it_move_forward_one_behind_the_other(account, policy):
    first = enrolled(account, policy)
    second, third = enrolled(account, policy, 5), enrolled(account, policy, 7)

    end(first, now=NOW + 3 * DAY)

    begin = TODAY + 3 * DAY
    assert days_of(second) == (0, begin, begin + 4 * DAY)
    assert days_of(third) == (0, begin + 5 * DAY, begin + 11 * DAY)


def test_the_one_before_it_stays(account, policy):
    first = enrolled(account, policy)
    second, third = enrolled(account, policy, 5), enrolled(account, policy, 7)

    end(second)

    assert days_of(first) == (0, TODAY, TODAY + 9 * DAY)
    assert days_of(third) == (0, TODAY + 10 * DAY, TODAY + 16 * DAY)


@pytest.mark.parametrize("gap", [1, 2, 30])
def test_what_did_not_follow_upon_it_stays(account, policy, gap):
    first = enrolled(account, policy)
    later = enrolled(account, policy, 5)
    far = EnrolledCourse.objects.get(pk=later)
    far.valid_begin_date += gap * DAY
    far.valid_end_date += gap * DAY
    far.save()
    before = days_of(later)

    end(first)

    assert days_of(later) == before


def test_another_course_and_another_account_stay(account, policy):
    first = enrolled(account, policy)
    others = [
        enrolled(who, of, 5)
        for who, of in (
            (account, PricePolicyFactory(content_object=CourseFactory())),
            (AccountFactory(), policy),
        )
    ]
    following = TODAY + 10 * DAY
    EnrolledCourse.objects.filter(pk__in=others).update(
        valid_begin_date=following, valid_end_date=following + 4 * DAY
    )

    end(first)

    assert [days_of(one) for one in others] == [(0, following, following + 4 * DAY)] * 2


def test_a_renewal_that_was_ended_does_not_come_back(account, policy):
    first, second = enrolled(account, policy), enrolled(account, policy, 5)
    EnrolledCourse.objects.filter(pk=second).update(status=1)
    before = days_of(second)

    end(first)

    assert days_of(second) == before
