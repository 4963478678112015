"""Courses and degrees: everything that belongs to them is edited in their form."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from api.models import Course, CourseDetail, CourseSection, DegreeCourse, PricePolicy
from tests.admin.rows import MAKERS, course, degree, sub_category, teacher
from tests.support.factories import PricePolicyFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
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


@pytest.mark.parametrize(
    "price",
    ["199.999", "0.004", "1e-3", "1e-400", "1e-99999999999999999999", "199.99999999999999999999"],
)
def test_a_price_with_part_of_a_fen_is_an_error_beside_it(
    course_manager: Client, price: str
) -> None:
    fields = course_fields(**rows(POLICY, {"valid_period": "30", "price": price}))
    answer = course_manager.post("/admin/api/course/add/", fields)
    assert answer.status_code == 200
    assert "价格最多两位小数" in answer.content.decode()
    assert not Course.objects.exists()
    assert not PricePolicy.objects.exists()


@pytest.mark.parametrize("price", ["0", "0.01", "199.99", "199.990", " 1e2 ", "999999999999.99"])
def test_a_price_in_whole_fen_is_taken(course_manager: Client, price: str) -> None:
    fields = course_fields(**rows(POLICY, {"valid_period": "30", "price": price}))
    assert course_manager.post("/admin/api/course/add/", fields).status_code == 302
    assert PricePolicy.objects.get().price == float(price)


def test_a_price_is_not_changed_into_one_with_part_of_a_fen(course_manager: Client) -> None:
    policy = PricePolicyFactory(price=99.0)
    url = f"/admin/api/pricepolicy/{policy.pk}/change/"
    answer = course_manager.post(url, {"valid_period": "30", "price": "199.999"})
    assert answer.context["adminform"].form.errors == {"price": ["价格最多两位小数"]}
    policy.refresh_from_db()
    assert policy.price == 99.0


@pytest.mark.parametrize("price", [199.999, 0.004, 1e-300])
def test_no_program_can_write_a_price_with_part_of_a_fen(price: float) -> None:
    policy = PricePolicyFactory.build(content_object=course(), price=price)
    with pytest.raises(ValidationError) as refused:
        policy.full_clean()
    assert list(refused.value.message_dict) == ["price"]
    with pytest.raises(IntegrityError), transaction.atomic():
        policy.save()
    assert not PricePolicy.objects.exists()


def test_every_price_in_whole_fen_passes_the_constraint() -> None:
    owner = course()
    policy = PricePolicyFactory(content_object=owner)
    for fen in [1, 7, 29, 57, 1999, 113_14, 99_999_99, 123_456_789_123_45, 10**14]:
        policy.price = fen / 100
        policy.save()
    policy.refresh_from_db()
    assert policy.price == 1e12


UNPRICED = "已上线，但没有价格策略，学员无法购买。"


def test_a_course_that_goes_online_without_a_price_is_told(course_manager: Client) -> None:
    offline = course_fields(status="1")
    page = course_manager.post("/admin/api/course/add/", offline, follow=True).content.decode()
    assert UNPRICED not in page
    url = f"/admin/api/course/{Course.objects.get().pk}/change/"
    page = course_manager.post(url, course_fields(), follow=True).content.decode()
    assert f"课程“爬虫开发”{UNPRICED}" in page
    assert Course.objects.get().status == 0


def test_a_course_online_with_a_price_is_no_reason_to_warn(course_manager: Client) -> None:
    fields = course_fields(**rows(POLICY, {"valid_period": "30", "price": "99"}))
    page = course_manager.post("/admin/api/course/add/", fields, follow=True).content.decode()
    assert UNPRICED not in page


def test_taking_the_last_price_of_a_course_online_is_told(course_manager: Client) -> None:
    policy = PricePolicyFactory()
    other = PricePolicyFactory(content_object=policy.content_object, valid_period=60)
    delete = "/admin/api/pricepolicy/{}/delete/"
    page = course_manager.post(delete.format(other.pk), {"post": "yes"}, follow=True)
    assert UNPRICED not in page.content.decode()
    page = course_manager.post(delete.format(policy.pk), {"post": "yes"}, follow=True)
    assert UNPRICED in page.content.decode()


def test_taking_all_prices_of_a_course_online_at_once_is_told(course_manager: Client) -> None:
    policy = PricePolicyFactory()
    chosen = {"action": "delete_selected", "_selected_action": [policy.pk], "post": "yes"}
    page = course_manager.post("/admin/api/pricepolicy/", chosen, follow=True)
    assert not PricePolicy.objects.exists()
    assert UNPRICED in page.content.decode()


SECTIONS = f"{CHAPTER}-0-coursesections"
OUTLINES = f"{DETAIL}-0-courseoutline_set"
CHAPTER_ONE = {"chapter": "1", "name": "一"}
SECTION = {"order": "1", "name": "课", "section_type": "2", "section_link": "v1"}
OUTLINE = {"order": "1", "title": "大纲", "content": "内容"}
A_DETAIL = {
    "hours": "20", "why_study": "a", "what_to_study_brief": "b", "career_improvement": "c",
    "prerequisite": "d",
}  # fmt: skip
MACHINE_WORDS = ("重复数据", "已经存在", "已存在")


@pytest.mark.parametrize(
    ("given", "badges"),
    [
        (rows(CHAPTER, CHAPTER_ONE, CHAPTER_ONE | {"name": "二"}), 1),
        ({**rows(CHAPTER, CHAPTER_ONE), **rows(SECTIONS, SECTION, SECTION)}, 1),
        ({**rows(DETAIL, A_DETAIL), **rows(OUTLINES, OUTLINE, OUTLINE)}, 2),
        (rows(QUESTION, *[{"question": "难吗", "answer": "不难"}] * 2), 1),
    ],
    ids=["chapters", "sections", "outline", "questions"],
)
def test_a_row_that_repeats_another_says_so_beside_its_field(
    course_manager: Client, given: dict[str, Any], badges: int
) -> None:
    answer = course_manager.post("/admin/api/course/add/", course_fields(**given))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.count("与上面的一行重复") == 1
    assert not [words for words in MACHINE_WORDS if words in page]
    assert answer.context["errors"]  # the banner of the page
    assert sum(tab.error_count for tab in answer.context["inline_admin_formsets"]) == badges
    assert not Course.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {**rows(CHAPTER, CHAPTER_ONE), **rows(SECTIONS, SECTION | {"order": ""})},
        {**rows(DETAIL, A_DETAIL), **rows(OUTLINES, OUTLINE | {"content": ""})},
        {**rows(CHAPTER, {"chapter": "1"}), **rows(SECTIONS, SECTION)},  # of no chapter
    ],
    ids=["section", "outline", "orphan"],
)
def test_an_error_in_a_row_within_a_row_brings_up_the_banner_and_the_badge(
    course_manager: Client, given: dict[str, Any]
) -> None:
    answer = course_manager.post("/admin/api/course/add/", course_fields(**given))
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert any(tab.error_count for tab in answer.context["inline_admin_formsets"])
    assert not Course.objects.exists()


def test_a_new_price_for_a_period_that_has_one_is_the_second(course_manager: Client) -> None:
    old = PricePolicyFactory(valid_period=30, price=99)
    both = (
        {"id": old.pk, "valid_period": "30", "price": "99"},
        {"valid_period": "30", "price": "1"},
    )
    url = f"/admin/api/course/{old.object_id}/change/"
    answer = course_manager.post(url, course_fields(**rows(POLICY, *both, initial=1)))
    page = answer.content.decode()
    assert page.count("与上面的一行重复") == 1
    assert not [words for words in MACHINE_WORDS if words in page]
    assert PricePolicy.objects.get().price == 99


def test_sections_without_a_link_are_no_duplicates(course_manager: Client) -> None:
    one, two = SECTION | {"section_link": ""}, SECTION | {"section_link": "", "order": "2"}
    fields = course_fields(**rows(CHAPTER, CHAPTER_ONE), **rows(SECTIONS, one, two))
    assert course_manager.post("/admin/api/course/add/", fields).status_code == 302
    assert Course.objects.get().coursechapters.get().coursesections.count() == 2


def test_sections_without_their_chapter_are_told_what_is_missing(course_manager: Client) -> None:
    empty = {"chapter": "1", "name": ""}  # as the page sends a chapter nobody filled in
    fields = course_fields(**rows(CHAPTER, empty), **rows(SECTIONS, SECTION))
    answer = course_manager.post("/admin/api/course/add/", fields)
    assert "请先填写上一级的内容" in answer.content.decode()
    assert not Course.objects.exists()


def said_beside(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def test_what_the_database_has_already_is_told_by_the_names_of_the_fields(
    course_manager: Client,
) -> None:
    there = MAKERS[CourseSection]()
    CourseSection.objects.update(section_link="v1")
    other = course()
    one = PricePolicyFactory(content_object=other, valid_period=30)
    PricePolicyFactory(content_object=other, valid_period=60)
    post = course_manager.post
    section = SECTION | {"chapter": there.chapter_id}
    assert said_beside(post("/admin/api/coursesection/add/", section)) == {
        "section_link": ["已有章节和课时链接相同的课时"]
    }
    url = f"/admin/api/pricepolicy/{one.pk}/change/"
    assert said_beside(post(url, {"valid_period": "60", "price": "1"})) == {
        "valid_period": ["已有有效期相同的价格策略"]
    }
    same_name = course_fields(name=other.name)
    assert said_beside(post("/admin/api/course/add/", same_name)) == {
        "name": ["已有课程名称相同的专题课与模块"]
    }
    assert CourseSection.objects.count() == 1
    assert set(PricePolicy.objects.values_list("valid_period", flat=True)) == {30, 60}


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


@pytest.mark.slow
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
