"""What one may not look at, one can neither export nor act upon; and nobody gives more rights than
he has."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from api.models import CouponRecord, UserAuthToken
from tests.admin.conftest import MakeStaff
from tests.support.factories import AccountFactory, CouponRecordFactory, UserAuthTokenFactory

pytestmark = pytest.mark.django_db
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
