"""Two people with the same page: nobody puts back, unseen, what the other has changed."""

import json
import threading
from contextlib import suppress
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api.admin.desk.dialogs import DeskDialogForm
from api.admin.desk.guarded import REFUSED, SEEN, GuardedAdmin, GuardedForm
from api.models import (
    Account,
    Coupon,
    CouponRecord,
    Course,
    CourseChapter,
    CourseDetail,
    CourseSection,
    Order,
    Payment,
    PricePolicy,
    Refund,
    Teacher,
    UserAuthToken,
)
from api.services.orders import closing
from tests.admin.rows import MAKERS, chapter, course, detail, teacher
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    OrderFactory,
    PricePolicyFactory,
    UserAuthTokenFactory,
)
from tests.support.pages import form_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
POLICY = "api-pricepolicy-content_type-object_id"
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


def url_of(row: Model) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def opened(browser: Client, row: Model) -> dict[str, Any]:
    """The fields of its page, as the browser would send them back."""
    return form_of(browser.get(url_of(row)).content.decode())


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def history_of(row: Model) -> str:
    return str(LogEntry.objects.filter(object_id=row.pk).latest("id").change_message)


# --- Every admin ----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model.__name__)
def test_every_admin_guards_its_forms(model: type[Model]) -> None:
    of_model = admin.site._registry[model]
    assert isinstance(of_model, GuardedAdmin)
    for name in ("_changeform_view", "_create_formsets", "get_formset_kwargs", "_lock"):
        assert getattr(type(of_model), name) is getattr(GuardedAdmin, name), name
    assert type(of_model).change_form_before_template == GuardedAdmin.change_form_before_template


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model.__name__)
def test_every_page_that_can_be_saved_carries_what_it_shows(
    chief: Client, model: type[Model]
) -> None:
    row = {User: lambda: chief.user, Group: Group.objects.first}.get(
        model, MAKERS.get(model, lambda: None)
    )()
    if row is None:
        return
    answer = chief.get(url_of(row))
    request = answer.wsgi_request
    if not admin.site._registry[model].has_change_permission(request, row):
        return
    seen = json.loads(form_of(text_of(answer))[SEEN])
    form = answer.context["adminform"].form
    assert isinstance(form, GuardedForm)
    assert set(seen[""]) == {name for name, field in form.fields.items() if not field.disabled}


# --- The page of one row --------------------------------------------------------------------------


def test_a_page_opened_before_a_colleagues_save_does_not_put_his_values_back(
    manager: Client, chief: Client
) -> None:
    coupon = CouponFactory(coupon_type=2, money_equivalent_value=0, off_percent=35)
    mine = opened(manager, coupon)
    chief.post(url_of(coupon), opened(chief, coupon) | {"off_percent": "80"})
    assert Coupon.objects.get().off_percent == 80

    page = text_of(manager.post(url_of(coupon), mine | {"name": "我的名字"}))

    coupon.refresh_from_db()
    assert (coupon.off_percent, coupon.name) == (80, coupon.name)
    assert coupon.name != "我的名字"
    assert REFUSED in page
    assert "折扣百分比" in page
    # What was typed is there; what was not touched has become what is saved.
    again = form_of(page)
    assert (again["name"], again["off_percent"]) == ("我的名字", "80")


def test_both_values_are_shown_and_a_second_deliberate_save_goes_through(
    manager: Client, chief: Client
) -> None:
    coupon = CouponFactory(coupon_type=2, money_equivalent_value=0, off_percent=35)
    mine = opened(manager, coupon)
    chief.post(url_of(coupon), opened(chief, coupon) | {"off_percent": "80"})

    answer = manager.post(url_of(coupon), mine | {"off_percent": "55"})
    (change,) = answer.context["changes"]
    assert (change.label, change.now, change.mine) == ("折扣百分比", "80", "55")
    again = form_of(text_of(answer))
    assert again["off_percent"] == "55"
    assert manager.post(url_of(coupon), again).status_code == 302

    assert Coupon.objects.get().off_percent == 55


def test_a_third_save_meanwhile_is_seen_again(manager: Client, chief: Client) -> None:
    coupon = CouponFactory()
    mine = opened(manager, coupon)
    chief.post(url_of(coupon), opened(chief, coupon) | {"money_equivalent_value": "50"})
    again = form_of(text_of(manager.post(url_of(coupon), mine | {"money_equivalent_value": "60"})))
    chief.post(url_of(coupon), opened(chief, coupon) | {"money_equivalent_value": "70"})

    assert REFUSED in text_of(manager.post(url_of(coupon), again))
    assert Coupon.objects.get().money_equivalent_value == 70


def test_a_save_of_the_same_values_twice_is_not_refused(manager: Client) -> None:
    coupon = CouponFactory()
    mine = opened(manager, coupon) | {"money_equivalent_value": "50"}
    assert manager.post(url_of(coupon), mine).status_code == 302
    assert manager.post(url_of(coupon), mine).status_code == 302


def test_another_error_of_the_form_does_not_hide_that_it_was_changed(
    manager: Client, chief: Client
) -> None:
    coupon = CouponFactory()
    mine = opened(manager, coupon)
    chief.post(url_of(coupon), opened(chief, coupon) | {"money_equivalent_value": "50"})
    answer = manager.post(
        url_of(coupon), mine | {"money_equivalent_value": "60", "quantity": "viele"}
    )
    assert REFUSED in text_of(answer)
    assert form_of(text_of(answer))["quantity"] == "viele"
    assert "整数" in text_of(answer)


def test_other_peoples_people_are_guarded_too(chief: Client) -> None:
    group = Group.objects.first()
    assert group is not None
    mine = opened(chief, group)
    group.permissions.clear()
    answer = chief.post(url_of(group), mine)
    assert REFUSED in text_of(answer)
    assert not group.permissions.exists()


def test_a_password_is_not_shown_in_what_changed_meanwhile(chief: Client) -> None:
    account = AccountFactory()
    mine = opened(chief, account)
    Account.objects.filter(pk=account.pk).update(username="anders")
    page = text_of(
        chief.post(url_of(account), mine | {"username": "neu", "new_password": "geheim-2026!"})
    )
    assert "anders" in page
    assert "geheim-2026!" not in page


def test_several_teachers_chosen_meanwhile_are_named(chief: Client) -> None:
    row = detail()
    mine = opened(chief, row)
    row.teachers.add(
        Teacher.objects.create(name="新老师", title="讲师", image="a.jpg", brief="简介")
    )
    other = teacher()
    answer = chief.post(url_of(row), mine | {"teachers": [str(other.pk)]})
    (change,) = answer.context["changes"]
    assert "新老师" in change.now
    assert other.name in change.mine
    assert list(row.teachers.values_list("name", flat=True)) == ["新老师"]


# --- Its inlines ----------------------------------------------------------------------------------


def test_a_price_in_the_page_of_its_course_is_not_put_back(
    course_manager: Client, chief: Client
) -> None:
    policy = PricePolicyFactory(content_object=course(), price=10.0)
    owner = policy.content_object
    mine = opened(course_manager, owner)
    chief.post(url_of(policy), opened(chief, policy) | {"price": "199"})
    assert PricePolicy.objects.get().price == 199

    answer = course_manager.post(url_of(owner), mine | {f"{POLICY}-0-valid_period": "60"})
    assert "199" in text_of(answer)
    policy.refresh_from_db()
    assert (policy.price, policy.valid_period) == (199, 30)
    again = form_of(text_of(answer))
    assert (again[f"{POLICY}-0-price"], again[f"{POLICY}-0-valid_period"]) == ("199.0", "60")
    assert course_manager.post(url_of(owner), again).status_code == 302
    policy.refresh_from_db()
    assert (policy.price, policy.valid_period) == (199, 60)


def test_a_section_within_a_chapter_is_guarded(course_manager: Client, chief: Client) -> None:
    row = MAKERS[CourseSection]()
    owner = row.chapter.course
    mine = opened(course_manager, owner)
    chief.post(url_of(row), opened(chief, row) | {"name": "同事的课时"})
    prefix = "coursechapters-0-coursesections-0"
    assert mine[f"{prefix}-name"] == "课时"

    answer = course_manager.post(url_of(owner), mine | {f"{prefix}-name": "我的课时"})
    assert "同事的课时" in text_of(answer)
    assert form_of(text_of(answer))[f"{prefix}-name"] == "我的课时"
    row.refresh_from_db()
    assert row.name == "同事的课时"


def test_a_row_that_a_colleague_has_changed_is_not_deleted_unseen(
    course_manager: Client, chief: Client
) -> None:
    policy = PricePolicyFactory(content_object=course(), price=10.0)
    owner = policy.content_object
    mine = opened(course_manager, owner)
    chief.post(url_of(policy), opened(chief, policy) | {"price": "199"})
    answer = course_manager.post(url_of(owner), mine | {f"{POLICY}-0-DELETE": "on"})
    assert "199" in text_of(answer)
    assert PricePolicy.objects.exists()
    again = form_of(text_of(answer))
    assert again[f"{POLICY}-0-DELETE"]
    course_manager.post(url_of(owner), again)
    assert not PricePolicy.objects.exists()


def test_a_row_that_is_gone_and_was_not_touched_does_not_hinder(course_manager: Client) -> None:
    policy, other = (PricePolicyFactory(content_object=course()) for _ in range(2))
    owner = policy.content_object
    PricePolicy.objects.filter(pk=other.pk).update(object_id=owner.pk, valid_period=60)
    mine = opened(course_manager, owner)
    policy.delete()
    assert course_manager.post(url_of(owner), mine | {"name": "新名字"}).status_code == 302
    owner.refresh_from_db()
    assert owner.name == "新名字"
    assert PricePolicy.objects.get().pk == other.pk


def test_a_row_that_is_gone_and_was_touched_is_kept_as_a_new_one(course_manager: Client) -> None:
    policy, other = (PricePolicyFactory(content_object=course()) for _ in range(2))
    owner = policy.content_object
    PricePolicy.objects.filter(pk=other.pk).update(object_id=owner.pk, valid_period=60)
    mine = opened(course_manager, owner)
    policy.delete()
    answer = course_manager.post(url_of(owner), mine | {f"{POLICY}-0-price": "77"})
    assert "已删除" in text_of(answer)
    assert "77" in text_of(answer)
    assert list(PricePolicy.objects.values_list("price", flat=True)) == [99.0]
    assert course_manager.post(url_of(owner), form_of(text_of(answer))).status_code == 302
    found = PricePolicy.objects.order_by("price").values_list("object_id", "price", "valid_period")
    assert list(found) == [(owner.pk, 77.0, 30), (owner.pk, 99.0, 60)]


def test_a_chapter_that_is_gone_keeps_the_sections_typed_into_it(course_manager: Client) -> None:
    section = MAKERS[CourseSection]()
    owner = section.chapter.course
    mine = opened(course_manager, owner)
    CourseChapter.objects.all().delete()
    typed = {"coursechapters-0-coursesections-0-name": "改过的课时"}
    answer = course_manager.post(url_of(owner), mine | typed)
    assert "改过的课时" in text_of(answer)
    assert not CourseSection.objects.exists()
    assert course_manager.post(url_of(owner), form_of(text_of(answer))).status_code == 302
    saved = CourseSection.objects.get()
    assert (saved.name, saved.chapter.course_id) == ("改过的课时", owner.pk)


# --- A list whose cells can be edited -------------------------------------------------------------


def test_a_list_whose_cells_can_be_edited_is_guarded(
    chief: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_courses = admin.site._registry[Course]
    monkeypatch.setattr(of_courses, "list_editable", ("order",), raising=False)
    row = course()
    Course.objects.filter(pk=row.pk).update(order=1)
    url = reverse("admin:api_course_changelist")
    mine = form_of(chief.get(url).content.decode(), "changelist-form") | {"_save": "1"}
    Course.objects.filter(pk=row.pk).update(order=5)

    answer = chief.post(url, mine | {"form-0-order": "3"})
    page = text_of(answer)
    assert REFUSED in page
    assert "现在是“5”" in page
    assert "您的页面上是“3”" in page
    row.refresh_from_db()
    assert row.order == 5
    again = form_of(page, "changelist-form") | {"_save": "1"}
    assert chief.post(url, again).status_code == 302
    row.refresh_from_db()
    assert row.order == 3


# --- Dialogs --------------------------------------------------------------------------------------


def dialogs() -> list[Any]:
    """Of every action of every admin."""
    found = []
    for of_model in admin.site._registry.values():
        methods = (getattr(type(of_model), name, None) for name in dir(type(of_model)))
        found += [one for one in methods if getattr(one, "dialog", None)]
    return found


def test_every_dialog_carries_what_one_decides_upon() -> None:
    assert len(dialogs()) >= 17  # found by what they are, so that no new one is forgotten
    for action in dialogs():
        assert issubclass(action.dialog["form_class"], DeskDialogForm)
        assert action.dialog["form_class"].facts_of(None) == {}


def dialog_of(browser: Client, url: str) -> dict[str, Any]:
    page = browser.get(url).content.decode()
    return form_of(page.replace("<form ", '<form id="d_form" '))


def test_a_record_that_was_used_meanwhile_is_not_taken_back_and_the_reason_stays(
    manager: Client,
) -> None:
    record = CouponRecordFactory()
    url = reverse("admin:api_couponrecord_changelist") + f"{record.pk}/void/"
    mine = dialog_of(manager, url) | {"reason": "发错了人"}
    CouponRecord.objects.update(status=4, order=OrderFactory(account=record.account))
    page = text_of(manager.post(url, mine))
    assert "您打开时是“未使用”，现在是“已锁定”" in page
    assert "发错了人" in page
    record.refresh_from_db()
    assert (record.status, LogEntry.objects.exists()) == (4, False)


def test_an_order_that_was_closed_meanwhile_is_marked_as_paid_only_on_purpose(
    chief: Client,
) -> None:
    order = orders.order()
    url = reverse("admin:api_order_changelist") + f"{order.pk}/mark_paid/"
    mine = dialog_of(chief, url) | {"note": "转账 7"}
    closing.close_timed_out(order, now=timezone.now())
    page = text_of(chief.post(url, mine))
    assert "您打开时是“待支付”，现在是“超时取消”" in page
    assert not Payment.objects.exists()
    again = form_of(page.replace("<form ", '<form id="d_form" '))
    assert again["note"] == "转账 7"
    assert chief.post(url, again).headers["HX-Redirect"]
    order.refresh_from_db()
    assert order.status == 0


def test_a_refund_that_another_has_decided_meanwhile_is_not_decided_again(chief: Client) -> None:
    asked = MAKERS[Refund]()
    url = reverse("admin:api_refund_changelist") + f"{asked.pk}/refuse/"
    mine = dialog_of(chief, url) | {"note": "课程已学完"}
    Refund.objects.update(status=Refund.Status.APPROVED)
    page = text_of(chief.post(url, mine))
    assert "您打开时是“待审核”，现在是“退款中”" in page
    assert "课程已学完" in page
    assert Refund.objects.get().status == Refund.Status.APPROVED
    assert not LogEntry.objects.exists()


def test_a_refund_is_not_asked_for_twice_by_two_with_the_same_page(chief: Client) -> None:
    asked = MAKERS[Refund]()
    Order.objects.update(status=0)
    url = reverse("admin:api_order_changelist") + f"{asked.order_id}/ask_refund/"
    mine = dialog_of(chief, url) | {"reason": "电话申请"}
    Order.objects.update(status=2)
    page = text_of(chief.post(url, mine))
    assert "您打开时是“交易成功”，现在是“退费申请中”" in page
    assert "电话申请" in page
    assert Refund.objects.count() == 1


def test_a_token_is_not_revoked_of_an_account_that_has_another_name_by_now(chief: Client) -> None:
    account = UserAuthTokenFactory().user
    url = reverse("admin:api_account_changelist") + f"{account.pk}/revoke_token/"
    mine = dialog_of(chief, url)
    Account.objects.filter(pk=account.pk).update(username="anders")
    assert "现在是“anders”" in text_of(chief.post(url, mine))
    assert UserAuthToken.objects.exists()
    assert not LogEntry.objects.exists()


# --- What history says ----------------------------------------------------------------------------


def test_history_keeps_old_and_new_values_and_managers_can_read_it(manager: Client) -> None:
    coupon = CouponFactory(money_equivalent_value=40)
    manager.post(url_of(coupon), opened(manager, coupon) | {"money_equivalent_value": "50"})
    assert history_of(coupon) == "修改“面额（元）”：40 → 50"
    shown = manager.get(reverse("admin:api_coupon_history", args=[coupon.pk])).content.decode()
    assert "“面额（元）”：40 → 50" in shown


def test_history_tells_of_the_rows_within_a_page(course_manager: Client) -> None:
    policy = PricePolicyFactory(content_object=course(), price=99.0)
    owner = policy.content_object
    mine = opened(course_manager, owner) | {f"{POLICY}-0-price": "10", "level": "2"}
    course_manager.post(url_of(owner), mine)
    told = history_of(owner)
    assert "“难度”：" in told
    assert "“价格(元)”：99.0 → 10.0" in told
    course_manager.post(url_of(owner), opened(course_manager, owner) | {f"{POLICY}-0-DELETE": "on"})
    assert "删除" in history_of(owner)
    assert "价格(元)：10.0" in history_of(owner)


def test_history_tells_of_a_section_within_a_chapter(course_manager: Client) -> None:
    row = chapter()
    prefix = "coursechapters-0-coursesections"
    added = {
        f"{prefix}-TOTAL_FORMS": "1",
        f"{prefix}-0-name": "新课时",
        f"{prefix}-0-order": "1",
        f"{prefix}-0-section_type": "2",
    }
    course_manager.post(url_of(row.course), opened(course_manager, row.course) | added)
    assert "课时名称：新课时" in history_of(row.course)


def test_history_never_has_a_password(chief: Client) -> None:
    account = AccountFactory()
    chief.post(url_of(account), opened(chief, account) | {"new_password": "geheim-2026!"})
    assert history_of(account) == "修改“新密码”：（不显示） → （不显示）"


def test_a_save_that_changes_nothing_says_so(manager: Client) -> None:
    coupon = CouponFactory()
    manager.post(url_of(coupon), opened(manager, coupon))
    assert history_of(coupon) == "没有字段被修改"
    assert CourseDetail.objects.count() == 0


# --- At the same moment ---------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_the_same_moment_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each, when it has compared, waits for the other to have compared too. With the lock the
    other cannot come that far; then the wait ends by itself."""
    User.objects.create_superuser("chief", password="p")
    policy = PricePolicyFactory(content_object=course(), price=10.0)
    owner = policy.content_object
    first, second = Client(), Client()
    for browser in (first, second):
        browser.force_login(User.objects.get())
    pages = {
        first: (url_of(owner), opened(first, owner) | {f"{POLICY}-0-price": "199"}),
        second: (url_of(policy), opened(second, policy) | {"price": "20"}),
    }
    met, save = threading.Barrier(2), GuardedAdmin.save_model
    statuses = []

    def meet_first(*args: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            met.wait(timeout=1)
        save(*args)

    def send(browser: Client) -> None:
        statuses.append(browser.post(*pages[browser]).status_code)
        connection.close()

    monkeypatch.setattr(GuardedAdmin, "save_model", meet_first)
    threads = [threading.Thread(target=send, args=(browser,)) for browser in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(statuses) == [200, 302]
