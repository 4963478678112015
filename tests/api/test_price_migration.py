"""What becomes of prices from before they had two places."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from api.models import PricePolicy
from tests.support.factories import PricePolicyFactory

migration = import_module("api.migrations.0012_prices_in_whole_fen")


@pytest.fixture
def unchecked(transactional_db: None) -> Iterator[None]:
    """The table as it was before the migration; what is left of it must pass again."""
    kept = PricePolicy._meta.constraints
    [check] = [each for each in kept if each.name.endswith("in_whole_fen")]
    with connection.schema_editor() as editor, pytest.MonkeyPatch.context() as patch:
        # SQLite makes the table anew, with what the model says.
        patch.setattr(PricePolicy._meta, "constraints", [each for each in kept if each != check])
        editor.remove_constraint(PricePolicy, check)
    yield
    with connection.schema_editor() as editor:
        editor.add_constraint(PricePolicy, check)


@pytest.mark.parametrize(
    ("before", "after"),
    [(199.999, 200.0), (0.004, 0.0), (0.005, 0.01), (1.005, 1.01), (199.99, 199.99), (1e12, 1e12)],
)
def test_a_price_is_written_as_it_was_always_charged(
    unchecked: None, before: float, after: float
) -> None:
    policy = PricePolicyFactory(price=before)
    with connection.schema_editor() as editor:
        migration.round_half_up(apps, editor)
    policy.refresh_from_db()
    assert policy.price == after
