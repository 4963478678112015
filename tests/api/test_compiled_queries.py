"""A query that is compiled once finds what the ORM finds, whatever its arguments."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from api.models import CouponRecord, UserAuthToken
from api.models.compiled import Compiled, listed
from tests.support.factories import CouponRecordFactory, UserAuthTokenFactory

pytestmark = pytest.mark.django_db


def of_account(account_id: int, *record_ids: int) -> QuerySet[CouponRecord, Any]:
    found = CouponRecord.objects.filter(account_id=account_id, pk__in=record_ids, status=0)
    return found.order_by("pk").values_list("pk", "get_time", "coupon__valid_end_date", "number")


def test_rows_are_those_of_the_orm_with_the_types_of_their_fields():
    mine, also_mine, others = CouponRecordFactory.create_batch(3)
    CouponRecord.objects.filter(pk=also_mine.pk).update(account=mine.account)
    compiled = Compiled(of_account)
    for arguments in (
        (mine.account_id, mine.pk, also_mine.pk),
        (mine.account_id, others.pk, mine.pk),
        (others.account_id, others.pk, mine.pk),
    ):
        assert list(map(tuple, compiled.rows(*arguments))) == list(of_account(*arguments))


def test_it_is_built_once_for_each_number_of_arguments_and_asks_one_query_each_time():
    built = []
    compiled = Compiled(lambda *arguments: built.append(1) or of_account(*arguments))
    for record_ids in ((1, 2), (3, 4), (5,), (6,)):
        with CaptureQueriesContext(connection) as queries:
            compiled.rows(1, *record_ids)
        assert len(queries) == 1
    assert len(built) == 2


def test_an_argument_that_is_not_in_the_query_as_it_is_is_refused():
    with pytest.raises(ValueError, match="not every argument"):
        Compiled(lambda pk: of_account(pk + 1, 5)).rows(1)


def test_a_token_is_found_with_its_account_in_either_way_it_may_be_stored():
    auth, _ = UserAuthTokenFactory.create_batch(2)
    for ways in ((auth.token, "another"), ("another", auth.token)):
        with CaptureQueriesContext(connection) as queries:
            found = UserAuthToken.objects.stored_as(*ways)
            assert found is not None
            assert (found, found.token, found.user) == (auth, auth.token, auth.user)
            assert vars(found.user).keys() >= {"username", "password", "ordered_settlement"}
        assert len(queries) == 1
    assert UserAuthToken.objects.stored_as("another", "token") is None


@pytest.mark.parametrize("number", [1, 2, 3000])
def test_those_among_many_are_those_that_the_orm_finds(number):
    mine = CouponRecordFactory.create_batch(3)
    ids = [mine[0].pk, mine[2].pk, *range(10**6, 10**6 + number)]

    among = CouponRecord.objects.filter(pk__among=listed(ids))
    assert set(among) == {mine[0], mine[2]} == set(CouponRecord.objects.filter(pk__in=ids))
    assert set(CouponRecord.objects.exclude(pk__among=listed(ids))) == {mine[1]}


def test_among_none_there_is_none():
    CouponRecordFactory()

    assert list(CouponRecord.objects.filter(pk__among=listed([]))) == []
