"""Accounts by the names in a list: each once, in its order, and no name taken for another."""

import pytest
from pytest_django import DjangoAssertNumQueries

from api.services.coupons.finding import AmbiguousName, batches, find_accounts
from tests.support.factories import AccountFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("length", [1, 64])
def test_the_shortest_and_the_longest_name_are_found(length: int) -> None:
    account = AccountFactory(username="a" * length)
    assert find_accounts(["a" * length]) == ((account.pk,), ())


@pytest.mark.parametrize("name", ["", "a" * 65, "a\0b"])
def test_what_cannot_be_a_name_is_not_even_looked_for(
    name: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert find_accounts([name]) == ((), (name,))


def test_a_name_is_found_as_it_was_meant_where_nobody_has_it_as_it_is_written() -> None:
    account = AccountFactory(username="=alice")
    assert find_accounts(["'=alice", "=alice\u200b"]) == ((account.pk,), ())


def test_a_name_that_stands_for_two_accounts_is_refused_with_both() -> None:
    for name in ("=alice", "'=alice"):
        AccountFactory(username=name)
    with pytest.raises(AmbiguousName, match="“'=alice”和“=alice”都是账户的用户名"):
        find_accounts(["'=alice"])


def test_a_long_list_is_taken_in_parts_and_in_its_order() -> None:
    assert list(batches([5, 3, 1, 4, 2], 2)) == [[5, 3], [1, 4], [2]]
    assert list(batches([])) == []
