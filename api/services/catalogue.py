"""The courses that a learner can see: page by page, and each with its whole page.

What comes back are plain rows, a dict each, under the names of the models' fields: these pages are
asked for most of all, and instances of models take several times as long.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, QuerySet

from api.errors import CourseNotFound
from api.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseOutline,
    CourseSection,
    CourseSubCategory,
    OftenAskedQuestion,
    PricePolicy,
    Teacher,
)

Row = dict[str, Any]

_COURSE = (
    "id",
    "name",
    "course_img",
    "brief",
    "course_type",
    "level",
    "period",
    "pub_date",
    "sub_category_id",
    "sub_category__name",
    "sub_category__category_id",
    "sub_category__category__name",
)
_DETAIL = (
    "id",
    "hours",
    "course_slogan",
    "video_brief_link",
    "why_study",
    "what_to_study_brief",
    "career_improvement",
    "prerequisite",
)


@dataclass(frozen=True, slots=True)
class ListedCourse:
    """A course with its categories, and its price policies from the shortest period."""

    course: Row
    policies: Sequence[Row]


@dataclass(frozen=True, slots=True)
class CoursePage:
    """One page of a list of courses, and how many there are in all."""

    count: int
    course_list: list[ListedCourse]


@dataclass(frozen=True, slots=True)
class Detail:
    """What is written about a course on its own page."""

    detail: Row
    teachers: list[Row]
    outline: list[Row]
    recommended: list[Row]


@dataclass(frozen=True, slots=True)
class WholeCourse(ListedCourse):
    """A course with everything that its own page shows; `detail` is None until it is written. Each
    chapter comes with its sections."""

    detail: Detail | None
    chapters: list[tuple[Row, Sequence[Row]]]
    questions: list[Row]


@dataclass(frozen=True)
class SubCategory:
    """A narrow field, and how many courses of it are online."""

    id: int
    name: str
    count: int


@dataclass(frozen=True)
class Category:
    """A broad field with its narrow ones, and how many courses of them are online together."""

    id: int
    name: str
    count: int
    sub_categories: list[SubCategory]


def categories() -> list[Category]:
    """All categories by id, each with its sub-categories by id; those without a course too. Three
    queries: categories, sub-categories, and the courses counted."""
    online = Course.objects.online().values("sub_category").annotate(courses=Count("pk"))
    counts = dict(online.values_list("sub_category", "courses"))
    parts: dict[int, list[SubCategory]] = {}
    for sub in CourseSubCategory.objects.order_by("pk"):
        shown = SubCategory(sub.pk, sub.name, counts.get(sub.pk, 0))
        parts.setdefault(sub.category_id, []).append(shown)
    return [
        Category(broad.pk, broad.name, sum(part.count for part in own), own)
        for broad in CourseCategory.objects.order_by("pk")
        for own in [parts.get(broad.pk, [])]
    ]


def page(
    *,
    page: int,
    page_size: int,
    category: int | None = None,
    sub_category: int | None = None,
    level: int | None = None,
    search: str = "",
) -> CoursePage:
    """Courses that are online, newest `order` first, with their price policies. Behind the last
    page there are none. Three queries."""
    wanted = {
        "sub_category__category": category,
        "sub_category": sub_category,
        "level": level,
        "name__icontains": search or None,
    }
    courses = Course.objects.online().filter(
        **{field: value for field, value in wanted.items() if value is not None}
    )
    count = courses.count()
    first = (page - 1) * page_size
    # Ids alone are sorted: all courses whole, with their categories, take four times as long.
    ids = _newest_first(courses).values("pk")[first : first + page_size]
    if first >= count:
        return CoursePage(count, [])
    rows = _rows(_newest_first(Course.objects.filter(pk__in=ids)).values(*_COURSE))
    policies = _policies_of([row["id"] for row in rows])
    return CoursePage(count, [ListedCourse(row, policies.get(row["id"], ())) for row in rows])


def whole_page(course_id: int) -> WholeCourse:
    """A course that is online, with everything that its page shows. Eight queries, whatever the
    number of chapters; five where no detail is written. Raises CourseNotFound."""
    found = Course.objects.online().filter(pk=course_id)
    row = found.values(*_COURSE, *(f"coursedetail__{name}" for name in _DETAIL)).first()
    if row is None:
        raise CourseNotFound
    questions = OftenAskedQuestion.objects.filter(content_type=_content_type(), object_id=course_id)
    return WholeCourse(
        course=row,
        policies=_policies_of([course_id]).get(course_id, ()),
        detail=_detail({name: row[f"coursedetail__{name}"] for name in _DETAIL}),
        chapters=_chapters(course_id),
        questions=_rows(questions.order_by("pk").values("question", "answer")),
    )


def _newest_first(courses: QuerySet[Course]) -> QuerySet[Course]:
    return courses.order_by("-order", "-pk")


def _content_type() -> ContentType:
    return ContentType.objects.get_for_model(Course)


def _policies_of(course_ids: Sequence[int]) -> dict[int, list[Row]]:
    of_these = PricePolicy.objects.filter(content_type=_content_type(), object_id__in=course_ids)
    policies = of_these.order_by("valid_period").values("object_id", "id", "valid_period", "price")
    return _by("object_id", _rows(policies))


def _detail(detail: Row) -> Detail | None:
    pk = detail["id"]
    if pk is None:
        return None
    teachers = Teacher.objects.filter(coursedetail=pk).order_by("pk")
    outline = CourseOutline.objects.filter(course_detail=pk).order_by("order", "pk")
    recommended = _newest_first(Course.objects.online().filter(recommend_by=pk))
    return Detail(
        detail,
        _rows(teachers.values("id", "name", "role", "title", "signature", "image", "brief")),
        _rows(outline.values("title", "content")),
        _rows(recommended.values("id", "name", "course_img")),
    )


def _chapters(course_id: int) -> list[tuple[Row, Sequence[Row]]]:
    chapters = CourseChapter.objects.filter(course=course_id).order_by("chapter")
    sections = CourseSection.objects.filter(chapter__course=course_id).order_by("order", "pk")
    columns = ("id", "name", "section_type", "section_link", "video_time", "free_trail")
    of_chapter = _by("chapter_id", _rows(sections.values("chapter_id", *columns)))
    return [
        (chapter, of_chapter.get(chapter["id"], ()))
        for chapter in _rows(chapters.values("id", "chapter", "name", "summary"))
    ]


def _rows(values: QuerySet[Any, Any]) -> list[Row]:
    return list(values)


def _by(column: str, rows: Iterable[Row]) -> dict[int, list[Row]]:
    """The rows in their order, by the value of one column."""
    grouped: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[column]].append(row)
    return grouped
