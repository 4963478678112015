"""/api/course/: what there is to learn, for everybody."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from api.models import (
    Course,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    DegreeCourse,
    OftenAskedQuestion,
    Teacher,
)
from tests.support.factories import (
    CourseCategoryFactory,
    CourseFactory,
    CourseSubCategoryFactory,
    PricePolicyFactory,
)

URL = "/api/course/"
ONLINE, OFFLINE, SOON = 0, 1, 2
NOT_FOUND = {"code": 2001, "data": None, "error": "课程不存在"}


def listed(client: APIClient, **query: Any) -> list[str]:
    """The names of the courses on a page."""
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.content
    return [course["name"] for course in answer.json()["data"]["course_list"]]


def with_page(course: Course, width: int) -> Course:
    """Gives the course a page of its own, `width` of everything."""
    detail = CourseDetail.objects.create(course=course, hours=7, why_study="因为")
    for n in range(width, 0, -1):
        teacher = Teacher.objects.create(name=f"讲师{n}", title="职称", image="t.jpg", brief="")
        detail.teachers.add(teacher)
        detail.recommend_courses.add(CourseFactory(name=f"{course.name}之后{n}"))
        CourseOutline.objects.create(course_detail=detail, order=n, title=f"大纲{n}", content="")
        OftenAskedQuestion.objects.create(content_object=course, question=f"问{n}", answer="答")
        PricePolicyFactory(content_object=course, valid_period=[7, 30, 60, 90, 180][n % 5], price=n)
        chapter = CourseChapter.objects.create(course=course, chapter=n, name=f"章{n}")
        for order in range(width, 0, -1):
            CourseSection.objects.create(
                chapter=chapter,
                name=f"节{order}",
                order=order,
                section_link=f"vid-{order}",
                free_trail=order == 1,
            )
    return course


def test_it_lists_a_course_with_its_price_policies(anonymous):
    course = CourseFactory(
        name="爬虫",
        brief="概述",
        course_img="a.jpg",
        level=2,
        period=9,
        pub_date=dt.date(2018, 7, 1),
        sub_category=CourseSubCategoryFactory(name="python", category__name="后端"),
    )
    year = PricePolicyFactory(content_object=course, valid_period=210, price=399.5)
    month = PricePolicyFactory(content_object=course, valid_period=30, price=99)

    answer = anonymous.get(URL)

    assert answer.status_code == 200
    assert answer.json() == {
        "code": 1000,
        "error": None,
        "data": {
            "count": 1,
            "course_list": [
                {
                    "id": course.pk,
                    "name": "爬虫",
                    "course_img": "a.jpg",
                    "brief": "概述",
                    "course_type": 0,
                    "course_type_display": "付费",
                    "level": 2,
                    "level_display": "高级",
                    "period": 9,
                    "pub_date": "2018-07-01",
                    "sub_category": {
                        "id": course.sub_category_id,
                        "name": "python",
                        "category": {"id": course.sub_category.category_id, "name": "后端"},
                    },
                    "price_policy": [
                        {
                            "id": month.pk,
                            "valid_period": 30,
                            "valid_period_display": "1个月",
                            "price": 99.0,
                        },
                        {
                            "id": year.pk,
                            "valid_period": 210,
                            "valid_period_display": "12个月",
                            "price": 399.5,
                        },
                    ],
                }
            ],
        },
    }


def test_only_courses_that_are_online_are_listed(anonymous):
    for name, status in (("上线", ONLINE), ("下线", OFFLINE), ("预上线", SOON)):
        CourseFactory(name=name, status=status)

    assert listed(anonymous) == ["上线"]


def test_the_newest_order_comes_first_and_the_younger_of_equals(anonymous):
    for name, order in (("a", 2), ("b", 3), ("c", 3), ("d", 1)):
        CourseFactory(name=name, order=order)

    assert listed(anonymous) == ["c", "b", "a", "d"]


def test_a_policy_of_a_degree_course_with_the_same_id_is_not_shown(anonymous):
    course = CourseFactory()
    degree = DegreeCourse.objects.create(pk=course.pk, name="学位", brief="", prerequisite="")
    PricePolicyFactory(content_object=degree)

    assert anonymous.get(URL).json()["data"]["course_list"][0]["price_policy"] == []


def test_it_filters_by_category_sub_category_and_level(anonymous):
    back, front = (CourseCategoryFactory(name=name) for name in ("后端", "前端"))
    python = CourseSubCategoryFactory(name="python", category=back)
    linux = CourseSubCategoryFactory(name="linux", category=back)
    vue = CourseSubCategoryFactory(name="vue", category=front)
    CourseFactory(name="p0", sub_category=python, level=0, order=4)
    CourseFactory(name="p1", sub_category=python, level=1, order=3)
    CourseFactory(name="l0", sub_category=linux, level=0, order=2)
    CourseFactory(name="v0", sub_category=vue, level=0, order=1)

    assert listed(anonymous, category=back.pk) == ["p0", "p1", "l0"]
    assert listed(anonymous, sub_category=python.pk) == ["p0", "p1"]
    assert listed(anonymous, level=0) == ["p0", "l0", "v0"]
    assert listed(anonymous, category=back.pk, level=0) == ["p0", "l0"]
    assert listed(anonymous, category=front.pk, sub_category=python.pk) == []
    assert listed(anonymous, category=2**63 - 1) == []


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("PYTHON", ["Python 100%"]),
        ("%", ["Python 100%"]),
        ("_", ["go_lang"]),
        ("爬虫", ["爬虫"]),
        ("", ["Python 100%", "go_lang", "爬虫"]),
        ("' OR 1=1 --", []),
        ("\\", []),
    ],
)
def test_it_searches_in_the_name_for_what_was_typed_to_the_letter(anonymous, search, found):
    for order, name in enumerate(("爬虫", "go_lang", "Python 100%")):
        CourseFactory(name=name, order=order)

    assert listed(anonymous, search=search) == found


def test_pages_follow_each_other_and_say_how_many_courses_there_are(anonymous):
    for order in range(5):
        CourseFactory(name=f"c{order}", order=order)

    assert listed(anonymous, page_size=2) == ["c4", "c3"]
    assert listed(anonymous, page_size=2, page=2) == ["c2", "c1"]
    assert listed(anonymous, page_size=2, page=3) == ["c0"]
    assert anonymous.get(URL, {"page_size": 2, "page": 3}).json()["data"]["count"] == 5


@pytest.mark.parametrize("page", [4, 1_000_000])
def test_behind_the_last_page_there_is_an_empty_one(anonymous, page):
    CourseFactory()

    answer = anonymous.get(URL, {"page": page}).json()

    assert answer == {"code": 1000, "data": {"count": 1, "course_list": []}, "error": None}


def test_a_page_has_20_courses_unless_asked_and_at_most_100(anonymous):
    CourseFactory.create_batch(101)

    assert len(listed(anonymous)) == 20
    assert len(listed(anonymous, page_size=100)) == 100
    assert anonymous.get(URL, {"page_size": 101}).status_code == 400


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("page=0", "page: 必须是1到1000000的整数"),
        ("page=1000001", "page: 必须是1到1000000的整数"),
        ("page=-1", "page: 必须是1到1000000的整数"),
        ("page=１", "page: 必须是1到1000000的整数"),
        ("page=1_0", "page: 必须是1到1000000的整数"),
        ("page=1.0", "page: 必须是1到1000000的整数"),
        ("page=None", "page: 必须是1到1000000的整数"),
        ("page=" + "9" * 5000, "page: 必须是1到1000000的整数"),
        ("page_size=0", "page_size: 必须是1到100的整数"),
        ("page_size=101", "page_size: 必须是1到100的整数"),
        ("category=0", "category: 必须是正整数"),
        ("category=x", "category: 必须是正整数"),
        ("category=9223372036854775808", "category: 必须是正整数"),
        ("sub_category=1%0A", "sub_category: 必须是正整数"),
        ("sub_category=*", "sub_category: 必须是正整数"),
        ("level=3", "level: 不是合法选项"),
        ("level=None", "level: 不是合法选项"),
        ("search=a%00b", "search: 包含不允许的字符"),
        ("search=" + "a" * 129, "search: 请确保这个字段不能超过 128 个字符。"),
    ],
)
def test_a_bad_parameter_is_named_and_not_repeated(anonymous, query, error):
    answer = anonymous.get(f"{URL}?{query}")

    assert answer.status_code == 400
    assert answer.json() == {"code": 1400, "data": None, "error": error}


def test_a_search_may_have_128_characters(anonymous):
    CourseFactory(name="a" * 128)

    assert listed(anonymous, search="a" * 128) == ["a" * 128]


def test_an_empty_parameter_is_as_good_as_none(anonymous):
    CourseFactory(name="a")

    assert listed(anonymous, category="", level="", search="", page="", page_size="") == ["a"]


@pytest.mark.parametrize("url", [URL, f"{URL}1/"])
def test_a_token_is_neither_needed_nor_looked_at(anonymous, url):
    CourseFactory(pk=1)

    assert anonymous.get(url).json()["code"] == 1000
    answer = anonymous.get(f"{url}?token=wrong", HTTP_AUTHORIZATION="Token wrong")
    assert answer.json()["code"] == 1000


@pytest.mark.parametrize("courses", [1, 60])
def test_a_list_takes_three_queries(anonymous, courses):
    """How many courses there are; those of the page, with their categories; their policies. The
    content type of courses is read once in a process."""
    ContentType.objects.get_for_model(Course)
    for _ in range(courses):
        PricePolicyFactory(content_object=CourseFactory())

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(listed(anonymous, page_size=100)) == courses

    assert len(queries) == 3, queries.captured_queries


def test_it_shows_the_whole_page_of_a_course(anonymous):
    course = with_page(CourseFactory(name="爬虫"), 2)

    data = anonymous.get(f"{URL}{course.pk}/").json()["data"]

    assert data["name"] == "爬虫"
    assert [policy["valid_period"] for policy in data["price_policy"]] == [30, 60]
    detail = data["coursedetail"]
    assert (detail["hours"], detail["why_study"]) == (7, "因为")
    assert [teacher["name"] for teacher in detail["teachers"]] == ["讲师2", "讲师1"]
    assert detail["teachers"][0]["role_display"] == "讲师"
    assert [o["title"] for o in detail["outline"]] == ["大纲1", "大纲2"]
    assert [c["name"] for c in detail["recommend_courses"]] == ["爬虫之后1", "爬虫之后2"]
    assert [q["question"] for q in data["asked_question"]] == ["问2", "问1"]
    assert [chapter["name"] for chapter in data["coursechapters"]] == ["章1", "章2"]
    assert [s["name"] for s in data["coursechapters"][0]["coursesections"]] == ["节1", "节2"]


def test_the_link_of_a_section_is_shown_only_where_it_may_be_tried_for_free(anonymous):
    """The page is open to everybody: it would give the course away."""
    course = with_page(CourseFactory(), 2)

    (chapter, _) = anonymous.get(f"{URL}{course.pk}/").json()["data"]["coursechapters"]

    assert [s["section_link"] for s in chapter["coursesections"]] == ["vid-1", None]


def test_a_course_without_a_page_of_its_own_is_shown_too(anonymous):
    course = CourseFactory()

    data = anonymous.get(f"{URL}{course.pk}/").json()["data"]

    assert data["coursedetail"] is None
    assert data["coursechapters"] == data["asked_question"] == data["price_policy"] == []


def test_only_courses_that_are_online_are_recommended(anonymous):
    course = with_page(CourseFactory(name="爬虫"), 2)
    Course.objects.filter(name="爬虫之后1").update(status=OFFLINE)

    data = anonymous.get(f"{URL}{course.pk}/").json()["data"]

    assert [c["name"] for c in data["coursedetail"]["recommend_courses"]] == ["爬虫之后2"]


def test_the_page_of_another_course_shows_nothing_of_this_one(anonymous):
    with_page(CourseFactory(), 2)
    other = with_page(CourseFactory(name="别的"), 1)

    data = anonymous.get(f"{URL}{other.pk}/").json()["data"]

    assert [c["name"] for c in data["coursedetail"]["recommend_courses"]] == ["别的之后1"]
    assert len(data["coursechapters"]) == len(data["asked_question"]) == 1
    assert len(data["price_policy"]) == len(data["coursedetail"]["outline"]) == 1


@pytest.mark.parametrize("status", [OFFLINE, SOON])
def test_a_course_that_is_not_online_has_no_page(anonymous, status):
    course = CourseFactory(status=status)

    answer = anonymous.get(f"{URL}{course.pk}/")

    assert answer.status_code == 200
    assert answer.json() == NOT_FOUND


@pytest.mark.parametrize("number", ["0", "1", "9223372036854775807", "1" + "0" * 30])
def test_a_course_that_is_not_there_has_no_page(anonymous, number):
    assert anonymous.get(f"{URL}{number}/").json() == NOT_FOUND


@pytest.mark.parametrize("hostile", ["*", "1_1", "1%0A", "-1", "１", "1.0", "None", "9" * 5000])
def test_what_is_no_number_is_no_path(anonymous, hostile):
    CourseFactory(pk=1)

    answer = anonymous.get(f"{URL}{hostile}/")

    assert answer.status_code == 404
    assert answer.json() == {"code": 1404, "data": None, "error": "接口不存在"}


@pytest.mark.parametrize("width", [1, 5])
def test_a_page_takes_eight_queries_however_long_it_is(anonymous, width):
    """The course with its detail; policies, questions, chapters, sections, teachers, outline and
    recommended courses."""
    ContentType.objects.get_for_model(Course)
    course = with_page(CourseFactory(), width)

    with CaptureQueriesContext(connection) as queries:
        data = anonymous.get(f"{URL}{course.pk}/").json()["data"]

    assert len(data["coursechapters"]) == width
    assert len(queries) == 8, queries.captured_queries
