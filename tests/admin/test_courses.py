"""Courses and degrees: everything that belongs to them is edited in their form."""

from typing import Any

import pytest
from django.test import Client

from api.models import Course, CourseChapter, CourseDetail, DegreeCourse, PricePolicy
from tests.admin.rows import course, degree, sub_category, teacher
from tests.factories import PricePolicyFactory

pytestmark = pytest.mark.django_db
POLICY = "api-pricepolicy-content_type-object_id"
QUESTION = "api-oftenaskedquestion-content_type-object_id"
CHAPTER = "coursechapters"
DETAIL = "coursedetail"


def fields_of(model: type, **values: Any) -> dict[str, Any]:
    """A form without any row in its inlines, and the values."""
    inlines = [POLICY, QUESTION]
    inlines += [CHAPTER, DETAIL] if model is Course else ["scholarship_set"]
    fields: dict[str, Any] = {}
    for prefix in inlines:
        fields |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    return fields | values


def course_fields(**values: Any) -> dict[str, Any]:
    own = {
        "name": "爬虫开发",
        "course_img": "a.jpg",
        "sub_category": sub_category().pk,
        "course_type": "0",
        "brief": "概述",
        "level": "1",
        "period": "7",
        "order": "1",
        "status": "0",
        "template_id": "1",
    }
    return fields_of(Course, **own) | values


def rows(prefix: str, *rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    fields = {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": str(initial)}
    for at, row in enumerate(rows):
        fields |= {f"{prefix}-{at}-{name}": value for name, value in row.items()}
    return fields


def test_a_course_is_made_with_its_prices_questions_chapters_sections_and_detail(
    course_manager: Client,
) -> None:
    detail = {
        "hours": "20",
        "why_study": "因为",
        "what_to_study_brief": "内容",
        "career_improvement": "帮助",
        "prerequisite": "无",
        "teachers": [teacher().pk],
    }
    fields = course_fields(
        **rows(POLICY, {"valid_period": "30", "price": "99"}, {"valid_period": "60", "price": "1"}),
        **rows(QUESTION, {"question": "难吗", "answer": "不难"}),
        **rows(CHAPTER, {"chapter": "1", "name": "开始"}),
        **rows(
            f"{CHAPTER}-0-coursesections", {"order": "1", "name": "第一课", "section_type": "2"}
        ),
        **rows(DETAIL, detail),
        **rows(f"{DETAIL}-0-courseoutline_set", {"order": "1", "title": "大纲", "content": "内容"}),
    )
    answer = course_manager.post("/admin/api/course/add/", fields)
    assert answer.status_code == 302
    made = Course.objects.get()
    assert {policy.valid_period for policy in made.price_policy.all()} == {30, 60}
    assert made.asked_question.get().answer == "不难"
    assert made.coursechapters.get().coursesections.get().name == "第一课"
    assert made.coursedetail.courseoutline_set.get().title == "大纲"


@pytest.mark.parametrize("model", [Course, DegreeCourse])
def test_two_prices_for_one_period_are_an_error_beside_the_second(
    course_manager: Client, model: type
) -> None:
    owner = course() if model is Course else degree()
    own = (
        course_fields()
        if model is Course
        else fields_of(
            model, name="学位", course_img="a.jpg", brief="简介", total_scholarship="1",
            mentor_compensation_bonus="1", period="1", prerequisite="无", teachers=[teacher().pk],
        )
    )  # fmt: skip
    twice = ({"valid_period": "30", "price": "99"}, {"valid_period": "30", "price": "1"})
    url = f"/admin/api/{model.__name__.lower()}/{owner.pk}/change/"
    answer = course_manager.post(url, own | rows(POLICY, *twice))
    assert answer.status_code == 200
    assert "与上面的一行重复" in answer.content.decode()
    assert not PricePolicy.objects.exists()


def test_a_price_replaced_in_one_go_is_no_duplicate(course_manager: Client) -> None:
    old = PricePolicyFactory(valid_period=30)
    edited = rows(
        POLICY,
        {"id": old.pk, "valid_period": "30", "price": "99", "DELETE": "on"},
        {"valid_period": "30", "price": "50"},
        initial=1,
    )
    url = f"/admin/api/course/{old.object_id}/change/"
    assert course_manager.post(url, course_fields() | edited).status_code == 302
    assert PricePolicy.objects.get().price == 50


def test_a_price_changed_into_anothers_period_is_an_error(course_manager: Client) -> None:
    owner = course()
    one = PricePolicyFactory(content_object=owner, valid_period=30)
    PricePolicyFactory(content_object=owner, valid_period=60)
    url = f"/admin/api/pricepolicy/{one.pk}/change/"
    answer = course_manager.post(url, {"valid_period": "60", "price": "1"})
    assert answer.status_code == 200
    assert answer.context["errors"]
    one.refresh_from_db()
    assert one.valid_period == 30


@pytest.mark.parametrize("price", ["-1", "abc", "", "nan", "inf"])
def test_a_price_that_is_none_is_an_error(course_manager: Client, price: str) -> None:
    fields = course_fields(**rows(POLICY, {"valid_period": "30", "price": price}))
    answer = course_manager.post("/admin/api/course/add/", fields)
    assert answer.status_code == 200
    assert not Course.objects.exists()


def test_a_chapter_number_used_twice_is_an_error(course_manager: Client) -> None:
    twice = ({"chapter": "1", "name": "一"}, {"chapter": "1", "name": "二"})
    fields = course_fields(**rows(CHAPTER, *twice))
    assert course_manager.post("/admin/api/course/add/", fields).status_code == 200
    assert not CourseChapter.objects.exists()


def test_a_second_detail_of_a_course_is_an_error(course_manager: Client) -> None:
    owner = course()
    fields = {
        "course": owner.pk, "hours": "1", "why_study": "a", "what_to_study_brief": "b",
        "career_improvement": "c", "prerequisite": "d", "teachers": [teacher().pk],
        **rows("courseoutline_set"),
    }  # fmt: skip
    assert course_manager.post("/admin/api/coursedetail/add/", fields).status_code == 302
    assert course_manager.post("/admin/api/coursedetail/add/", fields).status_code == 200
    assert CourseDetail.objects.count() == 1


@pytest.mark.parametrize("value", ["x", "1x", "-1", "9" * 30, "\0"])
def test_a_search_box_answers_for_what_is_no_id(course_manager: Client, value: str) -> None:
    for page, boxes in {
        "course": ("sub_category", "degree_course"),
        "coursedetail": ("course", "teachers", "recommend_courses"),
        "coursesection": ("chapter",),
        "scholarship": ("degree_course",),
    }.items():
        url = f"/admin/api/{page}/add/"
        for box in boxes:
            assert course_manager.get(url, {box: value}).status_code == 200, (page, box)
            answer = course_manager.post(url, course_fields(**{box: value}))
            assert answer.status_code == 200, (page, box)
            assert box in answer.context["adminform"].form.errors
    detail = {"hours": "20", "teachers": [value], "recommend_courses": [value]}
    fields = course_fields(**rows(DETAIL, detail), **rows(f"{DETAIL}-0-courseoutline_set"))
    answer = course_manager.post("/admin/api/course/add/", fields)
    assert answer.status_code == 200
    assert not Course.objects.exists()


@pytest.mark.parametrize("term", ["\0", "a\0b"])
def test_a_search_for_what_no_name_can_hold_finds_nothing(
    course_manager: Client, term: str
) -> None:
    course()
    where = {"app_label": "api", "model_name": "coursechapter", "field_name": "course"}
    answer = course_manager.get("/admin/autocomplete/", where | {"term": term})
    assert answer.json() == {"results": [], "pagination": {"more": False}}


def test_a_manager_of_coupons_reads_courses_and_no_more(manager: Client) -> None:
    owner = course()
    url = f"/admin/api/course/{owner.pk}/change/"
    assert owner.name in manager.get(url).content.decode()
    assert manager.post(url, course_fields()).status_code == 403
    owner.refresh_from_db()
    assert owner.name != "爬虫开发"
