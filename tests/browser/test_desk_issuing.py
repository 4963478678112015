"""发放 by a condition and at a later time, as a manager clicks it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from api.models import CouponRecord, IssuePlan
from tests.browser.test_desk import choose
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_coupon_is_issued_to_the_holders_of_another_found_by_its_name(desk: Any) -> None:
    held, coupon, _ = CouponRecordFactory(coupon__name="旧券"), CouponFactory(), AccountFactory()
    desk.goto(f"/admin/api/coupon/{coupon.pk}/issue/")
    choose(desk, "source", "segment")
    expect(desk.locator("#id_days")).not_to_be_visible()
    choose(desk, "segment", "holding")
    # Not whichever is visible: the other field's goes a frame later.
    box = desk.locator("#id_coupon + .select2-container")
    box.click()
    desk.locator(".select2-dropdown .select2-search__field").fill("旧券")
    desk.locator(".select2-results__option", has_text="旧券").click()
    desk.get_by_role("button", name="预览").click()
    expect(desk.locator("#whom")).to_have_text("发放给：持有优惠券“旧券”")
    expect(box).to_contain_text("旧券")
    desk.get_by_role("button", name="确认发放1张").click()
    expect(desk.locator("#success")).to_be_visible()
    assert CouponRecord.objects.get(coupon=coupon).account == held.account


def test_an_empty_condition_is_told_beside_it(desk: Any) -> None:
    CourseFactory()
    desk.goto(f"/admin/api/coupon/{CouponFactory().pk}/issue/")
    choose(desk, "source", "segment")
    desk.get_by_role("button", name="预览").click()
    expect(desk.get_by_text("请选择课程")).to_be_visible()


def test_issuing_is_planned_and_cancelled(desk: Any) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    at = timezone.localtime() + timedelta(days=1)
    desk.goto(f"/admin/api/coupon/{coupon.pk}/issue/")
    choose(desk, "source", "everyone")
    desk.locator("#id_at").fill(f"{at:%Y-%m-%dT%H:%M}")
    desk.get_by_role("button", name="预览").click()
    desk.get_by_role("button", name="确认计划").click()
    expect(desk.locator("#success")).to_contain_text(f"将在{at:%Y-%m-%d %H:%M}发放。")
    assert not CouponRecord.objects.exists()
    desk.get_by_role("link", name="查看计划").click()
    desk.get_by_role("link", name="取消计划").click()
    desk.locator("textarea[name=reason]").fill("写错了")
    desk.get_by_role("button", name="确定取消计划").click()
    expect(desk.locator("body")).to_contain_text("的计划，不会发放")
    plan = IssuePlan.objects.get()
    assert (plan.state, plan.why) == (IssuePlan.State.CANCELLED, "写错了")


def test_a_time_that_is_edited_after_the_preview_cannot_be_confirmed(desk: Any) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    at = timezone.localtime() + timedelta(days=1)
    desk.goto(f"/admin/api/coupon/{coupon.pk}/issue/")
    choose(desk, "source", "everyone")
    desk.get_by_role("button", name="预览").click()
    expect(desk.locator("#confirm-form")).to_be_visible()
    desk.locator("#id_at").fill(f"{at:%Y-%m-%dT%H:%M}")
    expect(desk.locator("#confirm-form")).not_to_be_visible()
    expect(desk.locator("#stale")).to_be_visible()
