"""What the tests of the shopping car ask, and the answers they know."""

from typing import Any

from api.models import Course
from tests.conftest import Customer
from tests.support.factories import CourseFactory, PricePolicyFactory

URL = "/api/shoppingcar/"
ADDED = {"code": 1000, "data": "添加成功", "error": None}
CHANGED = {"code": 1000, "data": "修改成功", "error": None}
REMOVED = {"code": 1000, "data": "删除成功", "error": None}
NO_COURSE = {"code": 2001, "data": None, "error": "课程不存在"}
NOT_ITS_POLICY = {"code": 2001, "data": None, "error": "价格策略不合法"}
FULL = {"code": 2002, "data": None, "error": "购物车已满"}
NOT_IN_CAR = {"code": 1002, "data": None, "error": "购物车中不存在此课程"}
NOT_ITS_POLICY_IN_CAR = {"code": 1003, "data": None, "error": "价格策略不合法"}
UNREADABLE = {"code": 1001, "data": None, "error": "购物车数据有误，请重新加入课程"}


def sell(pk: int, **fields: Any) -> Course:
    """A course with two policies: 10·pk + 1 for a month, 10·pk + 2 for two."""
    course = CourseFactory(pk=pk, name=f"课程{pk}", **fields)
    PricePolicyFactory(pk=10 * pk + 1, content_object=course, valid_period=30, price=99.0)
    PricePolicyFactory(pk=10 * pk + 2, content_object=course, valid_period=60, price=150.5)
    return course


def add(customer: Customer, course_id: Any, policy_id: Any = None) -> Any:
    body = {"courseid": course_id, "policyid": policy_id or 10 * course_id + 1}
    return customer.post(URL, body).json()


def change(customer: Customer, course_id: Any, policy_id: Any) -> Any:
    return customer.patch(URL, {"courseid": course_id, "policyid": policy_id}).json()


def remove(customer: Customer, *course_ids: Any) -> Any:
    return customer.delete(URL, {"courseids": course_ids}).json()


def car(customer: Customer) -> list[dict[str, Any]]:
    envelope = customer.get(URL).json()
    assert envelope["code"] == 1000, envelope
    return envelope["data"]


def in_car(customer: Customer) -> list[tuple[str, str]]:
    """The courses in the car, each with its chosen policy."""
    return [(entry["course_id"], entry["default_policy"]) for entry in car(customer)]
