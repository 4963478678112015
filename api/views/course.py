"""/api/course/ and /api/category/: what there is to learn, for everybody."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.serializers import parsed
from api.serializers.course import (
    CategoryCountShown,
    CoursePageShown,
    CourseQuery,
    WholeCourseShown,
)
from api.services import catalogue as courses
from utils.response import success


class CategoryListView(APIView):
    """The fields of courses, broad and narrow."""

    authentication_classes = []

    def get(self, request: Request) -> Response:
        return success(CategoryCountShown(courses.categories(), many=True).data)


class CourseListView(APIView):
    """The courses that are online, page by page."""

    authentication_classes = []

    def get(self, request: Request) -> Response:
        asked = parsed(CourseQuery, request.query_params)
        return success(CoursePageShown().shape(courses.page(**asked)))


class CourseView(APIView):
    """A course's own page."""

    authentication_classes = []

    def get(self, request: Request, course_id: int) -> Response:
        return success(WholeCourseShown().shape(courses.whole_page(course_id)))
