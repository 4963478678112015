"""The service's endpoints, and those that it is compared with."""

from django.urls import include, path

from benchmarks.views import FloorView, LessonView, TokenFloorView

urlpatterns = [
    path("", include("luffy.urls")),
    path("bench/floor/", FloorView.as_view()),
    path("bench/token/", TokenFloorView.as_view()),
    path("bench/lesson/", LessonView.as_view()),
]
