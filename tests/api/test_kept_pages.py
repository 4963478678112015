"""Pages of the catalogue are made once, and never shown old: whoever changes them, and however."""

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.cache import caches
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis import Redis
from redis.exceptions import ConnectionError
from rest_framework.test import APIClient

from api.management import demo_window
from api.management.commands import demo
from api.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseDetail,
    CourseSection,
    OftenAskedQuestion,
    PricePolicy,
    Teacher,
)
from api.services import catalogue, kept_pages
from api.stores.kept_pages import PageStore
from tests.admin.test_courses import POLICY, course_fields, rows
from tests.api.test_courses import with_page
from tests.support.factories import CourseFactory, PricePolicyFactory
from tests.support.round_trips import round_trips

pytestmark = pytest.mark.django_db(transaction=True)
PK = 10**6  # beyond what the database itself gives
LIST, COURSE, CATEGORIES = "/api/course/", f"/api/course/{PK}/", "/api/category/"


@pytest.fixture
def shop() -> Course:
    course = with_page(CourseFactory(pk=PK, name="爬虫"), 2)
    PricePolicyFactory(pk=PK, content_object=course, valid_period=720, price=99)
    ContentType.objects.get_for_model(Course)
    return course


def bodies(client: APIClient) -> list[bytes]:
    return [client.get(url).content for url in (LIST, COURSE, CATEGORIES)]


def desk() -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("chief"))
    return browser


def saved_at_the_desk() -> None:
    fields = course_fields(name="新名字", **rows(POLICY, {"valid_period": "1", "price": "1"}))
    assert desk().post("/admin/api/course/add/", fields).status_code == 302


def price_saved_in_the_course() -> None:
    PricePolicy.objects.exclude(pk=PK).delete()
    same = {"id": PK, "valid_period": "720", "price": "77"}
    fields = course_fields(name="爬虫", **rows(POLICY, same, initial=1))
    fields |= {"coursechapters-TOTAL_FORMS": "0"}
    answer = desk().post(f"/admin/api/course/{PK}/change/", fields)
    assert answer.status_code == 302, answer.content.decode()


def price_saved_at_the_desk() -> None:
    url = f"/admin/api/pricepolicy/{PK}/change/"
    assert desk().post(url, {"valid_period": "720", "price": "78"}).status_code == 302


def deleted_at_the_desk() -> None:
    other = Course.objects.exclude(pk=PK).earliest("pk")
    answer = desk().post(f"/admin/api/course/{other.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302


def deleted_by_the_list_s_action() -> None:
    chosen = {"action": "delete_selected", "_selected_action": [PK], "post": "yes"}
    assert desk().post("/admin/api/pricepolicy/", chosen).status_code == 302


def with_its_category() -> None:
    CourseCategory.objects.all().delete()


def in_bulk() -> None:
    courses = list(Course.objects.all())
    for course in courses:
        course.brief = "另一概述"
    Course.objects.bulk_update(courses, ["brief"])


def made_in_bulk() -> None:
    model = ContentType.objects.get_for_model(Course)
    PricePolicy.objects.bulk_create(
        [PricePolicy(content_type=model, object_id=PK, valid_period=540, price=1)]
    )


def by_hand() -> None:
    with connection.cursor() as cursor:
        cursor.execute("update api_course set name = 'SQL' where id = %s", [PK])


def the_demo() -> None:
    demo.load_database(timezone.now())
    demo_window.load(timezone.now())


WRITES: dict[str, Callable[[], object]] = {
    "a course saved at the desk": saved_at_the_desk,
    "a price saved in the course's form": price_saved_in_the_course,
    "a price saved at the desk": price_saved_at_the_desk,
    "a course deleted at the desk": deleted_at_the_desk,
    "a price deleted by the list's action": deleted_by_the_list_s_action,
    "a category deleted with its courses": with_its_category,
    "bulk_update": in_bulk,
    "bulk_create": made_in_bulk,
    "SQL": by_hand,
    "the demo": the_demo,
    "update": lambda: Course.objects.filter(pk=PK).update(status=1),
    "a new category": lambda: CourseCategory.objects.create(name="新"),
    "a teacher": lambda: Teacher.objects.filter(name="讲师1").update(title="教授"),
    "a teacher taken out": lambda: CourseDetail.objects.get().teachers.clear(),
    "a course recommended": lambda: CourseDetail.objects.get().recommend_courses.add(PK),
    "a detail": lambda: CourseDetail.objects.update(hours=8),
    "a detail deleted": lambda: CourseDetail.objects.all().delete(),
    "an outline": lambda: CourseDetail.objects.get().courseoutline_set.all().delete(),
    "a chapter": lambda: CourseChapter.objects.filter(name="章1").update(name="第一章"),
    "a section": lambda: CourseSection.objects.filter(name="节1").update(free_trail=False),
    "a question": lambda: OftenAskedQuestion.objects.filter(question="问1").delete(),
}


@pytest.mark.slow
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_whatever_is_written_the_next_reader_sees_it(anonymous, shop, redis, write):
    before = bodies(anonymous)
    assert bodies(anonymous) == before

    write()

    after = bodies(anonymous)
    redis.flushdb()
    assert after == bodies(anonymous) != before


def test_every_table_that_a_page_is_made_of_is_watched(anonymous, shop):
    with CaptureQueriesContext(connection) as queries:
        bodies(anonymous)

    read = set(re.findall(r'"(api_\w+)"(?! ?\.)', " ".join(q["sql"] for q in queries)))
    tables = set(connection.introspection.table_names())
    assert read & tables == {model._meta.db_table for model in kept_pages.SHOWN}


def test_a_kept_page_costs_one_round_trip_and_no_query(anonymous, shop, django_assert_num_queries):
    before = bodies(anonymous)

    with django_assert_num_queries(0), round_trips() as trips:
        assert bodies(anonymous) == before

    assert trips == [["GET", "GET"]] * 3


def test_a_page_that_is_not_kept_yet_costs_two_round_trips(anonymous, shop):
    anonymous.get(LIST)

    with round_trips() as trips:
        anonymous.get(COURSE)

    assert trips == [["GET", "GET"], ["SET"]]


def test_all_keys_have_a_life_and_the_documented_names(anonymous, shop, everything_in):
    bodies(anonymous)
    anonymous.get(LIST, {"level": 1, "category": shop.sub_category.category_id, "page": 2})

    names = {key.decode() for key in everything_in()}
    assert names == {
        "luffy_catalogue_version",
        "luffy_catalogue_page_categories",
        f"luffy_catalogue_page_course_{PK}",
        "luffy_catalogue_page_courses_page=1&page_size=20",
        f"luffy_catalogue_page_courses_category={shop.sub_category.category_id}"
        "&level=1&page=2&page_size=20",
    }
    assert all(dies > 0 for _, dies in everything_in().values())


@pytest.mark.parametrize("query", [{"search": "爬虫"}, {"page_size": 19}, {"page_size": 21}])
def test_what_nobody_else_may_ask_for_again_is_not_kept(anonymous, shop, everything_in, query):
    assert anonymous.get(LIST, query).json()["code"] == 1000

    assert everything_in() == {}


def test_a_refusal_is_not_kept(anonymous, shop, redis):
    assert anonymous.get("/api/course/999/").json()["code"] == 2001

    assert not redis.keys("luffy_catalogue_page_*")
    CourseFactory(pk=999)
    assert anonymous.get("/api/course/999/").json()["code"] == 1000


# --- Races ----------------------------------------------------------------------------------------


@pytest.fixture
def while_the_rows_are_read(monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Has something done after a page's rows are read, and before the page is kept."""

    def arrange(do: Callable[[], object]) -> None:
        read = catalogue.whole_page

        def slowly(course_id: int) -> Any:
            monkeypatch.setattr(catalogue, "whole_page", read)
            found = read(course_id)
            do()
            return found

        monkeypatch.setattr(catalogue, "whole_page", slowly)

    return arrange


def name(client: APIClient) -> str:
    found: str = client.get(COURSE).json()["data"]["name"]
    return found


def rename(to: str) -> None:
    Course.objects.filter(pk=PK).update(name=to)


@pytest.mark.parametrize("kept_before", [True, False])
def test_a_page_of_old_rows_is_not_kept_for_the_new_ones(
    anonymous, shop, while_the_rows_are_read, kept_before
):
    if kept_before:
        anonymous.get(LIST)  # there is a version
    while_the_rows_are_read(lambda: rename("新"))

    assert name(anonymous) == "爬虫"
    assert name(anonymous) == "新"


def test_nor_by_a_change_that_another_reader_came_after(anonymous, shop, while_the_rows_are_read):
    def change_and_read() -> None:
        rename("新")
        assert name(anonymous) == "新"

    while_the_rows_are_read(change_and_read)

    assert name(anonymous) == "爬虫"
    assert [name(anonymous), name(anonymous)] == ["新", "新"]


def test_before_the_commit_others_are_shown_no_kept_page_and_keep_none(anonymous, shop):
    name(anonymous)
    before = PageStore().find(f"course_{PK}")
    assert before.page

    with transaction.atomic():
        rename("新")
        inside = PageStore().find(f"course_{PK}")  # as another process does
        assert (inside.page, inside.version) == (None, None)
        assert name(anonymous) == "新"  # its own row, which nobody else sees

    assert name(anonymous) == "新"


def test_what_is_rolled_back_was_never_shown(anonymous, shop):
    assert name(anonymous) == "爬虫"

    with transaction.atomic():
        rename("新")
        assert name(anonymous) == "新"
        transaction.set_rollback(True)

    assert [name(anonymous), name(anonymous)] == ["爬虫", "爬虫"]


def test_a_process_that_dies_after_its_commit_leaves_nothing_old(
    anonymous, shop, monkeypatch, redis
):
    assert name(anonymous) == "爬虫"
    monkeypatch.setattr(PageStore, "change_ends", lambda self: None)

    rename("新")

    assert [name(anonymous), name(anonymous)] == ["新", "新"]
    assert 0 < redis.ttl("luffy_catalogue_version") <= PageStore.CHANGE_TTL


def test_a_second_change_of_a_transaction_costs_redis_nothing(shop):
    with round_trips() as trips, transaction.atomic():
        rename("a")
        rename("b")
        PricePolicy.objects.update(price=1)

    assert trips == [["SET"], ["DEL"]]


def test_what_pages_do_not_show_costs_redis_nothing(alice, shop):
    with round_trips() as trips:
        alice.account.save()
        list(Course.objects.all())

    assert trips == []


@pytest.mark.postgres
def test_readers_beside_a_writer_never_see_what_was_before_it_came_back(shop):
    """Each reader that begins after a commit sees at least that commit."""
    committed, seen, done = [0], list[tuple[int, int]](), threading.Event()
    rename("0")

    def read() -> None:
        client = APIClient()
        while not done.is_set():
            least = committed[0]
            seen.append((least, int(name(client))))
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(1, 41):
        rename(str(number))
        committed[0] = number
    done.set()
    for reader in readers:
        reader.join()

    assert seen
    assert [pair for pair in seen if pair[1] < pair[0]] == []


# --- Redis out of reach ---------------------------------------------------------------------------


@pytest.fixture
def away(monkeypatch) -> Iterator[list[str]]:
    """Redis answers nothing; what it was asked."""
    asked: list[str] = []

    def fail(self: Redis, *args: Any, **kwargs: Any) -> Any:
        asked.append("asked")
        raise ConnectionError("nobody there")

    for method in ("execute_command", "pipeline"):
        monkeypatch.setattr(Redis, method, fail)
    yield asked
    monkeypatch.undo()


def test_without_redis_pages_are_as_they_are_with_it(anonymous, shop, request):
    with_redis = bodies(anonymous)
    request.getfixturevalue("away")

    assert bodies(anonymous) == with_redis
    rename("新")
    assert name(anonymous) == "新"


def test_a_redis_that_failed_is_left_alone_for_some_seconds(anonymous, shop, away):
    bodies(anonymous)
    assert len(away) == 1

    caches["process"].clear()
    bodies(anonymous)
    assert len(away) == 2


# --- Browsers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [LIST, COURSE, CATEGORIES, f"{LIST}?search=x"])
@pytest.mark.parametrize("kept", [False, True])
def test_who_has_the_page_gets_304_without_a_body(anonymous, shop, url, kept):
    if kept:
        anonymous.get(url)
    etag = anonymous.get(url)["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)

    for said in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = anonymous.get(url, HTTP_IF_NONE_MATCH=said)
        assert (answer.status_code, answer.content) == (304, b"")
        assert (answer["ETag"], answer["Cache-Control"]) == (etag, "no-cache")


@pytest.mark.parametrize("said", ['"other"', "", "x", '"'])
def test_who_has_another_one_gets_the_page(anonymous, shop, said):
    answer = anonymous.get(COURSE, HTTP_IF_NONE_MATCH=said)

    assert answer.status_code == 200
    assert answer.json()["data"]["name"] == "爬虫"


def test_another_page_has_another_etag(anonymous, shop):
    before = anonymous.get(COURSE)["ETag"]
    assert before != anonymous.get(LIST)["ETag"]
    rename("新")

    assert before != anonymous.get(COURSE)["ETag"]


def test_an_error_is_nothing_to_keep(anonymous, shop):
    for url in (f"{LIST}?page=0", "/api/course/999/"):
        answer = anonymous.get(url)
        assert answer["Cache-Control"] == "no-store"
        assert "ETag" not in answer
