"""What one may not look at, one can neither export nor act upon; and nobody gives more rights than
he has."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from api.models import CouponRecord, UserAuthToken
from tests.admin.conftest import MakeStaff
from tests.support.factories import AccountFactory, CouponRecordFactory, UserAuthTokenFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
RECORDS = "/admin/api/couponrecord/"


def permitted(staff: MakeStaff, name: str, *codenames: str) -> Client:
    browser = staff(name, None)
    permissions = Permission.objects.filter(codename__in=codenames)
    assert len(permissions) == len(codenames)
    browser.user.user_permissions.set(permissions)
    return browser


@pytest.mark.parametrize("sees", [False, True])
def test_a_file_of_records_is_for_who_may_look_at_them(staff: MakeStaff, sees: bool) -> None:
    CouponRecordFactory()
    seen = ("view_couponrecord",) if sees else ()
    browser = permitted(staff, "exporter", "export_couponrecord", *seen)
    expected = 200 if sees else 403
    assert browser.get(f"{RECORDS}export/").status_code == expected
    answer = browser.post(f"{RECORDS}export/", {"format": "0", "resource": "0"})
    assert answer.status_code == expected


@pytest.mark.parametrize("sees", [False, True])
def test_a_record_is_taken_back_by_who_may_look_at_it(staff: MakeStaff, sees: bool) -> None:
    record = CouponRecordFactory()
    seen = ("view_couponrecord",) if sees else ()
    browser = permitted(staff, "taker", "void_couponrecord", *seen)
    fields = {"reason": "发错了人", "_form_submitted": "True"}
    answer = browser.post(f"{RECORDS}{record.pk}/void/", fields)
    assert answer.status_code == (200 if sees else 403)
    assert CouponRecord.objects.get().status == (3 if sees else 0)


@pytest.mark.parametrize("sees", [False, True])
def test_a_coupon_is_issued_by_who_may_look_at_it(staff: MakeStaff, sees: bool) -> None:
    AccountFactory()
    coupon = CouponRecordFactory().coupon
    seen = ("view_coupon",) if sees else ()
    browser = permitted(staff, "issuer", "issue_coupon", *seen)
    url = f"/admin/api/coupon/{coupon.pk}/issue/"
    assert browser.get(url).status_code == (200 if sees else 403)
    # With no preview to confirm, 409 is as far as one comes.
    assert browser.post(f"{url}confirm/").status_code == (409 if sees else 403)


@pytest.mark.parametrize("sees", [False, True])
def test_the_records_of_a_coupon_are_shown_to_who_may_look_at_both(
    staff: MakeStaff, sees: bool
) -> None:
    coupon = CouponRecordFactory().coupon
    seen = ("view_coupon",) if sees else ()
    browser = permitted(staff, "reader", "view_couponrecord", *seen)
    answer = browser.get(f"/admin/api/coupon/{coupon.pk}/records/")
    assert answer.status_code == (302 if sees else 403)


@pytest.mark.parametrize("sees", [False, True])
def test_a_token_is_revoked_by_who_may_look_at_the_account(staff: MakeStaff, sees: bool) -> None:
    account: Any = UserAuthTokenFactory().user
    seen = ("view_account",) if sees else ()
    browser = permitted(staff, "revoker", "change_userauthtoken", *seen)
    url = f"/admin/api/account/{account.pk}/revoke_token/"
    answer = browser.post(url, {"_form_submitted": "True"})
    assert answer.status_code == (200 if sees else 403)
    assert UserAuthToken.objects.exists() != sees
    assert LogEntry.objects.exists() == sees


# --- Giving rights --------------------------------------------------------------------------------

USER = {"username": "somebody", "is_active": "on", "is_staff": "on"}
DATES = {"date_joined_0": "2026/11/22", "date_joined_1": "12:00"}


@pytest.fixture
def head(staff: MakeStaff) -> Client:
    """Manages the people and their groups, and coupons; is no superuser."""
    return permitted(
        staff, "head", "add_user", "change_user", "delete_user", "view_coupon",
        "add_group", "change_group", "delete_group",
    )  # fmt: skip


def save_user(browser: Client, user: User, **fields: Any) -> Any:
    kept = {
        "username": user.username,
        "groups": [group.pk for group in user.groups.all()],
        "user_permissions": [right.pk for right in user.user_permissions.all()],
    }
    return browser.post(f"/admin/auth/user/{user.pk}/change/", USER | DATES | kept | fields)


def right(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def what_he_may(user: User) -> tuple[bool, set[str]]:
    user = User.objects.get(pk=user.pk)
    return user.is_superuser, user.get_all_permissions()


@pytest.fixture
def clerk(staff: MakeStaff) -> User:
    return staff("clerk", None).user


@pytest.mark.parametrize("whom", ["himself", "another"])
def test_nobody_makes_a_superuser_but_a_superuser(
    head: Client, chief: Client, clerk: User, whom: str
) -> None:
    user = head.user if whom == "himself" else clerk
    before = what_he_may(user)
    assert save_user(head, user, is_superuser="on").status_code == 302
    assert what_he_may(user) == before
    save_user(chief, user, is_superuser="on")
    assert what_he_may(user)[0]


@pytest.mark.parametrize("whom", ["himself", "another"])
def test_nobody_gives_a_right_that_he_does_not_have(head: Client, clerk: User, whom: str) -> None:
    user = head.user if whom == "himself" else clerk
    before = what_he_may(user)
    stolen = right("export_couponrecord")
    answer = save_user(head, user, user_permissions=[stolen.pk])
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["user_permissions"]
    assert what_he_may(user) == before


def test_one_gives_a_right_that_one_has_and_sees_no_other(head: Client, clerk: User) -> None:
    page = head.get(f"/admin/auth/user/{clerk.pk}/change/").content.decode()
    assert f'value="{right("view_coupon").pk}"' in page
    assert f'value="{right("export_couponrecord").pk}"' not in page
    answer = save_user(head, clerk, user_permissions=[right("view_coupon").pk])
    assert answer.status_code == 302
    assert what_he_may(clerk) == (False, {"api.view_coupon"})


@pytest.mark.parametrize("whom", ["himself", "another"])
def test_nobody_gives_a_group_that_may_more_than_he(head: Client, clerk: User, whom: str) -> None:
    user = head.user if whom == "himself" else clerk
    before = what_he_may(user)
    lent = Group.objects.create(name="lookers")
    lent.permissions.add(right("view_coupon"))
    answer = save_user(head, user, groups=[Group.objects.get(name="优惠券运营").pk])
    assert answer.context["adminform"].form.errors["groups"]
    assert what_he_may(user) == before
    assert save_user(head, user, groups=[lent.pk]).status_code == 302
    assert list(user.groups.all()) == [lent]


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("who", ["a superuser", "one with a right", "one with a group"])
def test_nobody_changes_who_may_more_than_he(
    head: Client, clerk: User, who: str, active: bool
) -> None:
    if who == "one with a right":
        clerk.user_permissions.add(right("export_couponrecord"))
    elif who == "one with a group":
        clerk.groups.add(Group.objects.get(name="优惠券运营"))
    User.objects.filter(pk=clerk.pk).update(is_superuser=who == "a superuser", is_active=active)
    url = f"/admin/auth/user/{clerk.pk}/"
    before = User.objects.values().get(pk=clerk.pk)
    new = {"password1": "a-Long-one-2026", "password2": "a-Long-one-2026"}
    assert save_user(head, clerk, username="taken").status_code == 403
    assert head.get(f"{url}password/").status_code == 403
    assert head.post(f"{url}password/", new | {"usable_password": "true"}).status_code == 403
    assert head.post(f"{url}delete/", {"post": "yes"}).status_code == 403
    together = {"action": "delete_selected", "_selected_action": [clerk.pk], "post": "yes"}
    head.post("/admin/auth/user/", together)
    assert User.objects.values().get(pk=clerk.pk) == before


def test_one_changes_who_may_no_more_than_oneself(head: Client, clerk: User) -> None:
    clerk.user_permissions.add(right("view_coupon"))
    assert save_user(head, clerk, username="renamed").status_code == 302
    assert User.objects.get(pk=clerk.pk).username == "renamed"
    assert what_he_may(clerk) == (False, {"api.view_coupon"})
    assert head.get(f"/admin/auth/user/{clerk.pk}/password/").status_code == 200
    assert head.post(f"/admin/auth/user/{clerk.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=clerk.pk).exists()


def test_a_group_gets_no_right_from_who_does_not_have_it(head: Client) -> None:
    stolen, own = right("export_couponrecord"), right("view_coupon")
    lent = Group.objects.create(name="lookers")
    head.user.groups.add(lent)
    url = f"/admin/auth/group/{lent.pk}/change/"
    head.post(url, {"name": "lookers", "permissions": [stolen.pk]})
    head.post("/admin/auth/group/add/", {"name": "new", "permissions": [stolen.pk]})
    assert not lent.permissions.exists()
    assert not Group.objects.filter(name="new").exists()
    head.post(url, {"name": "lookers", "permissions": [own.pk]})
    assert list(lent.permissions.all()) == [own]


def test_nobody_changes_a_group_that_may_more_than_he(head: Client, chief: Client) -> None:
    group = Group.objects.get(name="优惠券运营")
    url = f"/admin/auth/group/{group.pk}/"
    assert head.post(f"{url}change/", {"name": "taken", "permissions": []}).status_code == 403
    assert head.post(f"{url}delete/", {"post": "yes"}).status_code == 403
    group.refresh_from_db()
    assert (group.name, group.permissions.exists()) == ("优惠券运营", True)
    assert chief.post(f"{url}change/", {"name": "运营", "permissions": []}).status_code == 302
