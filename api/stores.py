"""The only rooms that know Redis and its key names (contract §4).

A store takes and gives typed values, and what it writes, it writes in one atomic step, only if
what the caller has read (the account's index, or a course's policies) still holds: otherwise it
raises Contention.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django_redis import get_redis_connection
from redis import Redis, ResponseError

from api.hashes import CarEntry, CarPolicies, Hash, Offers, Settlement, offers_from
from utils.exceptions import Contention
from utils.optimistic import GuardedWrite

_ID = re.compile("[1-9][0-9]*")
_SCAN_COUNT = 1000


class CarIndex(NamedTuple):
    """Which courses a car holds, in the order they were put in, and the text that says so."""

    text: bytes
    course_ids: tuple[int, ...]


class CarStore:
    """Shopping cars: a hash for each account and course, and the service's own index for each
    account. Other programs put hashes without it. Cars never expire.
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
        """What the account's car holds: nothing, where there is no index, or none that can be read.
        One round trip."""
        (found,) = _values(self._redis, self.index_key(account_id), [self.COURSES])
        text = found or b""
        try:
            return CarIndex(text, tuple(map(int, json.loads(text))))
        except (ValueError, TypeError):
            return CarIndex(text, ())

    def entries(self, account_id: int, course_ids: Sequence[int]) -> list[CarEntry | None]:
        """The entry of each course, in the order asked for; None where the car has none.

        One round trip. Raises CarUnreadable for an entry that is not as contract §4 says.
        """
        hashes = self._hashes(account_id, course_ids)
        return [
            CarEntry.from_hash(course_id, found) if found else None
            for course_id, found in zip(course_ids, hashes, strict=True)
        ]

    def read(self, account_id: int) -> list[CarEntry]:
        """What is in the car, in the order it was put in. Two round trips. An entry that cannot be
        read is shown without policies, so that its owner can remove it."""
        course_ids = self.index(account_id).course_ids
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
        """Puts a course into the car, at the end or in its own place, whatever was there. One
        round trip."""
        key = self.key(account_id, entry.course_id)
        write = self._indexed(account_id, index, (*index.course_ids, entry.course_id))
        write.delete(key)
        write.hset(key, entry.to_hash())
        write.commit(self._redis)

    def choose_policy(
        self, account_id: int, course_id: int, policies: CarPolicies, policy_id: int
    ) -> None:
        """Chooses another policy of a course in the car, if it still holds these, whoever may
        have changed it. One round trip. The index stays as it is: no course comes or goes."""
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
        """Every account and course of which there is a car hash: all of Redis is looked through,
        a little at a time. For maintenance, never for a request."""
        for account_id, course_id in _scan(self._redis, self.key("\0", "\0")):
            yield int(account_id), int(course_id)

    def _hashes(self, account_id: int, course_ids: Sequence[int]) -> list[Hash]:
        pipe = self._redis.pipeline(transaction=False)
        for course_id in course_ids:
            pipe.hgetall(self.key(account_id, course_id))
        return [_hash(found) for found in pipe.execute(raise_on_error=False)]

    def _indexed(self, account_id: int, index: CarIndex, course_ids: Iterable[int]) -> GuardedWrite:
        key = self.index_key(account_id)
        write = GuardedWrite(key, {self.COURSES: index.text})
        write.delete(key)  # whatever another program has put there
        write.hset(key, {self.COURSES: json.dumps(list(dict.fromkeys(course_ids)))})
        return write


class SettlementIndex(NamedTuple):
    """Which settlement this is (a new name with every POST, "" for none), and its courses."""

    settlement: str
    course_ids: tuple[str, ...]


class SettlementStore:
    """Settlements: a hash for each settled course, and one with the site-wide coupons, in which
    the service keeps its index. All of an account's keys live and expire together.
    """

    SETTLEMENT, COURSES = "settlement", "courses"  # the index, beside the contract's two fields

    def __init__(self, connection: Redis | None = None) -> None:
        self._redis: Redis = connection or get_redis_connection("default")

    @staticmethod
    def course_key(account_id: int, course_id: str) -> str:
        return str(settings.PAYMENT_KEY % (account_id, course_id))

    @staticmethod
    def coupon_key(account_id: int) -> str:
        return str(settings.PAYMENT_COUPON_KEY % account_id)

    def index(self, account_id: int) -> SettlementIndex | None:
        """Which settlement the account has, or None. One round trip."""
        names = (self.SETTLEMENT, self.COURSES, "default_coupon")
        values = _values(self._redis, self.coupon_key(account_id), names)
        found = {n.encode(): v for n, v in zip(names, values, strict=True) if v is not None}
        return self._index_in(found) or self._adopted(account_id, found)

    def read(self, account_id: int) -> tuple[SettlementIndex, Settlement] | None:
        """The settlement as one moment saw it, and which it is; or None. One round trip.

        Raises SettlementUnreadable if a part is missing or broken.
        """
        coupon_hash, *course_hashes = self._hashes(account_id)
        index = self._index_in(coupon_hash)
        if index is None:
            if self._adopted(account_id, coupon_hash) is None:
                return None
            raise Contention  # it has an index by now: read it anew
        return index, Settlement.from_hashes(coupon_hash, course_hashes)

    def offers(self, account_id: int, course_id: str | None) -> Offers | None:
        """The coupons offered on a settled course, or site-wide for None; None if there is no
        such settlement or course. One round trip. Raises SettlementUnreadable."""
        (found,) = _values(self._redis, self._key_of_choice(account_id, course_id), ["coupon"])
        return None if found is None else offers_from(found)

    def choose(
        self, account_id: int, index: SettlementIndex, choices: Mapping[str | None, int]
    ) -> None:
        """Chooses a coupon record (0: none) for each course named, and site-wide for None, and
        renews the settlement's life. One round trip."""
        write = self._guarded(account_id, index)
        for course_id, record_id in choices.items():
            key = self._key_of_choice(account_id, course_id)
            write.hset(key, {"default_coupon": str(record_id)})
        self._renew(write, account_id, index.course_ids)
        write.commit(self._redis)

    def replace(self, account_id: int, settlement: Settlement) -> None:
        """Puts the settlement in the place of the account's earlier one, whole. Two round trips."""
        index = self.index(account_id) or SettlementIndex("", ())
        write = self._guarded(account_id, index)
        coupon_key = self.coupon_key(account_id)
        course_ids = [course.course_id for course in settlement.course_list]
        for course_id in {*index.course_ids, *course_ids}:  # the new ones too: strays of others
            write.delete(self.course_key(account_id, course_id))
        write.delete(coupon_key)
        for course in settlement.course_list:
            write.hset(self.course_key(account_id, course.course_id), course.to_hash())
        write.hset(coupon_key, settlement.coupon_hash() | self._new_index(course_ids))
        self._renew(write, account_id, course_ids)
        write.commit(self._redis)

    # One script: to ask for the index first, and then for what it names, takes the client nearly
    # twice as long. The course keys are in the slot of KEYS[1]: README, Redis Cluster.
    _READ = """
        local function hash(key)
            local found = redis.pcall('HGETALL', key)
            return found.err and {} or found  -- no hash: nothing of a settlement
        end
        local hashes = {hash(KEYS[1])}
        local courses = redis.pcall('HGET', KEYS[1], ARGV[1])
        if type(courses) ~= 'string' then return hashes end
        for course_id in string.gmatch(courses, '%d+') do
            hashes[#hashes + 1] = hash(ARGV[2] .. course_id .. ARGV[3])
        end
        return hashes
    """

    def _hashes(self, account_id: int) -> list[Hash]:
        """The hash of the site-wide coupons, and those of the courses that its index names."""
        before, after = self.course_key(account_id, "\0").split("\0")
        key = self.coupon_key(account_id)
        flat: Any = self._redis.eval(self._READ, 1, key, self.COURSES, before, after)
        return [dict(zip(each[::2], each[1::2], strict=True)) for each in flat]

    def _index_in(self, coupon_hash: Hash) -> SettlementIndex | None:
        """The service's index; None where there is none, or none that can be read."""
        try:
            settlement = coupon_hash[self.SETTLEMENT.encode()].decode()
            courses = json.loads(coupon_hash[self.COURSES.encode()])
            return SettlementIndex(settlement, tuple(map(str, courses)))
        except (LookupError, ValueError, TypeError):
            return None

    def _adopted(self, account_id: int, coupon_hash: Hash) -> SettlementIndex | None:
        """Finds the courses of a settlement that another program wrote, and indexes it; None if
        there is none.

        The one SCAN on the way of a request (contract §4), once in such a settlement's life.
        Raises Contention if the settlement is gone or another by now.
        """
        if b"default_coupon" not in coupon_hash:
            return None
        found = {
            course_id for (course_id,) in _scan(self._redis, self.course_key(account_id, "\0"))
        }
        course_ids = self._settled(account_id, sorted(found, key=int))
        index = self._new_index(course_ids)
        seen = {name: coupon_hash.get(name.encode(), b"") for name in (*index, "default_coupon")}
        write = GuardedWrite(self.coupon_key(account_id), seen)
        write.hset(self.coupon_key(account_id), index)
        self._renew(write, account_id, course_ids)
        write.commit(self._redis)
        return SettlementIndex(index[self.SETTLEMENT], tuple(course_ids))

    def _settled(self, account_id: int, course_ids: Sequence[str]) -> list[str]:
        """The courses without those whose hash has a choice and nothing else: the stray ones that
        the lesson's PATCH leaves. Any other hash belongs to the settlement, be it broken."""
        pipe = self._redis.pipeline(transaction=False)
        for course_id in course_ids:
            pipe.hkeys(self.course_key(account_id, course_id))
        answers = pipe.execute(raise_on_error=False)
        return [
            course_id
            for course_id, names in zip(course_ids, answers, strict=True)
            if _is_wrong_type(names) or names != [b"default_coupon"]
        ]

    def _guarded(self, account_id: int, index: SettlementIndex) -> GuardedWrite:
        return GuardedWrite(self.coupon_key(account_id), {self.SETTLEMENT: index.settlement})

    def _new_index(self, course_ids: Sequence[str]) -> dict[str, str]:
        return {self.SETTLEMENT: secrets.token_hex(8), self.COURSES: json.dumps(course_ids)}

    def _renew(self, write: GuardedWrite, account_id: int, course_ids: Iterable[str]) -> None:
        write.expire(self.coupon_key(account_id), settings.PAYMENT_TTL)
        for course_id in course_ids:
            write.expire(self.course_key(account_id, course_id), settings.PAYMENT_TTL)

    def _key_of_choice(self, account_id: int, course_id: str | None) -> str:
        if course_id is None:
            return self.coupon_key(account_id)
        return self.course_key(account_id, course_id)


def _values(connection: Redis, key: str, names: Sequence[str]) -> list[bytes | None]:
    """The values of some fields of a hash; none where the key holds something else."""
    try:
        return connection.hmget(key, names)  # type: ignore[return-value]
    except ResponseError as error:
        if _is_wrong_type(error):
            return [None] * len(names)
        raise


def _hash(found: Any) -> Hash:
    """What HGETALL gave; where the key holds something else than a hash, one without sense."""
    return {b"": b""} if _is_wrong_type(found) else found


def _is_wrong_type(answer: Any) -> bool:
    """Whether Redis refused because the key, another program's, holds something else than a hash.
    Raises any other refusal."""
    if not isinstance(answer, ResponseError):
        return False
    if not str(answer).startswith("WRONGTYPE"):
        raise answer
    return True


def _scan(connection: Redis, key: str) -> Iterator[tuple[str, ...]]:
    """The ids that stand where the key has a NUL, in every key that is there."""
    parts = key.split("\0")
    glob = "*".join(re.sub(r"([*?\[\]\\])", r"\\\1", part) for part in parts)
    pattern = re.compile(f"({_ID.pattern})".join(re.escape(part) for part in parts))
    for name in connection.scan_iter(match=glob, count=_SCAN_COUNT):
        if match := pattern.fullmatch(name.decode(errors="replace")):
            yield match.groups()
