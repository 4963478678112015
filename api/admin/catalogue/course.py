"""Courses and the categories they stand in."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)

from api.admin.catalogue.bound import KeepsCoupons, warn_if_taken_offline
from api.admin.catalogue.content import ChapterInline, DetailInline
from api.admin.catalogue.owned import PolicyInline, QuestionInline, warn_of_unpriced
from api.admin.desk.columns import column
from api.admin.desk.filters import having, titled
from api.admin.desk.pictures import WithPictures
from api.models import (
    Course,
    CourseCategory,
    CourseSubCategory,
)


@admin.register(CourseCategory)
class CourseCategoryAdmin(KeepsCoupons):
    labels = {"name": "大类名称"}
    list_display = (column("id", "编号"), column("name", "大类名称"))
    list_display_links = list_display
    list_filter = (having("课程子类", CourseSubCategory.objects.all, "category"),)
    search_fields = ("name",)
    ordering = ("id",)


@admin.register(CourseSubCategory)
class CourseSubCategoryAdmin(KeepsCoupons):
    labels = {"category": "课程大类", "name": "子类名称"}
    list_display = (column("name", "子类名称"), column("category__name", "课程大类"))
    list_select_related = ("category",)
    list_filter = (("category", titled("课程大类", RelatedDropdownFilter)),)
    search_fields = ("name",)
    ordering = ("id",)


@admin.register(Course)
class CourseAdmin(WithPictures, KeepsCoupons):
    picture_field = "course_img"
    labels = {
        "name": "课程名称",
        "course_img": "课程图片",
        "sub_category": "课程子类",
        "course_type": "课程类型",
        "degree_course": "所属学位课",
        "level": "难度",
        "period": "建议学习周期（天）",
        "status": "状态",
    }
    list_display = (
        column("name", "课程名称"),
        "picture",
        column("course_type", "课程类型"),
        column("sub_category__name", "课程子类"),
        column("level", "难度"),
        column("status", "状态"),
        "pub_date",
        "order",
    )
    list_select_related = ("sub_category",)
    list_filter = (
        ("course_type", titled("课程类型", ChoicesDropdownFilter)),
        ("status", titled("状态", ChoicesDropdownFilter)),
        ("level", titled("难度", ChoicesDropdownFilter)),
        ("sub_category", titled("课程子类", RelatedDropdownFilter)),
        ("degree_course", titled("所属学位课", RelatedDropdownFilter)),
    )
    search_fields = ("name",)
    ordering = ("order", "id")
    date_hierarchy = "pub_date"
    autocomplete_fields = ("sub_category", "degree_course")
    inlines = (PolicyInline, DetailInline, ChapterInline, QuestionInline)

    def save_model(self, request: HttpRequest, obj: Course, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        warn_if_taken_offline(request, obj, form.initial.get("status") if change else None)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        warn_of_unpriced(request, [form.instance])
