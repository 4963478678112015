"""/api/shoppingcar/."""

from api.errors import (
    CarFull,
    CarUnreadable,
    CourseNotFound,
    CourseNotInCar,
    PolicyNotInCar,
    PolicyNotOfCourse,
)
from api.schema.answers import Operation, describe
from api.serializers.car import CarCourseShown, PolicyRequest, RemoveRequest
from api.views.car import ShoppingCarView

_CAR = [
    {
        "course_id": "1",
        "title": "爬虫开发-专题",
        "img": "爬虫开发-专题.jpg",
        "policy": {
            "1": {"period": 30, "period_display": "1个月", "price": 399.0},
            "2": {"period": 60, "period_display": "2个月", "price": 599.0},
        },
        "default_policy": "2",
        "changed": None,
    },
    {
        "course_id": "2",
        "title": "CRM客户关系管理系统实战开发-专题",
        "img": "CRM.jpg",
        "policy": {
            "3": {"period": 30, "period_display": "1个月", "price": 99.0},
            "4": {"period": 210, "period_display": "12个月", "price": 122.0},
        },
        "default_policy": "4",
        "changed": None,
    },
]

describe(
    ShoppingCarView,
    post=Operation(
        "Put a course into the car, with one of its policies chosen",
        request=PolicyRequest,
        body={"courseid": 1, "policyid": 2},
        data="添加成功",
        refusals=[CourseNotFound, PolicyNotOfCourse, CarFull],
    ),
    get=Operation(
        "What is in the car, in the order it was put in",
        data=CarCourseShown(many=True),
        example=_CAR,
    ),
    patch=Operation(
        "Choose another policy of a course in the car",
        request=PolicyRequest,
        body={"courseid": 1, "policyid": 1},
        data="修改成功",
        refusals=[CourseNotInCar, PolicyNotInCar, CarUnreadable],
    ),
    delete=Operation(
        "Take courses out of the car; those that are not there are no error",
        request=RemoveRequest,
        body={"courseids": [1, 2]},
        data="删除成功",
    ),
)
