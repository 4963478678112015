"""A course on which coupons hang is neither deleted under them nor quietly taken offline."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import NestedObjects
from django.db.models import Model
from django.test import Client

from api.admin.catalogue.bound import KeepsCoupons
from api.models import Coupon, Course, CourseCategory, CourseSubCategory, DegreeCourse
from tests.admin.rows import MAKERS, course
from tests.admin.test_lost_updates import opened, url_of
from tests.support.factories import CouponFactory, CouponRecordFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MODELS = sorted(MAKERS, key=lambda model: model.__name__)
WHY = "1张优惠券绑定在它上面，已发出的2张还未使用"


@pytest.fixture
def bound() -> Course:
    """A course with a coupon, of which two records are unused and one is used."""
    found = course()
    coupon = CouponFactory(content_object=found)
    CouponRecordFactory.create_batch(2, coupon=coupon)
    CouponRecordFactory(coupon=coupon, status=1)
    return found


def delete(browser: Client, row: Model) -> str:
    url = url_of(row).replace("/change/", "/delete/")
    shown = browser.get(url).content.decode()
    browser.post(url, {"post": "yes"})
    return str(shown)


def by_the_list(browser: Client, row: Model) -> str:
    """The action of the list, confirmed."""
    asked = {"action": "delete_selected", "_selected_action": str(row.pk)}
    url = url_of(row).rpartition(f"{row.pk}/")[0]
    answer = browser.post(url, asked | {"post": "yes"})
    return str(answer.content.decode())


@pytest.mark.parametrize("model", [Course, CourseSubCategory, CourseCategory, DegreeCourse])
@pytest.mark.parametrize("way", [delete, by_the_list])
def test_a_course_with_coupons_is_not_deleted_in_whatever_way(
    chief: Client, bound: Course, model: type[Model], way: Any
) -> None:
    row = {
        Course: bound,
        CourseSubCategory: bound.sub_category,
        CourseCategory: bound.sub_category.category,
        DegreeCourse: bound.degree_course,
    }[model]
    assert WHY in way(chief, row)
    assert Course.objects.filter(pk=bound.pk).exists()


def test_a_coupon_bound_without_a_type_keeps_its_course_too(chief: Client, bound: Course) -> None:
    Coupon.objects.update(content_type=None)
    assert WHY in delete(chief, bound)
    assert Course.objects.exists()


@pytest.mark.parametrize("way", [delete, by_the_list])
def test_a_course_without_coupons_is_deleted(chief: Client, way: Any) -> None:
    free = course()
    CouponFactory()
    way(chief, free)
    assert not Course.objects.filter(pk=free.pk).exists()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_whatever_takes_courses_along_keeps_those_with_coupons(model: type[Model]) -> None:
    """A course that depends on the row, in the way that rows of this model have courses."""
    row, some = MAKERS[model](), course()
    for field in Course._meta.concrete_fields:
        if field.related_model is model:
            Course.objects.filter(pk=some.pk).update(**{field.name: row})
    for field in CourseSubCategory._meta.concrete_fields:
        if field.related_model is model:
            CourseSubCategory.objects.filter(pk=some.sub_category_id).update(**{field.name: row})
    collector = NestedObjects(using="default", origin=[row])
    collector.collect([row])
    takes_courses = Course in collector.data
    assert isinstance(admin.site._registry[model], KeepsCoupons) == takes_courses


@pytest.mark.parametrize("status", ["1", "2"])
def test_taking_a_course_offline_says_what_hangs_on_it(
    course_manager: Client, bound: Course, status: str
) -> None:
    fields = opened(course_manager, bound) | {"status": status}
    page = course_manager.post(url_of(bound), fields, follow=True).content.decode()
    assert "1张优惠券绑定在它上面，已发出的2张未使用的优惠券" in page
    fields = opened(course_manager, bound) | {"name": "还是下线"}
    page = course_manager.post(url_of(bound), fields, follow=True).content.decode()
    assert "优惠券绑定" not in page


def test_taking_a_course_offline_that_has_no_coupons_says_nothing(course_manager: Client) -> None:
    free = course()
    fields = opened(course_manager, free) | {"status": "1"}
    page = course_manager.post(url_of(free), fields, follow=True).content.decode()
    assert "优惠券绑定" not in page
    free.refresh_from_db()
    assert free.status == 1
