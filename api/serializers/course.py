"""The requests and answers of /api/course/ and /api/category/."""

from collections.abc import Iterable
from typing import Any

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
from api.serializers.answers import RowShown, Shown, word
from api.serializers.fields import IdField, NumberField, TextField
from api.services.catalogue import CoursePage, Detail, ListedCourse, Row

USUAL_PAGE, MOST_ON_A_PAGE = 20, 100  # courses
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
    page_size = NumberField(default=USUAL_PAGE, smallest=1, largest=MOST_ON_A_PAGE)


_PERIODS = dict(PricePolicy.valid_period_choices)
_COURSE_TYPES = dict(Course.course_type_choices)
_LEVELS = dict(Course.level_choices)
_ROLES = dict(Teacher.role_choices)
_SECTION_TYPES = dict(CourseSection.section_type_choices)


class PolicyShown(RowShown[PricePolicy]):
    valid_period_display = serializers.CharField(source="get_valid_period_display")

    class Meta:
        model = PricePolicy
        fields = ["id", "valid_period", "valid_period_display", "price"]

    def shape(self, row: Row) -> dict[str, Any]:
        return {
            "id": row["id"],
            "valid_period": row["valid_period"],
            "valid_period_display": word(_PERIODS, row["valid_period"]),
            "price": row["price"],
        }


class CategoryShown(RowShown[CourseCategory]):
    class Meta:
        model = CourseCategory
        fields = ["id", "name"]


class SubCategoryShown(RowShown[CourseSubCategory]):
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


class CourseShown(RowShown[Course]):
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

    def shape(self, listed: ListedCourse) -> dict[str, Any]:
        course, policy = listed.course, PolicyShown()
        return {
            "id": course["id"],
            "name": course["name"],
            "course_img": course["course_img"],
            "brief": course["brief"],
            "course_type": course["course_type"],
            "course_type_display": word(_COURSE_TYPES, course["course_type"]),
            "level": course["level"],
            "level_display": word(_LEVELS, course["level"]),
            "period": course["period"],
            "pub_date": course["pub_date"] and course["pub_date"].isoformat(),
            "sub_category": {
                "id": course["sub_category_id"],
                "name": course["sub_category__name"],
                "category": {
                    "id": course["sub_category__category_id"],
                    "name": course["sub_category__category__name"],
                },
            },
            "price_policy": [policy.shape(row) for row in listed.policies],
        }


class CoursePageShown(Shown):
    """A page of courses; `count` is how many there are on all pages."""

    count = serializers.IntegerField()
    course_list = CourseShown(many=True)

    def shape(self, page: CoursePage) -> dict[str, Any]:
        course = CourseShown()
        return {
            "count": page.count,
            "course_list": [course.shape(listed) for listed in page.course_list],
        }


class TeacherShown(RowShown[Teacher]):
    role_display = serializers.CharField(source="get_role_display")

    class Meta:
        model = Teacher
        fields = ["id", "name", "role", "role_display", "title", "signature", "image", "brief"]

    def shape(self, row: Row) -> dict[str, Any]:
        return super().shape(row | {"role_display": word(_ROLES, row["role"])})


class OutlineShown(RowShown[CourseOutline]):
    class Meta:
        model = CourseOutline
        fields = ["title", "content"]


class RecommendedShown(RowShown[Course]):
    class Meta:
        model = Course
        fields = ["id", "name", "course_img"]


class DetailShown(RowShown[CourseDetail]):
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

    def shape(self, written: Detail) -> dict[str, Any]:
        teacher = TeacherShown()
        parts = {
            "teachers": [teacher.shape(row) for row in written.teachers],
            "outline": written.outline,
            "recommend_courses": written.recommended,
        }
        return super().shape(written.detail | parts)


class SectionShown(RowShown[CourseSection]):
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

    def get_section_link(self, row: Row) -> str | None:
        """Only of a section that may be tried for free: this page is open to everybody."""
        return row["section_link"] if row["free_trail"] else None

    def shape(self, row: Row) -> dict[str, Any]:
        own = {
            "section_type_display": word(_SECTION_TYPES, row["section_type"]),
            "section_link": self.get_section_link(row),
        }
        return super().shape(row | own)


class ChapterShown(RowShown[CourseChapter]):
    coursesections = SectionShown(many=True)

    class Meta:
        model = CourseChapter
        fields = ["id", "chapter", "name", "summary", "coursesections"]

    def shape(self, chapter: tuple[Row, Iterable[Row]]) -> dict[str, Any]:
        row, sections = chapter
        section = SectionShown()
        return super().shape(row | {"coursesections": [section.shape(one) for one in sections]})


class QuestionShown(RowShown[OftenAskedQuestion]):
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

    def shape(self, whole: Any) -> dict[str, Any]:
        chapter = ChapterShown()
        return super().shape(whole) | {
            "coursedetail": whole.detail and DetailShown().shape(whole.detail),
            "coursechapters": [chapter.shape(one) for one in whole.chapters],
            "asked_question": whole.questions,
        }
