"""Expiry beside somebody who holds the coupon's row, on PostgreSQL."""

from contextlib import closing
from datetime import date

import pytest
from django.db import connection
from django.utils import timezone

from api.services.coupons import expiry
from tests.support.factories import CouponFactory, CouponRecordFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_coupon_that_is_saved_just_now_is_left_to_the_next_run() -> None:
    coupon = CouponFactory(valid_begin_date=date(2020, 1, 1), valid_end_date=date(2020, 1, 31))
    record, now = CouponRecordFactory(coupon=coupon), timezone.now()
    (case,) = expiry.over(timezone.localdate(now))
    with closing(connection.copy()) as manager, manager.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM api_coupon WHERE id = %s FOR UPDATE", [coupon.pk])
        assert expiry.expire(case, now=now) == 0
        cursor.execute("ROLLBACK")
    record.refresh_from_db()
    assert record.status == 0

    assert expiry.expire(case, now=now) == 1
