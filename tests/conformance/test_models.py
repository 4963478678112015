import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import hashers
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.forms import ModelForm, modelform_factory
from django.utils import timezone

from api.models import (
    Account,
    Article,
    ArticleSource,
    Collection,
    Comment,
    Coupon,
    CouponRecord,
    CouponRecordStatus,
    Course,
    CourseCategory,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    CourseStatus,
    CourseSubCategory,
    DegreeCourse,
    Homework,
    OftenAskedQuestion,
    PricePolicy,
    Scholarship,
    Teacher,
    UserAuthToken,
)
from api.rules.coupons import CouponType
from tests.support.factories import PricePolicyFactory
from tests.support.models_of_the_document import CHOICES, FIELDS, NAMES, UNIQUE_TOGETHER

# Rows to test with -----------------------------------------------------------------------------


def a_coupon(**changes: Any) -> Coupon:
    """An unsaved coupon that nothing is wrong with."""
    fields: dict[str, Any] = {
        "name": "促销",
        "coupon_type": CouponType.CASH,
        "money_equivalent_value": 40,
        "open_date": dt.date(2018, 6, 1),
        "close_date": dt.date(2018, 6, 30),
        "valid_begin_date": dt.date(2018, 6, 4),
        "valid_end_date": dt.date(2018, 6, 29),
    }
    return Coupon(**fields | changes)


def a_saved_coupon(**changes: Any) -> Coupon:
    coupon = a_coupon(**changes)
    coupon.save()
    return coupon


def an_account(username: str = "alex") -> Account:
    return Account.objects.create(username=username, password="!")


def a_record(account: Account, number: str, **changes: Any) -> CouponRecord:
    fields: dict[str, Any] = {"coupon": a_saved_coupon(), "get_time": timezone.now()}
    return CouponRecord.objects.create(account=account, number=number, **fields | changes)


def a_course(name: str = "爬虫开发-专题", **changes: Any) -> Course:
    category, _ = CourseCategory.objects.get_or_create(name="后端")
    sub_category, _ = CourseSubCategory.objects.get_or_create(category=category, name="python")
    fields: dict[str, Any] = {"course_type": 0, "course_img": "a.jpg", "brief": "b", "order": 1}
    return Course.objects.create(name=name, sub_category=sub_category, **fields | changes)


def a_detail(course: Course) -> CourseDetail:
    return CourseDetail.objects.create(
        course=course,
        hours=10,
        why_study="w",
        what_to_study_brief="w",
        career_improvement="c",
        prerequisite="p",
    )


def a_section(chapter: CourseChapter, **changes: Any) -> CourseSection:
    fields: dict[str, Any] = {"name": "安装", "order": 1, "section_link": "vid1"}
    return CourseSection.objects.create(chapter=chapter, **fields | changes)


def a_homework(chapter: CourseChapter) -> Homework:
    return Homework.objects.create(
        chapter=chapter,
        title="写一个爬虫",
        order=1,
        requirement="r",
        threshold="t",
        scholarship_value=1,
    )


def a_policy(course: Course) -> PricePolicy:
    return PricePolicy.objects.create(content_object=course, valid_period=60, price=599.0)


def a_question(course: Course) -> OftenAskedQuestion:
    return OftenAskedQuestion.objects.create(content_object=course, question="难吗", answer="不")


# The document's facts --------------------------------------------------------------------------


def declared_fields(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    meta = model._meta
    fields = [*meta.local_fields, *meta.local_many_to_many]
    return [field for field in fields if not field.auto_created]


# What the contract adds: tables, and columns behind the document's.
BEYOND = {
    "CouponCode",
    "CouponRecordEvent",
    "EnrolledCourse",
    "IdempotencyKey",
    "IssueBatch",
    "IssuePlan",
    "JobRun",
    "ArchivedFile",
    "Bill",
    "BillLine",
    "LedgerEntry",
    "Order",
    "OrderDetail",
    "Payment",
    "PaymentNotification",
    "Refund",
    "RefundLine",
    "ShopEvent",
    "WebhookDelivery",
    "WebhookEndpoint",
}
BEYOND_FIELDS = {
    "Account": ("ordered_settlement", "name_key", "registered"),
    "Coupon": (
        "issued",
        "claimable",
        "per_account",
        "paused",
        "code",
        "max_off",
        "disabled",
        "budget",
    ),
    "CouponRecord": ("order", "valid_until", "batch", "claim_no"),
}


def test_there_are_the_21_models_of_the_document() -> None:
    names = {model.__name__ for model in apps.get_app_config("api").get_models()}
    assert names - BEYOND == set(FIELDS)
    assert len(FIELDS) == 21


@pytest.mark.parametrize("name", FIELDS)
def test_a_model_has_the_fields_of_the_document_in_its_order(name: str) -> None:
    declared = [field.name for field in declared_fields(apps.get_model("api", name))]
    assert declared == [*FIELDS[name], *BEYOND_FIELDS.get(name, ())]


@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model, fields in FIELDS.items() for name in fields]
)
def test_a_field_is_declared_as_in_the_document(model: str, name: str) -> None:
    field = apps.get_model("api", model)._meta.get_field(name)
    assert isinstance(field, models.Field)
    _, path, _, options = field.deconstruct()
    options.pop("on_delete", None)
    options.pop("validators", None)  # what is refused beyond the document
    if "choices" in options:
        options["choices"] = tuple(tuple(choice) for choice in options["choices"])
    assert (path.rpartition(".")[2], options) == FIELDS[model][name]


@pytest.mark.parametrize("name", FIELDS)
def test_relations_cascade(name: str) -> None:
    for field in declared_fields(apps.get_model("api", name)):
        own = field.name in BEYOND_FIELDS.get(name, ())
        if isinstance(field, models.ForeignKey) and not own:
            assert field.remote_field.on_delete is models.CASCADE


@pytest.mark.parametrize("name", FIELDS)
def test_ids_are_big(name: str) -> None:
    assert isinstance(apps.get_model("api", name)._meta.pk, models.BigAutoField)


@pytest.mark.parametrize("name", FIELDS)
def test_a_model_is_named_as_in_the_document(name: str) -> None:
    meta = apps.get_model("api", name)._meta
    assert (meta.verbose_name, meta.verbose_name_plural) == NAMES[name]


@pytest.mark.parametrize("name", FIELDS)
def test_a_model_is_unique_together_as_in_the_document(name: str) -> None:
    together = apps.get_model("api", name)._meta.unique_together
    assert list(together) == ([UNIQUE_TOGETHER[name]] if name in UNIQUE_TOGETHER else [])


@pytest.mark.parametrize("attribute", CHOICES)
def test_choices_are_kept_under_the_name_they_have_in_the_document(attribute: str) -> None:
    model, _, name = attribute.partition(".")
    assert tuple(getattr(apps.get_model("api", model), name)) == CHOICES[attribute]


@pytest.mark.parametrize("model", [Collection, Comment, Coupon, OftenAskedQuestion, PricePolicy])
def test_a_row_about_anything_points_at_it_by_content_object(model: type[models.Model]) -> None:
    [pointer] = [f for f in model._meta.private_fields if isinstance(f, GenericForeignKey)]
    assert pointer.name == "content_object"
    assert (pointer.ct_field, pointer.fk_field) == ("content_type", "object_id")


@pytest.mark.parametrize(
    ("model", "relations"),
    [
        (Course, {"price_policy": PricePolicy, "asked_question": OftenAskedQuestion}),
        (
            DegreeCourse,
            {"degreecourse_price_policy": PricePolicy, "asked_question": OftenAskedQuestion},
        ),
    ],
)
def test_courses_and_degrees_know_their_prices_and_questions(
    model: type[models.Model], relations: dict[str, type[models.Model]]
) -> None:
    found = [f for f in model._meta.private_fields if isinstance(f, GenericRelation)]
    assert {field.name: field.related_model for field in found} == relations


# How rows read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (CourseCategory(name="后端"), "后端"),
        (CourseSubCategory(name="python"), "python"),
        (DegreeCourse(name="Python全栈"), "Python全栈"),
        (Teacher(name="alex"), "alex"),
        (Scholarship(degree_course=DegreeCourse(name="Python全栈"), value=500), "Python全栈:500"),
        (Course(name="Git入门", course_type=1), "Git入门(VIP专享)"),
        (CourseDetail(course=Course(name="Git入门", course_type=0)), "Git入门(付费)"),
        (CourseOutline(title="第一讲"), "第一讲"),
        (
            CourseChapter(course=Course(name="Git入门", course_type=2), chapter=3, name="分支"),
            "Git入门(学位课程):(第3章)分支",
        ),
        (ArticleSource(name="36氪"), "36氪"),
        (Article(source=ArticleSource(name="36氪"), title="新闻"), "36氪-新闻"),
        (Comment(content="很好"), "很好"),
        (Account(username="alex"), "alex"),
        (Coupon(name="促销", coupon_type=0), "立减券(促销)"),
        (Coupon(name="1周年", coupon_type=1), "满减券(1周年)"),
        (Coupon(name="开学"), "立减券(开学)"),
        (CouponRecord(account=Account(username="alex"), number="n001"), "alex-n001-0"),
        (CouponRecord(account=Account(username="alex"), number="n001", status=3), "alex-n001-3"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_row_reads_as_in_the_document(row: models.Model, text: str) -> None:
    assert str(row) == text


def test_a_section_reads_as_its_chapter_and_name() -> None:
    chapter = CourseChapter(course=Course(name="Git入门", course_type=0), name="分支")
    assert str(CourseSection(chapter=chapter, name="合并")) == "Git入门(付费):(第1章)分支-合并"


def test_a_homework_reads_as_its_chapter_and_title() -> None:
    chapter = CourseChapter(course=Course(name="Git入门", course_type=0), name="分支")
    assert str(Homework(chapter=chapter, title="练习")) == "Git入门(付费):(第1章)分支 - 练习"


@pytest.mark.django_db
def test_a_price_policy_reads_as_its_course_period_and_price() -> None:
    assert str(a_policy(a_course())) == "爬虫开发-专题(付费)(2个月)599.0"


@pytest.mark.django_db
def test_a_question_reads_as_its_course_and_itself() -> None:
    assert str(a_question(a_course())) == "爬虫开发-专题(付费)-难吗"


@pytest.mark.django_db
def test_a_token_reads_as_its_account_and_never_shows_itself() -> None:
    token = UserAuthToken.objects.create(user=an_account("alex"), token="s3cret")
    assert str(token) == "alex"
    assert "s3cret" not in repr(token)


@pytest.mark.django_db
def test_a_collection_reads_as_its_ids_without_a_query(
    django_assert_num_queries: Callable[..., Any],
) -> None:
    course, account = a_course(), an_account()
    Collection.objects.create(content_object=course, account=account)
    collection = Collection.objects.get()
    with django_assert_num_queries(0):
        text = str(collection)
    content_type = ContentType.objects.get_for_model(Course)
    assert text == f"{account.pk}-{content_type.pk}-{course.pk}"


# Names for numbers -----------------------------------------------------------------------------


def test_coupon_types_have_names() -> None:
    assert (CouponType.CASH, CouponType.THRESHOLD, CouponType.DISCOUNT) == (0, 1, 2)


def test_statuses_of_a_record_have_names() -> None:
    status = CouponRecordStatus
    assert (status.UNUSED, status.USED, status.EXPIRED, status.VOID) == (0, 1, 2, 3)


def test_statuses_of_a_course_have_names() -> None:
    assert (CourseStatus.ONLINE, CourseStatus.OFFLINE, CourseStatus.SOON) == (0, 1, 2)


def test_a_record_that_was_taken_back_is_void() -> None:
    assert CouponRecord(status=3).get_status_display() == "已作废"


# Passwords -------------------------------------------------------------------------------------

OLD_HASHER = "django.contrib.auth.hashers.MD5PasswordHasher"
NEW_HASHER = "django.contrib.auth.hashers.PBKDF2PasswordHasher"


def test_a_password_is_kept_as_a_hash() -> None:
    account = Account(username="alex")
    account.set_password("123456")
    assert "123456" not in account.password
    assert hashers.identify_hasher(account.password)


def test_the_right_password_is_accepted() -> None:
    account = Account(username="alex")
    account.set_password("123456")
    assert account.check_password("123456")


def test_a_wrong_password_is_refused() -> None:
    account = Account(username="alex")
    account.set_password("123456")
    assert not account.check_password("1234567")


def test_a_password_that_was_stored_as_it_is_is_refused() -> None:
    assert not Account(username="alex", password="123456").check_password("123456")


def test_the_longest_hash_fits_its_column() -> None:
    account = Account(username="alex")
    account.set_password("x" * 200)
    assert len(account.password) <= 128


@pytest.mark.django_db
def test_a_hash_of_an_older_hasher_is_renewed_when_the_password_is_right(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [NEW_HASHER, OLD_HASHER]
    account = an_account("alex")
    account.password = hashers.make_password("123456", hasher="md5")
    account.save()
    assert account.check_password("123456")
    account.refresh_from_db()
    assert account.password.startswith("pbkdf2_sha256$")
    assert account.check_password("123456")


@pytest.mark.django_db
def test_renewing_a_hash_saves_nothing_but_the_password(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [NEW_HASHER, OLD_HASHER]
    account = an_account("alex")
    account.password = hashers.make_password("123456", hasher="md5")
    account.save()
    account.username = "not to be saved"
    account.check_password("123456")
    account.refresh_from_db()
    assert account.username == "alex"


@pytest.mark.django_db
def test_a_hash_of_an_older_hasher_stays_when_the_password_is_wrong(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [NEW_HASHER, OLD_HASHER]
    account = an_account("alex")
    account.password = old = hashers.make_password("123456", hasher="md5")
    account.save()
    assert not account.check_password("654321")
    account.refresh_from_db()
    assert account.password == old


def test_an_account_counts_as_authenticated() -> None:
    assert Account(username="alex").is_authenticated is True


# Coupon.save() ---------------------------------------------------------------------------------

END_NOT_AFTER_BEGIN = "valid_end_date 有效期结束日期必须晚于 valid_begin_date "
ZERO_DAYS = "coupon_valid_days 有效期不能为0"
CLOSE_BEFORE_OPEN = "close_date 优惠券领取结束时间必须晚于 open_date优惠券领取开始时间 "

BEGIN = dt.date(2018, 6, 4)
DAY = dt.timedelta(days=1)

REFUSED_BY_SAVE: list[tuple[dict[str, Any], str]] = [
    ({"valid_begin_date": BEGIN, "valid_end_date": BEGIN - DAY}, END_NOT_AFTER_BEGIN),
    ({"valid_begin_date": BEGIN, "valid_end_date": BEGIN}, END_NOT_AFTER_BEGIN),
    (
        {"valid_begin_date": BEGIN, "valid_end_date": BEGIN, "coupon_valid_days": 7},
        END_NOT_AFTER_BEGIN,
    ),
    (
        {"valid_begin_date": BEGIN, "valid_end_date": BEGIN, "coupon_valid_days": 0},
        END_NOT_AFTER_BEGIN,
    ),
    ({"coupon_valid_days": 0}, ZERO_DAYS),
    ({"valid_begin_date": None, "valid_end_date": None, "coupon_valid_days": 0}, ZERO_DAYS),
    ({"open_date": BEGIN, "close_date": BEGIN - DAY}, CLOSE_BEFORE_OPEN),
]


def the_row() -> dict[str, Any]:
    """The only coupon, as the database has it."""
    row: dict[str, Any] = Coupon.objects.values(*FIELDS["Coupon"]).get()
    return row


@pytest.mark.django_db
@pytest.mark.parametrize(("changes", "message"), REFUSED_BY_SAVE)
def test_save_refuses_with_the_words_of_the_document_and_writes_nothing(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        a_coupon(**changes).save()
    assert not Coupon.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("changes", "message"), REFUSED_BY_SAVE)
def test_save_refuses_a_change_and_the_row_stays(changes: dict[str, Any], message: str) -> None:
    coupon = a_saved_coupon()
    before = the_row()
    for name, value in changes.items():
        setattr(coupon, name, value)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        coupon.save()
    assert the_row() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"open_date": BEGIN, "close_date": BEGIN},
        {"valid_begin_date": BEGIN, "valid_end_date": BEGIN + DAY},
        {"valid_begin_date": BEGIN, "valid_end_date": None},
        {"valid_begin_date": None, "valid_end_date": BEGIN},
        {"valid_begin_date": None, "valid_end_date": None},
        {"valid_begin_date": None, "valid_end_date": None, "coupon_valid_days": 1},
        {"coupon_valid_days": 7},
        {"money_equivalent_value": 0},
        {"coupon_type": CouponType.THRESHOLD, "minimum_consume": 0},
        {"coupon_type": CouponType.DISCOUNT, "money_equivalent_value": 0, "off_percent": 79},
        {"coupon_type": CouponType.DISCOUNT, "money_equivalent_value": 0, "off_percent": 1},
        {"coupon_type": CouponType.DISCOUNT, "money_equivalent_value": 0, "off_percent": 100},
        {"coupon_type": CouponType.CASH, "off_percent": 0},
        {"object_id": 1},
    ],
)
def test_save_accepts_what_the_document_accepts(changes: dict[str, Any]) -> None:
    a_coupon(**changes).save()
    assert Coupon.objects.count() == 1


# Coupon.clean() --------------------------------------------------------------------------------


def form_errors(coupon: Coupon) -> dict[str, list[str]]:
    try:
        coupon.clean()
    except ValidationError as error:
        return error.message_dict
    return {}


NO_DATES = {"valid_begin_date": None, "valid_end_date": None}
THRESHOLD = {"coupon_type": CouponType.THRESHOLD, "minimum_consume": 1000}
DISCOUNT = {"coupon_type": CouponType.DISCOUNT, "money_equivalent_value": 0, "off_percent": 79}


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        (
            {"open_date": BEGIN, "close_date": BEGIN - DAY},
            "close_date",
            "优惠券领取结束时间不能早于领取开始时间",
        ),
        (
            {"valid_begin_date": BEGIN, "valid_end_date": BEGIN},
            "valid_end_date",
            "有效结束时间必须晚于有效期开始时间",
        ),
        (
            {"valid_begin_date": BEGIN, "valid_end_date": BEGIN - DAY, "coupon_valid_days": 7},
            "valid_end_date",
            "有效结束时间必须晚于有效期开始时间",
        ),
        (
            {"valid_end_date": None},
            "valid_end_date",
            "填写了有效期开始时间，请同时填写有效结束时间",
        ),
        (
            {"valid_begin_date": None},
            "valid_begin_date",
            "填写了有效结束时间，请同时填写有效期开始时间",
        ),
        (
            {"valid_end_date": None, "coupon_valid_days": 7},
            "valid_end_date",
            "填写了有效期开始时间，请同时填写有效结束时间",
        ),
        (NO_DATES, "valid_end_date", "请填写有效期起止日期，或领取后的有效天数"),
        ({"coupon_valid_days": 0}, "coupon_valid_days", "优惠券有效期(天)不能为0"),
        (
            NO_DATES | {"coupon_valid_days": 0},
            "coupon_valid_days",
            "优惠券有效期(天)不能为0",
        ),
        (
            {"money_equivalent_value": 0},
            "money_equivalent_value",
            "立减券和满减券的等值货币必须大于0",
        ),
        (
            THRESHOLD | {"money_equivalent_value": -1},
            "money_equivalent_value",
            "立减券和满减券的等值货币必须大于0",
        ),
        (
            DISCOUNT | {"money_equivalent_value": -1},
            "money_equivalent_value",
            "等值货币不能为负数",
        ),
        (
            THRESHOLD | {"minimum_consume": 0},
            "minimum_consume",
            "满减券的最低消费必须大于0",
        ),
        (
            DISCOUNT | {"off_percent": None},
            "off_percent",
            "折扣券的折扣百分比必须在1到99之间，例如7.9折写79",
        ),
        (
            DISCOUNT | {"off_percent": 0},
            "off_percent",
            "折扣券的折扣百分比必须在1到99之间，例如7.9折写79",
        ),
        (
            DISCOUNT | {"off_percent": 100},
            "off_percent",
            "折扣券的折扣百分比必须在1到99之间，例如7.9折写79",
        ),
        ({"content_type_id": 1}, "object_id", "选择了绑定的类型，请同时填写绑定课程的ID"),
        (
            {"content_type_id": 1, "object_id": 0},
            "object_id",
            "选择了绑定的类型，请同时填写绑定课程的ID",
        ),
        ({"object_id": 1}, "content_type", "填写了绑定课程，请同时选择它的类型"),
    ],
)
def test_clean_puts_the_error_beside_its_field(
    changes: dict[str, Any], field: str, message: str
) -> None:
    assert form_errors(a_coupon(**changes)) == {field: [message]}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"open_date": BEGIN, "close_date": BEGIN},
        {"valid_begin_date": BEGIN, "valid_end_date": BEGIN + DAY},
        NO_DATES | {"coupon_valid_days": 1},
        {"coupon_valid_days": 7},
        THRESHOLD,
        THRESHOLD | {"minimum_consume": 1},
        DISCOUNT,
        DISCOUNT | {"off_percent": 1},
        DISCOUNT | {"off_percent": 99},
        {"content_type_id": 1, "object_id": 1},
    ],
)
def test_clean_has_nothing_against_a_good_coupon(changes: dict[str, Any]) -> None:
    assert form_errors(a_coupon(**changes)) == {}


def test_clean_names_every_error_at_once() -> None:
    coupon = a_coupon(close_date=dt.date(2018, 5, 1), money_equivalent_value=0, object_id=1)
    assert set(form_errors(coupon)) == {"close_date", "money_equivalent_value", "content_type"}


@pytest.mark.parametrize("kind", [*CouponType, None])
@pytest.mark.parametrize("name", FIELDS["Coupon"])
def test_clean_survives_a_field_that_failed_its_own_validation(name: str, kind: int | None) -> None:
    form_errors(a_coupon(**{"coupon_type": kind} | {name: None}))


def test_clean_survives_an_empty_coupon() -> None:
    assert set(form_errors(Coupon())) == {"valid_end_date"}


def coupon_form(**changes: Any) -> "ModelForm[Coupon]":
    form_class = modelform_factory(Coupon, fields="__all__")
    fields = {
        "name": "促销",
        "coupon_type": "0",
        "money_equivalent_value": "40",
        "minimum_consume": "0",
        "quantity": "1",
        "open_date": "2018-06-01",
        "close_date": "2018-06-30",
        "valid_begin_date": "2018-06-04",
        "valid_end_date": "2018-06-29",
    }
    return form_class(data=fields | changes)


@pytest.mark.django_db
def test_a_form_saves_a_good_coupon() -> None:
    form = coupon_form()
    assert form.errors == {}
    form.save()
    assert Coupon.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"close_date": "2018-05-01"}, "close_date"),
        ({"valid_end_date": "2018-06-04"}, "valid_end_date"),
        ({"coupon_valid_days": "0"}, "coupon_valid_days"),
        ({"money_equivalent_value": "-1"}, "money_equivalent_value"),
        ({"coupon_type": "2"}, "off_percent"),
        ({"coupon_type": "2", "off_percent": "101"}, "off_percent"),
    ],
)
def test_a_form_says_once_what_a_constraint_says_too(changes: dict[str, str], field: str) -> None:
    errors = coupon_form(**changes).errors
    assert {name: len(messages) for name, messages in errors.items()} == {field: 1}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["open_date", "close_date", "money_equivalent_value"])
def test_a_form_with_an_unreadable_value_says_so(name: str) -> None:
    assert set(coupon_form(**{name: "abc"}).errors) == {name}


# What the database refuses ---------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("coupon_closes_not_before_opening", {"close_date": dt.date(2018, 5, 31)}),
        ("coupon_valid_end_after_begin", {"valid_end_date": BEGIN}),
        ("coupon_valid_end_after_begin", {"valid_end_date": BEGIN - DAY}),
        ("coupon_valid_days_not_zero", {"coupon_valid_days": 0}),
        ("coupon_discount_has_off_percent", {"coupon_type": CouponType.DISCOUNT}),
        ("coupon_discount_has_off_percent", DISCOUNT | {"off_percent": 0}),
        ("coupon_discount_has_off_percent", DISCOUNT | {"off_percent": 101}),
        ("coupon_money_not_negative", {"money_equivalent_value": -1}),
    ],
)
def test_the_database_refuses_a_broken_coupon_and_the_row_stays(
    constraint: str, changes: dict[str, Any]
) -> None:
    a_saved_coupon()
    before = the_row()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Coupon.objects.update(**changes)  # past save()
    assert the_row() == before


@pytest.mark.django_db
@pytest.mark.parametrize("price", [-0.01, 1e13, float("inf")])
def test_a_price_that_is_no_money_is_refused_and_nothing_is_written(price: float) -> None:
    with pytest.raises(IntegrityError, match="price_policy_price_is_money"), transaction.atomic():
        PricePolicyFactory(price=price)
    assert not PricePolicy.objects.exists()


@pytest.mark.parametrize(
    "constraint",
    [*Coupon._meta.constraints, *PricePolicy._meta.constraints],
    ids=lambda c: str(c.name),
)
def test_a_constraint_speaks_chinese(constraint: models.BaseConstraint) -> None:
    message = str(constraint.violation_error_message)
    assert any("\u4e00" <= character <= "\u9fff" for character in message)


def test_the_records_of_an_account_are_indexed_by_status() -> None:
    assert ["account", "status"] in [index.fields for index in CouponRecord._meta.indexes]


def refused_as_a_duplicate(create: Callable[[], object], model: type[models.Model]) -> bool:
    """Whether the second of two equal rows is refused, and the first is the only one left."""
    create()
    with pytest.raises(IntegrityError), transaction.atomic():
        create()
    return model._default_manager.count() == 1


@pytest.mark.django_db
def test_a_username_is_taken_once() -> None:
    assert refused_as_a_duplicate(lambda: an_account("alex"), Account)


@pytest.mark.django_db
def test_an_account_has_one_token() -> None:
    account = an_account()
    UserAuthToken.objects.create(user=account, token="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        UserAuthToken.objects.create(user=account, token="b")
    assert UserAuthToken.objects.get().token == "a"


@pytest.mark.django_db
def test_a_token_belongs_to_one_account() -> None:
    UserAuthToken.objects.create(user=an_account("alex"), token="a")
    other = an_account("oldboy")
    with pytest.raises(IntegrityError), transaction.atomic():
        UserAuthToken.objects.create(user=other, token="a")
    assert UserAuthToken.objects.get().user.username == "alex"


@pytest.mark.django_db
def test_a_record_number_is_given_once() -> None:
    account = an_account()
    assert refused_as_a_duplicate(lambda: a_record(account, "n001"), CouponRecord)


@pytest.mark.django_db
def test_a_course_name_is_taken_once() -> None:
    assert refused_as_a_duplicate(lambda: a_course("Git入门"), Course)


@pytest.mark.django_db
def test_a_course_has_one_detail() -> None:
    course = a_course()
    assert refused_as_a_duplicate(lambda: a_detail(course), CourseDetail)


@pytest.mark.django_db
def test_a_course_has_one_price_for_a_period() -> None:
    course = a_course()
    assert refused_as_a_duplicate(lambda: a_policy(course), PricePolicy)


@pytest.mark.django_db
def test_two_courses_have_prices_for_the_same_period() -> None:
    a_policy(a_course("Git入门"))
    a_policy(a_course("爬虫开发-专题"))
    assert PricePolicy.objects.count() == 2


@pytest.mark.django_db
def test_a_question_is_asked_once_of_a_course() -> None:
    course = a_course()
    assert refused_as_a_duplicate(lambda: a_question(course), OftenAskedQuestion)


@pytest.mark.django_db
def test_an_outline_title_is_used_once_in_a_course() -> None:
    detail = a_detail(a_course())
    assert refused_as_a_duplicate(
        lambda: CourseOutline.objects.create(course_detail=detail, title="t", content="c"),
        CourseOutline,
    )


@pytest.mark.django_db
def test_a_chapter_number_is_used_once_in_a_course() -> None:
    course = a_course()
    assert refused_as_a_duplicate(
        lambda: CourseChapter.objects.create(course=course, chapter=1, name="n"), CourseChapter
    )


@pytest.mark.django_db
def test_a_link_is_used_once_in_a_chapter() -> None:
    chapter = CourseChapter.objects.create(course=a_course(), name="n")
    assert refused_as_a_duplicate(lambda: a_section(chapter), CourseSection)


@pytest.mark.django_db
def test_sections_without_a_link_do_not_collide() -> None:
    chapter = CourseChapter.objects.create(course=a_course(), name="n")
    a_section(chapter, section_link=None)
    a_section(chapter, section_link=None)
    assert CourseSection.objects.count() == 2


@pytest.mark.django_db
def test_a_homework_title_is_used_once_in_a_chapter() -> None:
    chapter = CourseChapter.objects.create(course=a_course(), name="n")
    assert refused_as_a_duplicate(lambda: a_homework(chapter), Homework)


@pytest.mark.django_db
def test_an_account_collects_a_thing_once() -> None:
    course, account = a_course(), an_account()
    assert refused_as_a_duplicate(
        lambda: Collection.objects.create(content_object=course, account=account),
        Collection,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("model", [CourseCategory, ArticleSource])
def test_a_name_is_taken_once(model: type[models.Model]) -> None:
    assert refused_as_a_duplicate(lambda: model._default_manager.create(name="n"), model)


# The unused records of an account --------------------------------------------------------------


@pytest.mark.django_db
def test_unused_records_come_in_the_order_of_their_ids() -> None:
    account = an_account()
    for pk in (7, 2, 5):
        a_record(account, f"n{pk}", id=pk)
    assert [record.pk for record in CouponRecord.objects.unused_of(account.pk)] == [2, 5, 7]


@pytest.mark.django_db
@pytest.mark.parametrize("status", [1, 2, 3])
def test_used_expired_and_void_records_are_not_unused(status: int) -> None:
    account = an_account()
    a_record(account, "n001", status=status)
    assert not CouponRecord.objects.unused_of(account.pk).exists()


@pytest.mark.django_db
def test_another_accounts_records_are_not_among_the_unused() -> None:
    a_record(an_account("oldboy"), "n001")
    assert not CouponRecord.objects.unused_of(an_account("alex").pk).exists()


@pytest.mark.django_db
def test_unused_records_can_be_narrowed_further() -> None:
    account = an_account()
    a_record(account, "n001")
    record = a_record(account, "n002")
    narrowed = CouponRecord.objects.filter(number="n002").unused_of(account.pk)
    assert list(narrowed.select_related("coupon")) == [record]
