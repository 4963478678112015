"""The courses that a learner can see: page by page, and each with its whole page."""

from dataclasses import dataclass

from django.db.models import Count, Prefetch, QuerySet

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

_POLICIES = Prefetch("price_policy", PricePolicy.objects.order_by("valid_period"))


@dataclass(frozen=True)
class CoursePage:
    """One page of a list of courses, and how many there are in all."""

    count: int
    course_list: list[Course]


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
    shown = _newest_first(Course.objects.filter(pk__in=ids))
    shown = shown.select_related("sub_category__category").prefetch_related(_POLICIES)
    return CoursePage(count, list(shown) if first < count else [])


def whole_page(course_id: int) -> Course:
    """A course that is online, with everything that its page shows. Eight queries, whatever the
    number of chapters. Raises CourseNotFound."""
    course = _with_page(Course.objects.online()).filter(pk=course_id).first()
    if course is None:
        raise CourseNotFound
    return course


def _newest_first(courses: QuerySet[Course]) -> QuerySet[Course]:
    return courses.order_by("-order", "-pk")


def _with_page(courses: QuerySet[Course]) -> QuerySet[Course]:
    chapters = CourseChapter.objects.order_by("chapter")
    return courses.select_related("sub_category__category", "coursedetail").prefetch_related(
        _POLICIES,
        Prefetch("asked_question", OftenAskedQuestion.objects.order_by("pk")),
        Prefetch("coursechapters", chapters),
        Prefetch("coursechapters__coursesections", CourseSection.objects.order_by("order", "pk")),
        Prefetch("coursedetail__teachers", Teacher.objects.order_by("pk")),
        Prefetch("coursedetail__courseoutline_set", CourseOutline.objects.order_by("order", "pk")),
        Prefetch("coursedetail__recommend_courses", _newest_first(Course.objects.online())),
    )
