"""What a settlement is made of and what it replaces, read together (contract §4)."""

from collections.abc import Sequence

from django_redis import get_redis_connection

from api.stores.car import CarStore
from api.stores.car_entry import CarEntry
from api.stores.codec import Hash
from api.stores.settlement import SettlementStore


def read(account_id: int, course_ids: Sequence[int]) -> tuple[list[CarEntry | None], Hash]:
    """The car's entry of each course, None where there is none, and what `SettlementStore.replace`
    has to know of the earlier settlement. One round trip. Raises CarUnreadable."""
    connection = get_redis_connection("default")
    car, settlements = CarStore(connection), SettlementStore(connection)
    pipe = connection.pipeline(transaction=False)
    car.ask_entries(pipe, account_id, course_ids)
    settlements.ask_index(pipe, account_id)
    *entries, index = pipe.execute(raise_on_error=False)
    return car.entries_in(entries, course_ids), settlements.index_in(index)
