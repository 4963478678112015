"""Shopping cars: courses with their price policies, one of them chosen (contract §4)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from django.conf import settings

from api.errors import CarFull, CourseNotFound, CourseNotInCar, PolicyNotInCar, PolicyNotOfCourse
from api.models import Course
from api.rules.changes import Change, ChangeCode, Sale, course_changes
from api.rules.money import yuan
from api.services.checkout.today import CourseToday, courses_today
from api.stores.car import CarIndex, CarStore
from api.stores.car_entry import CarEntry
from api.stores.codec import amount
from utils.optimistic import until_uncontended

_SCANNED_AT_ONCE = 10_000


@until_uncontended
def add(*, account_id: int, course_id: int, policy_id: int) -> None:
    """Puts a course that is online into the car, with one of its price policies chosen. A course
    that is there already keeps its place, and gets today's prices.

    Two round trips to Redis, three where the car looks full; two queries. Raises CourseNotFound,
    PolicyNotOfCourse, or CarFull where SHOPPING_CAR_MOST courses are in the car; nothing is
    changed then.
    """
    entry = _entry_of(course_id, policy_id)
    store = CarStore()
    index = store.index(account_id)
    if course_id not in index.course_ids and len(index.course_ids) >= settings.SHOPPING_CAR_MOST:
        # Courses that another program has taken out do not count.
        gone = store.gone(account_id, index.course_ids)
        if not gone:
            raise CarFull
        kept = tuple(c for c in index.course_ids if c not in gone)
        index = CarIndex(index.text, kept)
    store.put(account_id, index, entry)


@dataclass(frozen=True, slots=True)
class CarCourse:
    """A course in the car, and what has changed about it since it was put in."""

    entry: CarEntry
    changed: Change | None


def contents(*, account_id: int) -> list[CarCourse]:
    """What is in the car, in the order it was put in. Two round trips to Redis, one query."""
    entries = CarStore().read(account_id)
    shop = courses_today(entry.course_id for entry in entries) if entries else {}
    return [CarCourse(entry, _change(entry, shop.get(entry.course_id))) for entry in entries]


def _change(entry: CarEntry, course: CourseToday | None) -> Change | None:
    """The first thing that has changed. An entry that cannot be read has no policy to buy."""
    online = course is not None and course.online
    if not entry.policies:
        code = ChangeCode.POLICY_GONE if online else ChangeCode.OFFLINE
        return Change(code, entry.course_id)
    policy = entry.policy()
    was = Sale(yuan(amount(policy["price"])), policy["period"], policy["period_display"])
    today = course.sales.get(entry.policy_id) if course else None
    return next(course_changes(entry.course_id, online=online, was=was, today=today), None)


@until_uncontended
def choose_policy(*, account_id: int, course_id: int, policy_id: int) -> None:
    """Chooses another of the policies that the car holds for a course.

    Two round trips to Redis. Raises CourseNotInCar, PolicyNotInCar, CarUnreadable; nothing is
    changed then.
    """
    store = CarStore()
    policies = store.policies(account_id, course_id)
    if policies is None:
        raise CourseNotInCar
    if str(policy_id) not in policies.by_id:
        raise PolicyNotInCar
    store.choose_policy(account_id, course_id, policies, policy_id)


@until_uncontended
def remove(*, account_id: int, course_ids: Sequence[int]) -> None:
    """Takes courses out of the car; ids that are not there are no error. Two round trips."""
    store = CarStore()
    store.remove(account_id, store.index(account_id), course_ids)


def index_all() -> tuple[int, int]:
    """Brings every car hash that another program has put into its account's index: by course id,
    behind what the index holds. Gives the number of accounts and of courses that were missing."""
    accounts, courses = set(), 0
    scanned = CarStore().scan()
    while batch := list(islice(scanned, _SCANNED_AT_ONCE)):
        found = defaultdict(set)
        for account_id, course_id in batch:
            found[account_id].add(course_id)
        for account_id, course_ids in found.items():
            if missing := _index_missing(account_id, course_ids):
                accounts.add(account_id)
                courses += missing
    return len(accounts), courses


@until_uncontended
def _index_missing(account_id: int, course_ids: set[int]) -> int:
    store = CarStore()
    index = store.index(account_id)
    missing = sorted(course_ids.difference(index.course_ids))
    if missing:
        store.add_to_index(account_id, index, missing)
    return len(missing)


def _entry_of(course_id: int, policy_id: int) -> CarEntry:
    """The entry as the database has it today. Two queries."""
    course = Course.objects.online().filter(pk=course_id).first()
    if course is None:
        raise CourseNotFound
    policies = {
        str(policy.pk): {
            "period": policy.valid_period,
            "period_display": policy.get_valid_period_display(),
            "price": policy.price,
        }
        for policy in course.price_policy.order_by("valid_period")
    }
    if str(policy_id) not in policies:
        raise PolicyNotOfCourse
    return CarEntry(course_id, course.name, course.course_img, policies, str(policy_id))
