"""A thing has one name at the desk: the sidebar's, without the numbers of the course document."""

import re

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from api.admin.desk.navigation import SECTIONS
from api.models import Coupon, Course
from tests.admin.rows import MAKERS, chapter, course, degree
from tests.support.factories import CouponFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
NAMES = {label: title for links in SECTIONS.values() for title, label, _ in links}
EVERY_MODEL = pytest.mark.parametrize(
    "model", sorted(MAKERS, key=lambda model: model.__name__), ids=lambda model: model.__name__
)
OF_THE_DOCUMENT = [
    str(model._meta.verbose_name_plural)
    for model in apps.get_app_config("api").get_models()
    if re.match(r"\d", str(model._meta.verbose_name_plural))
]


def page(browser: Client, model: type[Model], what: str, *args: object) -> str:
    url = reverse(f"admin:api_{model._meta.model_name}_{what}", args=args)
    return browser.get(url, follow=True).content.decode()


def title(shown: str) -> str:
    found = re.search(r"<title>(.*?)</title>", shown, re.S)
    assert found
    return found[1].strip()


@EVERY_MODEL
def test_no_page_shows_a_name_of_the_document(chief: Client, model: type[Model]) -> None:
    row = MAKERS[model]()
    pages = [page(chief, model, "changelist")]
    pages += [page(chief, model, what, row.pk) for what in ("change", "history", "delete")]
    for shown in pages:
        assert [name for name in OF_THE_DOCUMENT if name in shown] == []


@EVERY_MODEL
def test_a_list_is_called_as_its_link_in_the_sidebar(chief: Client, model: type[Model]) -> None:
    name = NAMES[model._meta.label_lower]
    shown = page(chief, model, "changelist")
    assert title(shown) == f"{name} | 路飞学城优惠券工作台"
    assert len(re.findall(rf">\s*{name}\s*<", shown)) >= 2  # the sidebar's and the breadcrumb


def test_a_form_its_breadcrumb_and_its_title_have_the_name_of_the_list(chief: Client) -> None:
    coupon = CouponFactory()
    shown = page(chief, Coupon, "change", coupon.pk)
    assert "优惠券" in title(shown)
    assert "生成记录" not in shown


def test_what_was_saved_is_told_by_the_same_name(chief: Client) -> None:
    coupon = CouponFactory()
    url = reverse("admin:api_coupon_delete", args=[coupon.pk])
    told = chief.post(url, {"post": "yes"}, follow=True).content.decode()
    assert "优惠券" in told
    assert "生成记录" not in told


def test_the_log_calls_things_so_too(chief: Client) -> None:
    LogEntry.objects.log_actions(chief.user.pk, [CouponFactory()], CHANGE, "改了")
    shown = chief.get(reverse("admin:admin_logentry_changelist")).content.decode()
    assert re.search(r">\s*优惠券\s*<", shown[shown.index("result_list") :])
    assert "生成记录" not in shown


def test_the_index_of_the_shop_calls_things_so_too(chief: Client) -> None:
    shown = chief.get(reverse("admin:app_list", args=["api"])).content.decode()
    assert [name for name in OF_THE_DOCUMENT if name in shown] == []


def test_the_models_keep_the_names_of_the_document() -> None:
    assert Coupon._meta.verbose_name_plural == "31. 优惠券生成记录"
    assert ContentType.objects.get_for_model(Course).name == Course._meta.verbose_name


def test_a_post_is_called_a_post_wherever_one_is_chosen(chief: Client) -> None:
    person = User.objects.get()
    form = chief.get(f"/admin/auth/user/{person.pk}/change/").content.decode()
    assert 'data-field-name="岗位"' in form
    assert 'data-field-name="组"' not in form
    assert 'data-label="岗位"' in chief.get("/admin/auth/group/").content.decode()


def test_rows_that_are_to_be_deleted_together_are_called_so_too(chief: Client) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [chapter().pk]}
    asked = chief.post("/admin/api/coursechapter/", chosen).content.decode()
    assert re.search(r"删除选中的\s*章节\s*吗", asked)
    assert "课程章节" not in asked


def test_a_time_of_study_is_counted_in_chinese_days(chief: Client) -> None:
    for kind, make in (("course", course), ("degreecourse", degree)):
        form = chief.get(f"/admin/api/{kind}/{make().pk}/change/").content.decode()
        assert "建议学习周期（天）" in form
        assert "(days)" not in form
    assert "建议学习周期（天）" in chief.get("/admin/api/degreecourse/").content.decode()


def test_a_list_says_how_many_rows_it_has_as_every_other(chief: Client) -> None:
    for kind, number in (("user", 1), ("group", 3)):
        assert f"共{number}条" in chief.get(f"/admin/auth/{kind}/").content.decode()
