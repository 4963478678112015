"""/api/course/ and /api/category/: what there is to learn, for everybody."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from api.serializers import parsed
from api.serializers.course import (
    USUAL_PAGE,
    CategoryCountShown,
    CoursePageShown,
    CourseQuery,
    WholeCourseShown,
)
from api.services import catalogue as courses
from api.services.kept_pages import page_of
from utils.response import kept_by_browsers, rendered


class CategoryListView(APIView):
    """The fields of courses, broad and narrow."""

    authentication_classes = []

    def get(self, request: Request) -> HttpResponse:
        return _answer(
            request,
            "categories",
            lambda: CategoryCountShown(courses.categories(), many=True).data,
        )


class CourseListView(APIView):
    """The courses that are online, page by page."""

    authentication_classes = []

    def get(self, request: Request) -> HttpResponse:
        asked = parsed(CourseQuery, request.query_params)
        return _answer(
            request, _name_of(asked), lambda: CoursePageShown().shape(courses.page(**asked))
        )


class CourseView(APIView):
    """A course's own page."""

    authentication_classes = []

    def get(self, request: Request, course_id: int) -> HttpResponse:
        return _answer(
            request,
            f"course_{course_id}",
            lambda: WholeCourseShown().shape(courses.whole_page(course_id)),
        )


def _answer(request: Request, name: str | None, shape: Callable[[], Any]) -> HttpResponse:
    page = page_of(name, lambda: rendered(shape()))
    return kept_by_browsers(request, page.body, page.etag)


def _name_of(asked: dict[str, Any]) -> str | None:
    """Under which it is kept. Not what somebody searches for, nor pages of any length: whoever
    asks for each of them would fill Redis."""
    if asked.get("search") or asked["page_size"] != USUAL_PAGE:
        return None
    return f"courses_{urlencode(sorted(asked.items()))}"
