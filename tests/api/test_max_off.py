"""What the database keeps of 最高减: of a discount only, whole 元 from 1."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from api.models import Coupon
from tests.support.factories import CouponFactory

pytestmark = pytest.mark.django_db
DISCOUNT = {"coupon_type": 2, "money_equivalent_value": 0, "off_percent": 80}


@pytest.mark.parametrize("most", [None, 1, 2**31 - 1])
def test_a_discount_has_one_or_none(most: int | None) -> None:
    assert CouponFactory(**DISCOUNT, max_off=most).terms.worth.max_off == most


@pytest.mark.parametrize(
    "fields", [DISCOUNT | {"max_off": 0}, {"max_off": 1}, {"coupon_type": 1, "max_off": 1}]
)
def test_the_database_refuses_any_other(fields: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        CouponFactory(**fields)
    assert not Coupon.objects.exists()


@pytest.mark.parametrize("fields", [DISCOUNT | {"max_off": 0}, {"max_off": 1}])
def test_a_form_says_so_beside_the_field(fields: dict[str, int]) -> None:
    with pytest.raises(ValidationError) as refused:
        CouponFactory.build(**fields).clean()
    assert list(refused.value.message_dict) == ["max_off"]
