"""Courses, degrees, and what belongs to them."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeNumericFilter,
    RelatedDropdownFilter,
)

from api.admin.catalogue.owned import (
    PolicyForm,
    PolicyInline,
    QuestionForm,
    QuestionInline,
    of_owners_named,
)
from api.admin.desk.base import DeskAdmin
from api.admin.desk.columns import column, name_of
from api.admin.desk.filters import having, titled
from api.admin.desk.inlines import DeskStackedInline, DeskTabularInline
from api.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    CourseSubCategory,
    DegreeCourse,
    Homework,
    OftenAskedQuestion,
    PricePolicy,
    Scholarship,
    Teacher,
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


class ScholarshipInline(DeskTabularInline):
    model = Scholarship
    tab = True


@admin.register(CourseCategory)
class CourseCategoryAdmin(DeskAdmin):
    labels = {"name": "大类名称"}
    list_display = (column("id", "编号"), column("name", "大类名称"))
    list_display_links = list_display
    list_filter = (having("课程子类", CourseSubCategory.objects.all, "category"),)
    search_fields = ("name",)
    ordering = ("id",)


@admin.register(CourseSubCategory)
class CourseSubCategoryAdmin(DeskAdmin):
    labels = {"category": "课程大类", "name": "子类名称"}
    list_display = (column("name", "子类名称"), column("category__name", "课程大类"))
    list_select_related = ("category",)
    list_filter = (("category", titled("课程大类", RelatedDropdownFilter)),)
    search_fields = ("name",)
    ordering = ("id",)


@admin.register(Teacher)
class TeacherAdmin(DeskAdmin):
    labels = {
        "name": "姓名",
        "role": "角色",
        "signature": "签名",
        "image": "头像",
        "brief": "简介",
    }
    list_display = (column("name", "姓名"), column("role", "角色"), "title")
    list_filter = (("role", titled("角色", ChoicesDropdownFilter)),)
    search_fields = ("name", "title")
    ordering = ("id",)


@admin.register(DegreeCourse)
class DegreeCourseAdmin(DeskAdmin):
    labels = {"name": "学位课名称"}
    list_display = (column("name", "学位课名称"), "period", "total_scholarship")
    list_filter = (("period", RangeNumericFilter),)
    list_filter_submit = True
    search_fields = ("name",)
    ordering = ("id",)
    autocomplete_fields = ("teachers",)
    inlines = (PolicyInline, ScholarshipInline, QuestionInline)


@admin.register(Scholarship)
class ScholarshipAdmin(DeskAdmin):
    labels = {"degree_course": "学位课"}
    list_display = (column("degree_course__name", "学位课"), "time_percent", "value")
    list_select_related = ("degree_course",)
    list_filter = (("degree_course", titled("学位课", RelatedDropdownFilter)),)
    search_fields = ("degree_course__name",)
    ordering = ("degree_course_id", "time_percent")
    autocomplete_fields = ("degree_course",)


@admin.register(Course)
class CourseAdmin(DeskAdmin):
    labels = {
        "name": "课程名称",
        "course_img": "课程图片",
        "sub_category": "课程子类",
        "course_type": "课程类型",
        "degree_course": "所属学位课",
        "level": "难度",
        "status": "状态",
    }
    list_display = (
        column("name", "课程名称"),
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
    list_filter = (("course_detail__course", titled("课程", AutocompleteSelectFilter)),)
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
    list_filter = (("course", titled("课程", AutocompleteSelectFilter)),)
    list_filter_submit = True
    search_fields = ("name", "course__name")
    ordering = ("course_id", "chapter")
    autocomplete_fields = ("course",)
    inlines = (SectionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CourseChapter]:
        # The course is part of a chapter's __str__: of every choice of an autocomplete.
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
        ("chapter__course", titled("课程", AutocompleteSelectFilter)),
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
        ("chapter__course", titled("课程", AutocompleteSelectFilter)),
    )
    list_filter_submit = True
    search_fields = ("title", "chapter__course__name")
    ordering = ("chapter_id", "order")
    autocomplete_fields = ("chapter",)


class OwnedAdmin(DeskAdmin):
    """Rows that belong to a course or a degree. They are made in its form; here they are found,
    and their own fields changed."""

    list_filter: tuple[Any, ...] = (
        ("content_type", titled("所属类型", admin.RelatedOnlyFieldListFilter)),
    )
    readonly_fields = ("owner",)
    ordering = ("content_type_id", "object_id", "id")

    @display(description="所属课程")
    def owner(self, row: Any) -> str:
        return name_of(row.content_object)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).prefetch_related("content_object")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PricePolicy)
class PricePolicyAdmin(OwnedAdmin):
    form = PolicyForm
    fields = ("owner", "valid_period", "price")
    list_display = ("owner", column("valid_period", "有效期"), column("price", "价格(元)"))
    list_filter = (
        *OwnedAdmin.list_filter,
        ("valid_period", titled("有效期", ChoicesDropdownFilter)),
        ("price", titled("价格(元)", RangeNumericFilter)),
    )
    list_filter_submit = True
    search_fields = ("object_id",)  # shows the search box; what it finds is below

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PricePolicy], search_term: str
    ) -> tuple[QuerySet[PricePolicy], bool]:
        return of_owners_named(queryset, search_term), False


@admin.register(OftenAskedQuestion)
class OftenAskedQuestionAdmin(OwnedAdmin):
    form = QuestionForm
    fields = ("owner", "question", "answer")
    list_display = (column("question", "问题"), "owner")
    search_fields = ("question", "answer")
