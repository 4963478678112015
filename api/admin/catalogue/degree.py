"""Degree courses, their scholarships, and who teaches."""

from django.contrib import admin
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RangeNumericFilter,
    RelatedDropdownFilter,
)

from api.admin.catalogue.bound import KeepsCoupons
from api.admin.catalogue.owned import PolicyInline, QuestionInline
from api.admin.desk.base import DeskAdmin
from api.admin.desk.columns import column
from api.admin.desk.filters import titled
from api.admin.desk.inlines import DeskTabularInline
from api.admin.desk.pictures import WithPictures
from api.models import (
    DegreeCourse,
    Scholarship,
    Teacher,
)

PERIOD = "建议学习周期（天）"


class ScholarshipInline(DeskTabularInline):
    model = Scholarship
    tab = True


@admin.register(Teacher)
class TeacherAdmin(WithPictures, DeskAdmin):
    picture_field = "image"
    labels = {
        "name": "姓名",
        "role": "角色",
        "signature": "签名",
        "image": "头像",
        "brief": "简介",
    }
    list_display = (column("name", "姓名"), "picture", column("role", "角色"), "title")
    list_filter = (("role", titled("角色", ChoicesDropdownFilter)),)
    search_fields = ("name", "title")
    ordering = ("id",)


@admin.register(DegreeCourse)
class DegreeCourseAdmin(WithPictures, KeepsCoupons):
    picture_field = "course_img"
    labels = {"name": "学位课名称", "period": PERIOD}
    list_display = (
        column("name", "学位课名称"),
        "picture",
        column("period", PERIOD),
        "total_scholarship",
    )
    list_filter = (("period", titled(PERIOD, RangeNumericFilter)),)
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
