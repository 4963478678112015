"""Shopping cars in Redis (contract §4): the only module that knows their key names."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django_redis import get_redis_connection
from redis import Redis
from redis.client import Pipeline

from api.stores.car_entry import CarEntry, CarPolicies
from api.stores.codec import BROKEN, Hash, ids_in
from api.stores.reading import hash_from, scan, values_of
from utils.optimistic import GuardedWrite


class CarIndex(NamedTuple):
    """Which courses a car holds, in the order they were put in, and the stored text of that."""

    text: bytes
    course_ids: tuple[int, ...]


class CarStore:
    """Shopping cars: a hash for each account and course, and the service's own index for each
    account. Other programs write hashes without it. Cars never expire.
    """

    COURSES = "courses"  # the one field of the index: course ids in JSON

    def __init__(self, connection: Redis | None = None) -> None:
        self._redis: Redis = connection or get_redis_connection("default")

    @staticmethod
    def key(account_id: int | str, course_id: int | str) -> str:
        return str(settings.SHOPPING_CAR_KEY % (account_id, course_id))

    @staticmethod
    def index_key(account_id: int) -> str:
        return str(settings.SHOPPING_CAR_INDEX_KEY % account_id)

    def index(self, account_id: int) -> CarIndex:
        """What the account's car holds: nothing if there is no index, or none that can be read. One
        round trip."""
        (found,) = values_of(self._redis, self.index_key(account_id), [self.COURSES])
        text = found or b""
        try:
            return CarIndex(text, tuple(map(int, ids_in(text))))
        except BROKEN:
            return CarIndex(text, ())

    def ask_entries(self, pipe: Pipeline, account_id: int, course_ids: Sequence[int]) -> None:
        """Puts the reading of the entries into a pipeline: an answer for each."""
        for course_id in course_ids:
            pipe.hgetall(self.key(account_id, course_id))

    def entries_in(
        self, answers: Sequence[Any], course_ids: Sequence[int]
    ) -> list[CarEntry | None]:
        """The entry of each course from a pipeline's answers; None where the car has none. Raises
        CarUnreadable for an entry that is not as contract §4 says."""
        return [
            CarEntry.from_hash(course_id, found) if (found := hash_from(answer)) else None
            for course_id, answer in zip(course_ids, answers, strict=True)
        ]

    def read(self, account_id: int) -> list[CarEntry]:
        """What is in the car, in the order it was put in. Two round trips. An entry that cannot be
        read is shown without policies, so that its owner can remove it."""
        return self.readable(account_id, self.index(account_id).course_ids)

    def readable(self, account_id: int, course_ids: Sequence[int]) -> list[CarEntry]:
        """Those of the courses that are in the car, as far as they can be read. One round trip."""
        hashes = self._hashes(account_id, course_ids)
        return [
            CarEntry.as_readable(course_id, found)
            for course_id, found in zip(course_ids, hashes, strict=True)
            if found != {}
        ]

    def policies(self, account_id: int, course_id: int) -> CarPolicies | None:
        """The policies of a course in the car; None where the car does not have it. One round
        trip. Raises CarUnreadable for an entry without them."""
        (found,) = self._hashes(account_id, [course_id])
        return CarPolicies.from_hash(found) if found else None

    def put(self, account_id: int, index: CarIndex, entry: CarEntry) -> None:
        """Puts a course into the car: at the end, or in its place if it is there already. One round
        trip."""
        key = self.key(account_id, entry.course_id)
        write = self._indexed(account_id, index, (*index.course_ids, entry.course_id))
        write.replace(key, entry.to_hash())
        write.expire(key, 0)
        write.commit(self._redis)

    def choose_policy(
        self, account_id: int, course_id: int, policies: CarPolicies, policy_id: int
    ) -> None:
        """Chooses another policy of a course in the car, if its policies are still these. One round
        trip. The index stays as it is: no course comes or goes."""
        key = self.key(account_id, course_id)
        write = GuardedWrite(key, {CarPolicies.FIELD: policies.text})
        write.hset(key, {"default_policy": str(policy_id)})
        write.commit(self._redis)

    def remove(self, account_id: int, index: CarIndex, course_ids: Sequence[int]) -> None:
        """Takes courses out of the car; those that are not there are no error. One round trip."""
        kept = [course_id for course_id in index.course_ids if course_id not in course_ids]
        write = self._indexed(account_id, index, kept)
        for course_id in course_ids:
            write.delete(self.key(account_id, course_id))
        write.commit(self._redis)

    def add_to_index(self, account_id: int, index: CarIndex, course_ids: Iterable[int]) -> None:
        """Indexes hashes that another program has put. One round trip."""
        self._indexed(account_id, index, (*index.course_ids, *course_ids)).commit(self._redis)

    def gone(self, account_id: int, course_ids: Sequence[int]) -> list[int]:
        """Those of the courses whose hashes another program has taken away. One round trip."""
        pipe = self._redis.pipeline(transaction=False)
        for course_id in course_ids:
            pipe.exists(self.key(account_id, course_id))
        return [c for c, there in zip(course_ids, pipe.execute(), strict=True) if not there]

    def scan(self) -> Iterator[tuple[int, int]]:
        """Every account and course that has a car hash. It looks through all of Redis, a little at
        a time: for maintenance, never for a request."""
        for account_id, course_id in scan(self._redis, self.key("\0", "\0")):
            yield int(account_id), int(course_id)

    def _hashes(self, account_id: int, course_ids: Sequence[int]) -> list[Hash]:
        pipe = self._redis.pipeline(transaction=False)
        self.ask_entries(pipe, account_id, course_ids)
        return [hash_from(found) for found in pipe.execute(raise_on_error=False)]

    def _indexed(self, account_id: int, index: CarIndex, course_ids: Iterable[int]) -> GuardedWrite:
        key = self.index_key(account_id)
        write = GuardedWrite(key, {self.COURSES: index.text})
        write.replace(key, {self.COURSES: json.dumps(list(dict.fromkeys(course_ids)))})
        write.expire(key, 0)  # another program may have put something else there
        return write
