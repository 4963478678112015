"""Answers as they were recorded, byte for byte: a faster way to them must not change them.

Whoever changes an answer on purpose deletes the file: the next run records it anew, and fails, so
that nobody does so without looking at what has changed.
"""

import datetime as dt
import json
from itertools import count
from pathlib import Path

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from api.models import (
    Course,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    OftenAskedQuestion,
    Teacher,
)
from tests.conformance.world import give, make_world
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseCategoryFactory,
    CourseFactory,
    CourseSubCategoryFactory,
)

FILE = Path(__file__).with_name("recorded_answers.json")
NOW = dt.datetime(2026, 3, 1, 20, 30, tzinfo=dt.UTC)  # the second of March in Shanghai
ASKED = [
    ("GET", "/api/category/", None),
    ("GET", "/api/course/", None),
    ("GET", "/api/course/?page=2&page_size=2", None),
    ("GET", "/api/course/?page=9", None),
    ("GET", "/api/course/?category=1&level=1", None),
    ("GET", "/api/course/?sub_category=2", None),
    ("GET", "/api/course/?search=Git", None),
    ("GET", "/api/course/1/", None),
    ("GET", "/api/course/2/", None),
    ("GET", "/api/course/4/", None),
    ("GET", "/api/course/5/", None),
    ("POST", "/api/shoppingcar/?token=token-1", {"courseid": 1, "policyid": 2}),
    ("POST", "/api/shoppingcar/?token=token-1", {"courseid": 2, "policyid": 4}),
    ("POST", "/api/shoppingcar/?token=token-1", {"courseid": 3, "policyid": 5}),
    ("GET", "/api/shoppingcar/?token=token-1", None),
    ("GET", "/api/payment/?token=token-1", None),
    ("POST", "/api/payment/?token=token-1", {"courseids": [2, 1, 3]}),
    ("GET", "/api/payment/?token=token-1", None),
    ("GET", "/api/payment/quote/?token=token-1", None),
    ("PATCH", "/api/payment/?token=token-1", {"courseid": 1, "couponid": 4}),
    ("PATCH", "/api/payment/?token=token-1", {"couponid": 2}),
    ("GET", "/api/payment/quote/?token=token-1", None),
    ("GET", "/api/payment/best/?token=token-1", None),
    ("POST", "/api/payment/best/?token=token-1", {}),
    ("GET", "/api/payment/?token=token-1", None),
    ("GET", "/api/payment/quote/?token=token-1", None),
]


@pytest.fixture
def shop(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The world of the conformance cases on a fixed day, and what a course's page can show."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    versions = count(1)
    monkeypatch.setattr(
        "api.stores.settlement.secrets.token_hex", lambda size: f"{next(versions):0{2 * size}x}"
    )
    for factory in (CouponFactory, CouponRecordFactory, CourseFactory):
        factory.reset_sequence(0)  # names are numbered in the order of all tests
    back = CourseCategoryFactory(pk=1, name="后端")
    CourseCategoryFactory(pk=2, name="空")
    CourseSubCategoryFactory(pk=1, name="python", category=back)
    make_world()
    give(18, coupon_type=1, money_equivalent_value=33, minimum_consume=333)
    for pk, order in ((1, 10), (2, 20), (3, 20)):
        Course.objects.filter(pk=pk).update(order=order)
    front = CourseSubCategoryFactory(
        pk=2, name="vue", category=CourseCategoryFactory(pk=3, name="前端")
    )
    for pk, level, status in ((4, 0, 0), (5, 2, 1), (6, 9, 0)):
        CourseFactory(
            pk=pk,
            name=f'<b>"第{pk}门" & 更多</b>',
            brief="一行\n\u2028 另一行",
            course_img="" if pk == 6 else "http://images/课 程.jpg",
            course_type=pk - 4,
            level=level,  # 9 has no name: other programs write this table too
            status=status,
            order=5,
            period=0,
            pub_date=dt.date(2018, 7, pk),
            sub_category=front,
        )
    _write_page(1, bare=False)
    _write_page(4, bare=True)


def _write_page(pk: int, *, bare: bool) -> None:
    """A course's page; where it is bare, what may be null is null and what may be empty empty."""
    course = Course.objects.get(pk=pk)
    detail = CourseDetail.objects.create(
        pk=pk,
        course=course,
        hours=7,
        course_slogan=None if bare else "口号",
        video_brief_link=None if bare else "http://video/?a=1&b=2",
        why_study="" if bare else "因为",
    )
    OftenAskedQuestion.objects.create(pk=pk, content_object=course, question="问", answer="答")
    CourseChapter.objects.create(pk=pk * 10, course=course, chapter=9, name="空章", summary=None)
    if bare:
        return
    for n in (2, 1):
        teacher = Teacher.objects.create(
            pk=n,
            name=f"讲师{n}",
            role=n - 1,
            title="职称",
            signature=None if n == 1 else "签",
            image="t.jpg",
            brief="",
        )
        detail.teachers.add(teacher)
        CourseOutline.objects.create(course_detail=detail, order=n, title=f"大纲{n}", content="")
        chapter = CourseChapter.objects.create(
            pk=n, course=course, chapter=n, name=f"章{n}", summary=""
        )
        for order in (3, 2, 1):
            CourseSection.objects.create(
                pk=n * 10 + order,
                chapter=chapter,
                name=f"节{order}",
                order=order,
                section_type=order - 1,
                section_link=None if order == 3 else f"vid-{order}",
                video_time=None if order == 1 else "12:30",
                free_trail=order != 2,
            )
    detail.recommend_courses.add(2, 4, 5, 6)


def _answers() -> list[dict[str, object]]:
    client, answers = APIClient(), []
    for method, path, body in ASKED:
        data = "" if body is None else json.dumps(body)
        answer = client.generic(method, path, data, content_type="application/json")
        request = f"{method} {path} {data}".strip()
        answers.append(
            {"request": request, "status": answer.status_code, "body": answer.content.decode()}
        )
    return answers


def test_every_answer_is_as_it_was_recorded(shop: None) -> None:
    assert timezone.now() == NOW
    answers = _answers()
    if not FILE.exists():
        FILE.write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", "utf-8")
        pytest.fail("recorded anew: look at what has changed")

    for answer, recorded in zip(answers, json.loads(FILE.read_text("utf-8")), strict=True):
        assert answer == recorded
