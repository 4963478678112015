"""发放 by a condition: 买过某门课程, 从未下单, 最近注册, 持有某张优惠券."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from api.admin.coupons.issue_form import IssueForm
from api.models import Account, Coupon, CouponRecord, IssueBatch
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    OrderFactory,
    PricePolicyFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def preview(browser: Client, issued: Coupon, **fields: Any) -> Any:
    answer = browser.post(f"/admin/api/coupon/{issued.pk}/issue/", {"source": "segment", **fields})
    assert answer.status_code == 200
    return answer


def confirm(browser: Client, coupon: Coupon, token: str) -> dict[str, Any]:
    answer: Any = browser.post(f"/admin/api/coupon/{coupon.pk}/issue/confirm/", {"token": token})
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return dict(json.loads(content.splitlines()[-1]))


Segment = Callable[[], tuple[Account, dict[str, Any], str]]


def bought() -> tuple[Account, dict[str, Any], str]:
    course = CourseFactory(name="爬虫")
    order = orders.place(AccountFactory(), [PricePolicyFactory(content_object=course)])
    orders.pay(order)
    return order.account, {"segment": "bought", "course": course.pk}, "买过课程“爬虫”"


def never_ordered() -> tuple[Account, dict[str, Any], str]:
    for account in Account.objects.all():
        OrderFactory(account=account)
    return AccountFactory(), {"segment": "never_ordered"}, "从未下单"


def registered() -> tuple[Account, dict[str, Any], str]:
    Account.objects.update(registered=timezone.now() - dt.timedelta(days=7))
    return AccountFactory(), {"segment": "registered", "days": 7}, "7天内注册"


def holding() -> tuple[Account, dict[str, Any], str]:
    record = CouponRecordFactory(coupon__name="旧券")
    chosen = {"segment": "holding", "coupon": record.coupon_id}
    return record.account, chosen, "持有优惠券“旧券”"


@pytest.mark.parametrize("segment", [bought, never_ordered, registered, holding])
def test_those_of_the_condition_are_previewed_and_get_it_and_nobody_else(
    manager: Client, segment: Segment
) -> None:
    coupon = CouponFactory()
    AccountFactory.create_batch(2)
    account, fields, told = segment()

    shown = preview(manager, coupon, **fields)

    seen = shown.context["preview"]
    assert (seen.receivers, seen.receiver_names) == (1, (account.username,))
    assert f"发放给：{told}" in shown.content.decode()
    assert not CouponRecord.objects.filter(coupon=coupon).exists()
    assert confirm(manager, coupon, shown.context["token"])["issued"] == 1
    assert [record.account for record in CouponRecord.objects.filter(coupon=coupon)] == [account]
    assert LogEntry.objects.get().get_change_message() == f"发放1张（{told}）"
    batch = IssueBatch.objects.get()
    assert (batch.source, batch.note) == (IssueBatch.Source.SEGMENT, told)
    assert manager.get(f"/admin/api/issuebatch/{batch.pk}/change/").status_code == 200


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({}, "segment", "请选择条件"),
        ({"segment": "rich"}, "segment", "rich"),
        ({"segment": "bought"}, "course", "请选择课程"),
        ({"segment": "bought", "course": "99"}, "course", "没有这门课程"),
        ({"segment": "bought", "course": "9" * 30}, "course", "没有这门课程"),
        ({"segment": "registered"}, "days", "请填写天数"),
        ({"segment": "registered", "days": "0"}, "days", "大于"),
        ({"segment": "registered", "days": "3651"}, "days", "小于"),
        ({"segment": "registered", "days": "x"}, "days", "整数"),
        ({"segment": "holding"}, "coupon", "请选择优惠券"),
        ({"segment": "holding", "coupon": "x"}, "coupon", "没有这张优惠券"),
    ],
)
def test_what_the_condition_lacks_is_an_error_beside_its_field(
    manager: Client, fields: dict[str, Any], field: str, says: str
) -> None:
    answer = preview(manager, CouponFactory(), **fields)
    errors = answer.context["form"].errors
    assert list(errors) == [field]
    assert says in errors[field][0]
    assert "preview" not in answer.context


def test_ten_years_are_the_most_days_since_somebody_registered(manager: Client) -> None:
    account = AccountFactory()
    seen = preview(manager, CouponFactory(), segment="registered", days="3650")
    assert seen.context["preview"].receiver_names == (account.username,)


def test_fields_of_another_condition_do_not_matter(manager: Client) -> None:
    AccountFactory()
    left = {"days": "x", "course": "99", "accounts": ["x"]}
    seen = preview(manager, CouponFactory(), segment="never_ordered", **left)
    assert seen.context["preview"].receivers == 1


def test_a_form_that_names_nobody_means_not_everybody() -> None:
    form = IssueForm(CouponFactory(), {"source": "segment", "segment": "never_ordered"})
    assert form.is_valid()
    form.meant = None
    with pytest.raises(ValueError, match="nobody"):
        _ = form.audience


def test_nobody_of_the_condition_is_said_and_cannot_be_confirmed(manager: Client) -> None:
    shown = preview(manager, CouponFactory(), segment="bought", course=CourseFactory().pk)
    assert "没有可以发放的账户" in shown.content.decode()
    assert shown.context["token"] == ""


def test_the_desk_shows_when_an_account_registered(chief: Client) -> None:
    at = dt.datetime(2026, 11, 26, 17, 30, tzinfo=dt.UTC)
    known, unknown = AccountFactory(), AccountFactory()
    Account.objects.filter(pk=known.pk).update(registered=at)
    Account.objects.filter(pk=unknown.pk).update(registered=None)
    assert (
        "2026-11-27 01:30" in chief.get(f"/admin/api/account/{known.pk}/change/").content.decode()
    )
    shown = chief.get("/admin/api/account/").content.decode()
    assert "2026-11-27 01:30" in shown
    assert "没有记录" in shown
    days = {"registered_from": "2026-11-27", "registered_to": "2026-11-27"}
    found = chief.get("/admin/api/account/", days).context["cl"].result_list
    assert list(found) == [known]
