"""GET /api/category/: the fields of courses, and how many are online in each."""

import pytest
from rest_framework.test import APIClient

from tests.support.factories import (
    CourseCategoryFactory,
    CourseFactory,
    CourseSubCategoryFactory,
)

URL = "/api/category/"
OFFLINE, SOON = 1, 2


def counted(client: APIClient) -> dict[str, int]:
    """name -> number of courses, of categories and sub-categories."""
    data = client.get(URL).json()["data"]
    parts = [part for category in data for part in category["sub_categories"]]
    return {shown["name"]: shown["count"] for shown in [*data, *parts]}


def test_it_lists_categories_with_their_sub_categories_by_id(anonymous):
    back, front = (CourseCategoryFactory(name=name) for name in ("后端", "前端"))
    vue = CourseSubCategoryFactory(name="vue", category=front)
    python = CourseSubCategoryFactory(name="python", category=back)
    linux = CourseSubCategoryFactory(name="linux", category=back)
    CourseFactory.create_batch(2, sub_category=python)
    CourseFactory(sub_category=linux)

    answer = anonymous.get(URL)

    assert answer.status_code == 200
    assert answer.json() == {
        "code": 1000,
        "error": None,
        "data": [
            {
                "id": back.pk,
                "name": "后端",
                "count": 3,
                "sub_categories": [
                    {"id": python.pk, "name": "python", "count": 2},
                    {"id": linux.pk, "name": "linux", "count": 1},
                ],
            },
            {
                "id": front.pk,
                "name": "前端",
                "count": 0,
                "sub_categories": [{"id": vue.pk, "name": "vue", "count": 0}],
            },
        ],
    }


@pytest.mark.parametrize("status", [OFFLINE, SOON])
def test_only_courses_that_are_online_are_counted(anonymous, status):
    CourseFactory()
    CourseFactory(status=status)

    assert counted(anonymous) == {"后端": 1, "python": 1}


def test_a_category_without_a_sub_category_is_listed_too(anonymous):
    empty = CourseCategoryFactory(name="设计")

    assert anonymous.get(URL).json()["data"] == [
        {"id": empty.pk, "name": "设计", "count": 0, "sub_categories": []}
    ]


def test_a_shop_without_categories_has_an_empty_list(anonymous):
    assert anonymous.get(URL).json() == {"code": 1000, "data": [], "error": None}


def test_each_number_is_that_of_the_course_list_filtered_so(anonymous):
    back, front = (CourseCategoryFactory(name=name) for name in ("后端", "前端"))
    for category, name, courses in ((back, "python", 2), (back, "linux", 1), (front, "vue", 3)):
        sub = CourseSubCategoryFactory(name=name, category=category)
        CourseFactory.create_batch(courses, sub_category=sub)

    for category in anonymous.get(URL).json()["data"]:
        found = anonymous.get("/api/course/", {"category": category["id"]}).json()["data"]
        assert found["count"] == category["count"]
        for sub in category["sub_categories"]:
            found = anonymous.get("/api/course/", {"sub_category": sub["id"]}).json()["data"]
            assert found["count"] == sub["count"]


def test_a_token_is_neither_needed_nor_looked_at(anonymous):
    answer = anonymous.get(f"{URL}?token=wrong", HTTP_AUTHORIZATION="Token wrong")

    assert answer.json()["code"] == 1000


@pytest.mark.parametrize("width", [1, 20])
def test_it_takes_three_queries_however_many_there_are(anonymous, width, django_assert_num_queries):
    """The categories, the sub-categories, the courses counted."""
    for n in range(width):
        category = CourseCategoryFactory(name=f"大类{n}")
        CourseFactory(sub_category=CourseSubCategoryFactory(name=f"子类{n}", category=category))

    with django_assert_num_queries(3):
        assert len(anonymous.get(URL).json()["data"]) == width
