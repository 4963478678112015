"""The list of courses, and one course's whole page, in a shop with few courses and with many."""

from collections import defaultdict
from itertools import chain
from statistics import median
from urllib.parse import urlencode

from django.contrib.contenttypes.models import ContentType
from redis import Redis

from api.models import (
    Course,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    CourseSubCategory,
    OftenAskedQuestion,
    PricePolicy,
    Teacher,
)
from benchmarks import report
from benchmarks.calls import Call, InProcess, asked_by
from benchmarks.gunicorn import keep_busy, serving
from benchmarks.place import REDIS_URL
from tests.support.factories import CourseSubCategoryFactory

COURSES = (100, 10_000)
CHAPTERS, SECTIONS = 10, 10  # of the course whose page is asked for
ROUNDS = 200
LIST, PAGE = "The first page, 20 courses", "The whole page of a course"
CLIENTS, SECONDS = 4, 5  # over HTTP
HTTP_HEAD = ("Over HTTP, 4 clients, 2 workers", "Requests/s", "Median, ms", "n")
HEAD = ("Request", "Courses", "Median, ms", "99th percentile, ms", "n", "SQL queries")


def run(redis: Redis) -> str:
    """Measures, for less than a minute; the report."""
    rows: dict[str, list[list[str]]] = defaultdict(list)
    sub_category = CourseSubCategoryFactory()
    for before, courses in zip((0, *COURSES), COURSES, strict=False):
        _open(before, courses, sub_category)
        if not before:
            _write_page(Course.objects.earliest("pk"))
        for name, call in _calls(courses).items():
            rows[name].append(_row(name, courses, call))
    tables = [report.table(HEAD, chain(*rows.values())), report.table(HTTP_HEAD, _over_http())]
    return "\n\n".join([*tables, report.place(redis)])


def _open(first: int, end: int, sub_category: CourseSubCategory) -> None:
    """Courses number `first` to before `end`, each with two price policies."""
    made = Course.objects.bulk_create(
        Course(
            name=f"第{n}门课程",
            course_img="course.jpg",
            brief="概述" * 100,
            sub_category=sub_category,
            course_type=0,
            level=n % 3,
            order=n,
        )
        for n in range(first, end)
    )
    content_type = ContentType.objects.get_for_model(Course)
    PricePolicy.objects.bulk_create(
        PricePolicy(
            content_type=content_type, object_id=pk, valid_period=period, price=99.0 + period
        )
        for pk in [course.pk for course in made]
        for period in (30, 60)
    )


def _write_page(course: Course) -> None:
    detail = CourseDetail.objects.create(course=course, hours=40)
    detail.teachers.set(
        Teacher.objects.create(name=f"讲师{n}", title="讲师", image="t.jpg", brief="简介")
        for n in range(3)
    )
    detail.recommend_courses.set(Course.objects.exclude(pk=course.pk)[:5])
    for n in range(CHAPTERS):
        CourseOutline.objects.create(course_detail=detail, order=n, title=f"大纲{n}", content="…")
        OftenAskedQuestion.objects.create(content_object=course, question=f"问题{n}", answer="…")
        chapter = CourseChapter.objects.create(course=course, chapter=n, name=f"第{n}章")
        CourseSection.objects.bulk_create(
            CourseSection(chapter=chapter, name=f"第{k}节", order=k, section_link=f"{n}-{k}")
            for k in range(SECTIONS)
        )


def _calls(courses: int) -> dict[str, Call]:
    def listed(**query: object) -> Call:
        return Call("GET", f"/api/course/?{urlencode(query)}", token="")

    return {
        LIST: listed(),
        "The last page": listed(page=courses // 20),
        "The first page of a level": listed(level=1),
        "A search that finds one": listed(search=f"第{courses - 1}门"),
        PAGE: Call("GET", f"/api/course/{Course.objects.earliest('pk').pk}/", token=""),
    }


def _over_http() -> list[list[str]]:
    """The list and the page in the larger shop, asked for by few clients without a pause."""
    rows = []
    with serving(REDIS_URL, workers=2) as port:
        for name in (LIST, PAGE):
            busy = keep_busy(port, [_calls(COURSES[-1])[name]] * CLIENTS, seconds=SECONDS)
            latency = report.milliseconds(median(busy.latencies))
            rows.append([name, report.per_second(busy.rate), latency, f"{len(busy.latencies):,}"])
    return rows


def _row(name: str, courses: int, call: Call) -> list[str]:
    django = InProcess()
    django.seconds(call)  # connections, imports, caches
    queries = asked_by(call, django).queries
    samples = [django.seconds(call) for _ in range(ROUNDS)]
    return [
        name,
        f"{courses:,}",
        report.milliseconds(median(samples)),
        report.milliseconds(report.percentile(samples, 99)),
        f"{ROUNDS:,}",
        str(queries),
    ]
