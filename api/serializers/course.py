"""The requests and answers of /api/course/ and /api/category/."""

from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import serializers

from api.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    CourseSubCategory,
    OftenAskedQuestion,
    PricePolicy,
    Teacher,
)
from api.serializers.fields import IdField, NumberField, TextField

MOST_ON_A_PAGE = 100
LAST_PAGE = 1_000_000


class CourseQuery(serializers.Serializer[Any]):
    """GET /api/course/: which courses, and which page of them."""

    category = IdField(required=False)
    sub_category = IdField(required=False)
    level = serializers.ChoiceField(
        required=False,
        choices=Course.level_choices,
        error_messages={"invalid_choice": "不是合法选项"},  # the usual one repeats the input
    )
    search = TextField(required=False, allow_blank=True, max_length=128)
    page = NumberField(default=1, smallest=1, largest=LAST_PAGE)
    page_size = NumberField(default=20, smallest=1, largest=MOST_ON_A_PAGE)


M = TypeVar("M", bound=Model)


# Part of an answer: read-only, and every field is always there. This is no docstring, because
# docstrings of serializers appear in the description of the API, for front-end developers.
class Shown(serializers.ModelSerializer[M]):
    def get_extra_kwargs(self) -> dict[str, Any]:
        return {name: {"read_only": True} for name in self.Meta.fields}


class PolicyShown(Shown[PricePolicy]):
    valid_period_display = serializers.CharField(source="get_valid_period_display")

    class Meta:
        model = PricePolicy
        fields = ["id", "valid_period", "valid_period_display", "price"]


class CategoryShown(Shown[CourseCategory]):
    class Meta:
        model = CourseCategory
        fields = ["id", "name"]


class SubCategoryShown(Shown[CourseSubCategory]):
    category = CategoryShown()

    class Meta:
        model = CourseSubCategory
        fields = ["id", "name", "category"]


class SubCategoryCountShown(serializers.Serializer[Any]):
    """A sub-category; `count` is the number of its courses that are online."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    count = serializers.IntegerField()


class CategoryCountShown(serializers.Serializer[Any]):
    """A category; `count` is the number of courses online in all of its sub-categories."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    count = serializers.IntegerField()
    sub_categories = SubCategoryCountShown(many=True)


class CourseShown(Shown[Course]):
    """A course in a list."""

    course_type_display = serializers.CharField(source="get_course_type_display")
    level_display = serializers.CharField(source="get_level_display")
    sub_category = SubCategoryShown()
    price_policy = PolicyShown(many=True)

    class Meta:
        model = Course
        fields = [
            "id",
            "name",
            "course_img",
            "brief",
            "course_type",
            "course_type_display",
            "level",
            "level_display",
            "period",
            "pub_date",
            "sub_category",
            "price_policy",
        ]


class CoursePageShown(serializers.Serializer[Any]):
    """A page of courses; `count` is how many there are on all pages."""

    count = serializers.IntegerField()
    course_list = CourseShown(many=True)


class TeacherShown(Shown[Teacher]):
    role_display = serializers.CharField(source="get_role_display")

    class Meta:
        model = Teacher
        fields = ["id", "name", "role", "role_display", "title", "signature", "image", "brief"]


class OutlineShown(Shown[CourseOutline]):
    class Meta:
        model = CourseOutline
        fields = ["title", "content"]


class RecommendedShown(Shown[Course]):
    class Meta:
        model = Course
        fields = ["id", "name", "course_img"]


class DetailShown(Shown[CourseDetail]):
    teachers = TeacherShown(many=True)
    outline = OutlineShown(source="courseoutline_set", many=True)
    recommend_courses = RecommendedShown(many=True)

    class Meta:
        model = CourseDetail
        fields = [
            "hours",
            "course_slogan",
            "video_brief_link",
            "why_study",
            "what_to_study_brief",
            "career_improvement",
            "prerequisite",
            "teachers",
            "outline",
            "recommend_courses",
        ]


class SectionShown(Shown[CourseSection]):
    section_type_display = serializers.CharField(source="get_section_type_display")
    section_link = serializers.SerializerMethodField()

    class Meta:
        model = CourseSection
        fields = [
            "id",
            "name",
            "section_type",
            "section_type_display",
            "section_link",
            "video_time",
            "free_trail",
        ]

    def get_section_link(self, section: CourseSection) -> str | None:
        """Only of a section that may be tried for free: this page is open to everybody."""
        return section.section_link if section.free_trail else None


class ChapterShown(Shown[CourseChapter]):
    coursesections = SectionShown(many=True)

    class Meta:
        model = CourseChapter
        fields = ["id", "chapter", "name", "summary", "coursesections"]


class QuestionShown(Shown[OftenAskedQuestion]):
    class Meta:
        model = OftenAskedQuestion
        fields = ["question", "answer"]


class WholeCourseShown(CourseShown):
    """Everything that a course's own page shows. `coursedetail` is null until it is written."""

    coursedetail = DetailShown(read_only=True, allow_null=True, default=None)
    coursechapters = ChapterShown(many=True)
    asked_question = QuestionShown(many=True)

    class Meta(CourseShown.Meta):
        fields = [*CourseShown.Meta.fields, "coursedetail", "coursechapters", "asked_question"]
