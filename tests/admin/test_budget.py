"""预算: the desk warns where what is unused and locked may take off more."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api.admin.coupons import budget as shown
from api.models import Coupon, CouponRecordStatus
from api.services.coupons import budget
from api.services.coupons.budget import Commitment
from tests.admin.test_coupon_form import ADD, CASH, errors_of, save
from tests.admin.test_lost_updates import form_of, text_of
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LIST = "/admin/api/coupon/"
THRESHOLD = {"coupon_type": 1, "money_equivalent_value": 40, "minimum_consume": 500}
DISCOUNT = {"coupon_type": 2, "money_equivalent_value": 0, "off_percent": 79}


def held(number: int, status: int = 0, **coupon: Any) -> Coupon:
    """A coupon with so many records of this status."""
    made: Coupon = CouponFactory(**coupon)
    for _ in range(number):
        CouponRecordFactory(coupon=made, status=status)
    return Coupon.objects.get(pk=made.pk)


# --- What it comes to -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(CouponRecordStatus))
def test_only_what_is_unused_or_locked_may_still_cost_something(status: int) -> None:
    promised = status in (CouponRecordStatus.UNUSED, CouponRecordStatus.LOCKED)
    coupon = held(2, status, budget=100)
    CouponRecordFactory()  # of another coupon
    found = budget.of_coupon(coupon)
    assert found is not None
    assert (found.records, found.worth) == ((2, 80) if promised else (0, 0))


@pytest.mark.parametrize(
    ("fields", "worth"),
    [({}, 80), (THRESHOLD, 80), (DISCOUNT | {"max_off": 100}, 200), (DISCOUNT, None)],
    ids=["cash", "threshold", "discount with a most", "discount without"],
)
def test_each_is_worth_what_it_takes_off_at_most(fields: dict[str, Any], worth: int | None) -> None:
    found = budget.of_coupon(held(2, budget=Decimal("79.99"), **fields))
    assert found is not None
    assert found.worth == worth


@pytest.mark.parametrize(
    ("amount", "over"), [("80.01", "0"), ("80", "0"), ("79.99", "0.01")], ids=str
)
def test_it_is_over_from_the_first_fen_beyond_the_budget(amount: str, over: str) -> None:
    assert Commitment(Decimal(amount), 2, Decimal(40)).over == Decimal(over)


@pytest.mark.parametrize("amount", ["0.01", "0.50", "2"])
def test_what_nothing_bounds_is_over_no_budget_however_small(amount: str) -> None:
    assert Commitment(Decimal(amount), 2, None).over == 0


def test_so_many_more_may_take_off_so_much_more() -> None:
    found = Commitment(Decimal(80), 2, Decimal(40))
    assert (found.with_more(3).records, found.with_more(3).over) == (5, 120)
    assert found.records == 2


def test_a_coupon_without_a_budget_costs_no_query(django_assert_num_queries: Any) -> None:
    coupon = held(1)
    with django_assert_num_queries(0):
        assert budget.of_coupon(coupon) is None


@pytest.mark.parametrize("amount", [0, -1])
def test_the_database_refuses_a_budget_of_nothing(amount: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        CouponFactory(budget=amount)
    assert not Coupon.objects.exists()


def test_in_words() -> None:
    assert shown.in_words(Commitment(Decimal(4000), 120, Decimal(40))) == (
        "未使用和已锁定120张，每张最多减40元，共4,800元；预算4,000元，超出800元"
    )
    assert shown.in_words(Commitment(Decimal("80.5"), 2, Decimal(40))) == (
        "未使用和已锁定2张，每张最多减40元，共80元；预算80.50元"
    )
    assert shown.in_words(Commitment(Decimal(80), 2, None)) == (
        "折扣券没有填写最高减，不能计算是否超出预算：未使用和已锁定2张，预算80元"
    )


# --- The form and the page ------------------------------------------------------------------------


def test_a_manager_gives_a_coupon_a_budget(manager: Client) -> None:
    assert save(manager, CASH | {"budget": "4000.5"}).status_code == 302
    assert Coupon.objects.get().budget == Decimal("4000.50")


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "x", "1e20"])
def test_what_is_no_budget_is_an_error_beside_its_field(manager: Client, amount: str) -> None:
    assert list(errors_of(save(manager, CASH | {"budget": amount}))) == ["budget"]
    assert not Coupon.objects.exists()


def test_a_coupons_page_says_what_may_be_taken_off(manager: Client) -> None:
    within, without = held(2, budget=80), held(2)
    page = text_of(manager.get(f"{LIST}{within.pk}/change/"))
    assert "未使用和已锁定2张，每张最多减40元，共80元；预算80元" in page
    assert "超出" not in page.replace("超出预算时提醒", "")
    assert "可能的优惠" not in text_of(manager.get(f"{LIST}{without.pk}/change/"))
    over = held(2, budget=79)
    assert "预算79元，超出1元" in text_of(manager.get(f"{LIST}{over.pk}/change/"))


def test_saving_a_budget_that_is_passed_already_warns(manager: Client) -> None:
    coupon = held(2)
    url = f"{LIST}{coupon.pk}/change/"
    fields = form_of(manager.get(url).content.decode())
    for amount, warned in (("79", True), ("80", False)):
        fields = form_of(manager.get(url).content.decode()) | {"budget": amount}
        answer = manager.post(url, fields, follow=True)
        told = [str(one) for one in answer.context["messages"]]
        assert any("超出1元" in one for one in told) is warned
    coupon.refresh_from_db()
    assert coupon.budget == 80


# --- Issuing --------------------------------------------------------------------------------------


def previewed(browser: Client, coupon: Coupon) -> Any:
    """Of issuing to one account more."""
    account = AccountFactory()
    form = {"source": "picked", "accounts": [account.pk]}
    return browser.post(f"{LIST}{coupon.pk}/issue/", form)


def test_a_preview_warns_of_what_issuing_would_come_to_and_lets_it_be(manager: Client) -> None:
    within, over = held(1, budget=80, quantity=9), held(2, budget=80, quantity=9)
    assert 'id="budget"' not in previewed(manager, within).content.decode()
    answer = previewed(manager, over)
    assert "发放后，未使用和已锁定3张，每张最多减40元，共120元；预算80元，超出40元。" in text_of(
        answer
    )
    assert answer.context["token"]


def test_a_preview_of_a_discount_that_nothing_bounds_says_so(manager: Client) -> None:
    coupon = held(1, budget=80, quantity=9, **DISCOUNT)
    assert "不能计算是否超出预算" in text_of(previewed(manager, coupon))
    assert 'id="budget"' not in previewed(manager, held(1, quantity=9, **DISCOUNT)).content.decode()


# --- The list -------------------------------------------------------------------------------------


def test_the_list_marks_what_is_over_its_budget(manager: Client) -> None:
    held(2, budget=79), held(2, budget=1000), held(2, budget=80, **DISCOUNT), held(1)
    page = text_of(manager.get(LIST))
    assert page.count("超出预算") == 1
    assert "超出预算1元" in page
    assert page.count("预算不能计算") == 1


def test_the_list_asks_once_for_all_budgets(manager: Client) -> None:
    for _ in range(3):
        held(1, budget=80)
    manager.get(LIST)
    with CaptureQueriesContext(connection) as three:
        manager.get(LIST)
    for _ in range(12):
        held(1, budget=80)
    with CaptureQueriesContext(connection) as fifteen:
        manager.get(LIST)
    assert len(fifteen) == len(three)


def test_a_copy_has_the_budget_too(manager: Client) -> None:
    coupon = held(0, budget=80)
    page = manager.get(f"{ADD}?copy={coupon.pk}").content.decode()
    assert form_of(page)["budget"] in ("80.00", "80")
