"""Every model has a list that finds, filters and reads Chinese, at the same cost for any length."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from api.admin.desk import headings
from api.models import (
    Account,
    ArchivedFile,
    CouponRecord,
    CouponRecordEvent,
    Course,
    CourseDetail,
    IdempotencyKey,
    JobRun,
    OrderDetail,
    Payment,
    PricePolicy,
    RefundLine,
    ShopEvent,
    Teacher,
)
from tests.admin.rows import MAKERS, ROWS
from tests.support.factories import AccountFactory

MODELS = sorted(MAKERS, key=lambda model: model.__name__)
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)

# Words of the theme or of Django that are left where a translation is missing.
_TAGS = re.compile(r"<(script|style|svg)\b.*?</\1>|<[^>]*>", re.DOTALL)
_ENGLISH = re.compile(r"\b[A-Z][a-z]{2,}(?: [a-z]+)*\b")
_NAMES = {"Token", "Webhook", "Mac", "Control", "Command"}  # things of ours, and keys
_NAMES |= {"Account", "Chief"}  # how names begin here

# What a list's page gives a name to besides.
_NO_FILTERS = {"q", "p", "o", "s", "csrfmiddlewaretoken", "action", "index", "select_across"}
_NO_FILTERS |= {"_selected_action", "robots", "viewport"}


def page_of(model: type[Model], what: str = "changelist", *args: object) -> str:
    return reverse(f"admin:api_{model._meta.model_name}_{what}", args=args)


def test_all_models_of_the_shop_are_there() -> None:
    models = set(apps.get_app_config("api").get_models())
    # Shown with what they belong to.
    models -= {CouponRecordEvent, OrderDetail, ShopEvent, Payment, RefundLine}
    models -= {ArchivedFile, IdempotencyKey, JobRun}  # nobody's to look at
    assert len(models) == 33
    assert set(MAKERS) == models
    for model in models:
        registered = admin.site._registry[model]
        assert registered.search_fields, model
        assert registered.list_filter, model
        assert registered.list_display != ("__str__",), model


@pytest.mark.slow
@EVERY_MODEL
def test_a_list_of_thirty_asks_no_more_queries_than_one_of_three(
    chief: Client, model: type[Model]
) -> None:
    for _ in range(3):
        MAKERS[model]()
    chief.get(page_of(model))  # content types are looked up once in a process
    with CaptureQueriesContext(connection) as three:
        assert chief.get(page_of(model)).status_code == 200
    for _ in range(27):
        MAKERS[model]()
    with CaptureQueriesContext(connection) as thirty:
        chief.get(page_of(model))
    assert len(thirty) == len(three)
    assert len(thirty) <= 14


def test_the_headings_of_a_list_are_made_once_and_not_for_each_row(
    chief: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        MAKERS[CouponRecord]()
    lists, make = [], headings._made
    monkeypatch.setattr(headings, "_made", lambda cl: lists.append(cl) or make(cl))

    chief.get(page_of(CouponRecord))

    assert len(lists) == 1


def test_a_list_says_how_many_rows_it_has(chief: Client) -> None:
    for _ in range(3):
        MAKERS[Course]()
    assert "共3条" in chief.get(page_of(Course)).content.decode()


@pytest.mark.slow
@EVERY_MODEL
def test_no_page_counts_by_the_number_of_a_list_that_is_not_counted(
    chief: Client, model: type[Model]
) -> None:
    row, _ = MAKERS[model](), MAKERS[model]()
    LogEntry.objects.log_actions(chief.user.pk, [row], CHANGE, "改了", single_object=True)
    history = chief.get(page_of(model, "history", row.pk)).content.decode()
    assert "改了" in history
    assert re.search(r"\b1\s+条", history)
    assert "9999999999" not in history
    assert "9999999999" not in chief.get(page_of(model)).content.decode()


@pytest.mark.slow
@EVERY_MODEL
def test_lists_forms_and_history_speak_chinese(chief: Client, model: type[Model]) -> None:
    row = MAKERS[model]()
    assert reads_chinese(chief, page_of(model))
    assert reads_chinese(chief, page_of(model, "change", row.pk))
    assert reads_chinese(chief, page_of(model, "history", row.pk))
    assert reads_chinese(chief, page_of(model, "delete", row.pk), allowed=(200, 403))
    if admin.site._registry[model].has_add_permission(chief.get("/admin/").wsgi_request):
        assert reads_chinese(chief, page_of(model, "add"))


def text_of(page: str) -> str:
    return _TAGS.sub(" ", page)


def reads_chinese(browser: Client, url: str, allowed: tuple[int, ...] = (200,)) -> bool:
    answer = browser.get(url)
    assert answer.status_code in allowed, url
    english = set(_ENGLISH.findall(text_of(answer.content.decode()))) - _NAMES
    assert not english, (url, english)
    return True


@pytest.mark.slow
@EVERY_MODEL
def test_a_search_for_anything_answers(
    chief: Client, model: type[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    MAKERS[model]()
    assert chief.get(page_of(model), {"q": "a"}).status_code == 200
    monkeypatch.setattr(admin.site._registry[model], "change_list_template", ROWS)
    for term in ("a", "编号", "1", "%", "'", "\0"):
        assert chief.get(page_of(model), {"q": term}).status_code == 200, term


def test_prices_are_found_by_their_course(chief: Client) -> None:
    wanted, other = MAKERS[PricePolicy](), MAKERS[PricePolicy]()

    found = chief.get(page_of(PricePolicy), {"q": wanted.content_object.name}).content.decode()
    assert wanted.content_object.name in found
    assert other.content_object.name not in found


def test_the_sidebar_shows_what_one_may_see(manager: Client, course_manager: Client) -> None:
    of_coupons = manager.get("/admin/").content.decode()
    assert page_of(Course) in of_coupons
    assert "/admin/api/coupon/" in of_coupons
    assert "/admin/api/teacher/" not in of_coupons
    assert "/admin/auth/user/" not in of_coupons
    of_courses = course_manager.get("/admin/").content.decode()
    assert "/admin/api/teacher/" in of_courses
    assert "/admin/api/coupon/" not in of_courses


@pytest.mark.slow
@EVERY_MODEL
def test_every_filter_answers_for_every_choice_and_for_nonsense(
    chief: Client, model: type[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    MAKERS[model]()
    page = chief.get(page_of(model))
    monkeypatch.setattr(admin.site._registry[model], "change_list_template", ROWS)
    offered = set(re.findall(r'(?:name|href)="\??([a-z_]+)', page.content.decode()))
    for filter_spec in page.context["cl"].filter_specs:
        offered |= set(filter_spec.expected_parameters())
    for name in offered - _NO_FILTERS:
        for value in ("1", "yes", "0", "2026-11-22", "nonsense", "99999999999999999999"):
            status = chief.get(page_of(model), {name: value}).status_code
            assert status in (200, 302), (name, value)


@pytest.mark.parametrize(
    "url",
    [
        "/admin/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        "/admin/auth/group/",
        "/admin/admin/logentry/",
        "/admin/password_change/",
        "/admin/api/couponrecord/export/",
        "/admin/api/ledgerentry/closing/",
    ],
)
def test_the_other_pages_speak_chinese(chief: Client, url: str) -> None:
    assert reads_chinese(chief, url)


def test_the_page_of_a_post_speaks_chinese(chief: Client) -> None:
    post = Group.objects.order_by("pk").first()
    assert post
    assert reads_chinese(chief, f"/admin/auth/group/{post.pk}/change/")


def test_the_page_of_one_of_the_staff_speaks_chinese(chief: Client) -> None:
    url = f"/admin/auth/user/{chief.user.pk}/"
    assert reads_chinese(chief, f"{url}change/")
    page = chief.get(f"{url}change/").content.decode()
    assert "密码只保存哈希" in page
    assert '<a href="../password/"' in page


def test_rows_that_only_join_two_others_are_not_told_when_they_go(chief: Client) -> None:
    row = MAKERS[CourseDetail]()
    row.teachers.add(MAKERS[Teacher]())
    page = chief.get(page_of(CourseDetail, "delete", row.pk)).content.decode()
    assert str(row) in page
    assert "关系" not in page
    assert "CourseDetail_teachers" not in page
    chief.post(page_of(CourseDetail, "delete", row.pk), {"post": "yes"})
    assert not CourseDetail.objects.exists()
    assert Teacher.objects.exists()


def test_accounts_are_filtered_by_whether_they_have_a_token(chief: Client) -> None:
    logged_in, never = MAKERS[Account](), AccountFactory()
    page = chief.get(page_of(Account))
    assert "userauthtoken</" not in page.content.decode()
    for value, found in (("yes", logged_in), ("no", never)):
        shown = chief.get(page_of(Account), {"has_user": value}).context["cl"].result_list
        assert list(shown) == [found]
