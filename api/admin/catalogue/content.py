"""What a course holds: its detail page, outline, chapters, sections and homework."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from api.admin.desk.base import DeskAdmin
from api.admin.desk.columns import column
from api.admin.desk.filters import AutocompleteFilter, titled
from api.admin.desk.inlines import DeskStackedInline, DeskTabularInline
from api.models import (
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    Homework,
)

SECTION_LABELS = {"name": "课时名称", "section_type": "课时类型", "section_link": "课时链接"}
OUTLINE_LABELS = {"order": "显示顺序", "title": "标题"}
DETAIL_LABELS = {
    "course": "课程",
    "course_slogan": "宣传语",
    "recommend_courses": "推荐课程",
}


class OutlineInline(DeskTabularInline):
    model = CourseOutline
    labels = OUTLINE_LABELS


class SectionInline(DeskTabularInline):
    model = CourseSection
    labels = SECTION_LABELS
    fields = ("order", "name", "section_type", "section_link", "video_time", "free_trail")


class ChapterInline(DeskStackedInline):
    model = CourseChapter
    labels = {"name": "章节名称"}
    fields = (("chapter", "name"), "summary")
    inlines = [SectionInline]
    tab = True


class DetailInline(DeskStackedInline):
    model = CourseDetail
    labels = DETAIL_LABELS
    fk_name = "course"
    autocomplete_fields = ("recommend_courses", "teachers")
    inlines = [OutlineInline]
    tab = True


@admin.register(CourseDetail)
class CourseDetailAdmin(DeskAdmin):
    labels = DETAIL_LABELS
    list_display = (column("course__name", "课程"), "hours", column("course_slogan", "宣传语"))
    list_select_related = ("course",)
    list_filter = (("course__course_type", titled("课程类型", ChoicesDropdownFilter)),)
    search_fields = ("course__name", "course_slogan")
    ordering = ("id",)
    autocomplete_fields = ("course", "recommend_courses", "teachers")
    inlines = (OutlineInline,)


@admin.register(CourseOutline)
class CourseOutlineAdmin(DeskAdmin):
    labels = {"course_detail": "课程", **OUTLINE_LABELS}
    list_display = (
        column("title", "标题"),
        column("course_detail__course__name", "课程"),
        column("order", "显示顺序"),
    )
    list_select_related = ("course_detail__course",)
    list_filter = (("course_detail__course", titled("课程", AutocompleteFilter)),)
    list_filter_submit = True
    search_fields = ("title", "course_detail__course__name")
    ordering = ("course_detail_id", "order")
    autocomplete_fields = ("course_detail",)


@admin.register(CourseChapter)
class CourseChapterAdmin(DeskAdmin):
    labels = {"course": "课程", "name": "章节名称"}
    list_display = (
        column("name", "章节名称"),
        column("course__name", "课程"),
        "chapter",
        "pub_date",
    )
    list_select_related = ("course",)
    list_filter = (("course", titled("课程", AutocompleteFilter)),)
    list_filter_submit = True
    search_fields = ("name", "course__name")
    ordering = ("course_id", "chapter")
    autocomplete_fields = ("course",)
    inlines = (SectionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CourseChapter]:
        # A search box shows chapters by their __str__, which has the name of the course in it.
        return super().get_queryset(request).select_related("course")


@admin.register(CourseSection)
class CourseSectionAdmin(DeskAdmin):
    labels = {"chapter": "章节", **SECTION_LABELS}
    list_display = (
        column("name", "课时名称"),
        column("chapter__course__name", "课程"),
        column("chapter__name", "章节"),
        "order",
        column("section_type", "课时类型"),
        "video_time",
        "free_trail",
    )
    list_select_related = ("chapter__course",)
    list_filter = (
        ("section_type", titled("课时类型", ChoicesDropdownFilter)),
        "free_trail",
        ("chapter__course", titled("课程", AutocompleteFilter)),
    )
    list_filter_submit = True
    search_fields = ("name", "chapter__name", "chapter__course__name")
    ordering = ("chapter_id", "order")
    autocomplete_fields = ("chapter",)


@admin.register(Homework)
class HomeworkAdmin(DeskAdmin):
    labels = {"chapter": "章节", "homework_type": "作业类型", "note": "备注", "enabled": "是否启用"}
    list_display = (
        "title",
        column("chapter__course__name", "课程"),
        column("chapter__name", "章节"),
        column("homework_type", "作业类型"),
        "scholarship_value",
        column("enabled", "是否启用", boolean=True),
    )
    list_select_related = ("chapter__course",)
    list_filter = (
        ("homework_type", titled("作业类型", ChoicesDropdownFilter)),
        ("enabled", titled("是否启用", admin.BooleanFieldListFilter)),
        ("chapter__course", titled("课程", AutocompleteFilter)),
    )
    list_filter_submit = True
    search_fields = ("title", "chapter__course__name")
    ordering = ("chapter_id", "order")
    autocomplete_fields = ("chapter",)
