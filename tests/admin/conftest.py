"""People of the desk, each logged in: a manager of coupons, one of courses, and the chief."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

MakeStaff = Callable[..., Client]


@pytest.fixture
def staff(db: None) -> MakeStaff:
    """Makes a browser of somebody who holds this post, or, with None, none."""

    def make(name: str, post: str | None, *, superuser: bool = False) -> Client:
        user = User.objects.create_user(name, password="p", is_staff=True, is_superuser=superuser)
        if post:
            user.groups.add(Group.objects.get(name=post))
        browser = Client()
        browser.force_login(user)
        browser.user = user
        return browser

    return make


@pytest.fixture
def manager(staff: MakeStaff) -> Client:
    return staff("manager", "优惠券运营")


@pytest.fixture
def course_manager(staff: MakeStaff) -> Client:
    return staff("course-manager", "课程运营")


@pytest.fixture
def chief(staff: MakeStaff) -> Client:
    return staff("chief", None, superuser=True)
