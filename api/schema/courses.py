"""/api/course/ and /api/category/."""

from api.errors import CourseNotFound
from api.schema.answers import Operation, describe
from api.serializers.course import (
    CategoryCountShown,
    CoursePageShown,
    CourseQuery,
    WholeCourseShown,
)
from api.views.course import CategoryListView, CourseListView, CourseView

_PYTHON = {"id": 1, "name": "python", "category": {"id": 1, "name": "后端"}}
_CRAWLER = {
    "id": 1,
    "name": "爬虫开发-专题",
    "course_img": "爬虫开发-专题.jpg",
    "brief": "从一个请求到一个爬虫框架，把网页变成数据。",
    "course_type": 0,
    "course_type_display": "付费",
    "level": 1,
    "level_display": "中级",
    "period": 7,
    "pub_date": None,
    "sub_category": _PYTHON,
    "price_policy": [
        {"id": 1, "valid_period": 30, "valid_period_display": "1个月", "price": 399.0},
        {"id": 2, "valid_period": 60, "valid_period_display": "2个月", "price": 599.0},
    ],
}
_CRM = _CRAWLER | {
    "id": 2,
    "name": "CRM客户关系管理系统实战开发-专题",
    "course_img": "CRM.jpg",
    "brief": "用Django写出一个真正在用的CRM。",
    "price_policy": [
        {"id": 3, "valid_period": 30, "valid_period_display": "1个月", "price": 99.0},
        {"id": 4, "valid_period": 210, "valid_period_display": "12个月", "price": 122.0},
    ],
}

describe(
    CategoryListView,
    get=Operation(
        "All categories with their sub-categories, and how many courses are online in each",
        data=CategoryCountShown(many=True),
        example=[
            {
                "id": 1,
                "name": "后端",
                "count": 2,
                "sub_categories": [{"id": 1, "name": "python", "count": 2}],
            }
        ],
        public=True,
    ),
)

describe(
    CourseListView,
    get=Operation(
        "The courses that are online, newest first, page by page",
        query=CourseQuery,
        data=CoursePageShown,
        example={"count": 2, "course_list": [_CRM, _CRAWLER]},
        public=True,
    ),
)

describe(
    CourseView,
    get=Operation(
        "A course's own page",
        data=WholeCourseShown,
        example=_CRAWLER | {"coursedetail": None, "coursechapters": [], "asked_question": []},
        refusals=[CourseNotFound],
        statuses=[404],
        public=True,
    ),
)
