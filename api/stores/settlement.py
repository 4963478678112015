"""Settlements in Redis (contract §4): the only module that knows their key names.

Each write is one atomic step, which runs only if what the caller has read is still so. Otherwise it
raises Contention.
"""

import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django_redis import get_redis_connection
from redis import Redis
from redis.client import Pipeline

from api.stores.codec import BROKEN, Hash, Offers, ids_in
from api.stores.reading import is_wrong_type, scan, values_from
from api.stores.snapshot import SettlementSnapshot, offers_from
from utils.exceptions import Contention
from utils.optimistic import GuardedWrite

_SETTLEMENT = re.compile("[!-~]{1,32}")  # as an order keeps it


class SettlementIndex(NamedTuple):
    """Which settlement this is (a new name with every POST, "" for none), its courses, and its
    revision, which changes with every choice ("" before the first; None where it does not
    matter)."""

    settlement: str
    course_ids: tuple[str, ...]
    revision: str | None = None


class SettlementStore:
    """Settlements: a hash for each settled course, and one with the site-wide coupons and the
    service's own index. All of an account's keys live and expire together.
    """

    # The index, beside the contract's two fields.
    SETTLEMENT, COURSES, REVISION = "settlement", "courses", "revision"
    _INDEX = (SETTLEMENT, COURSES, REVISION, "default_coupon")

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
        pipe = self._redis.pipeline(transaction=False)
        self.ask_index(pipe, account_id)
        (answer,) = pipe.execute(raise_on_error=False)
        return self._index_or_adopted(account_id, self.index_in(answer))

    def ask_index(self, pipe: Pipeline, account_id: int) -> None:
        """Puts the reading of the index into a pipeline: one answer, for `index_in`."""
        pipe.hmget(self.coupon_key(account_id), self._INDEX)

    def index_in(self, answer: Any) -> Hash:
        """What a pipeline read of the index, for `replace`."""
        return values_from(answer, self._INDEX)

    def read(self, account_id: int) -> tuple[SettlementIndex, SettlementSnapshot] | None:
        """The settlement as one moment saw it, and which it is; or None. One round trip.

        Raises SettlementUnreadable if a part is missing or broken.
        """
        coupon_hash, *course_hashes = self._hashes(account_id)
        index = self._index_in(coupon_hash)
        if index is None:
            if self._adopted(account_id, coupon_hash) is None:
                return None
            raise Contention  # it has just been indexed: start again
        return index, SettlementSnapshot.from_hashes(coupon_hash, course_hashes)

    def offers(
        self, account_id: int, course_id: str | None
    ) -> tuple[SettlementIndex, Offers] | None:
        """Which settlement the account has, and the coupons offered on one of its courses, or
        site-wide for None; None if there is no such settlement or course. One round trip. Raises
        SettlementUnreadable."""
        pipe = self._redis.pipeline(transaction=False)
        self.ask_index(pipe, account_id)
        pipe.hmget(self._key_of_choice(account_id, course_id), ["coupon"])
        about, offered = pipe.execute(raise_on_error=False)
        index = self._index_or_adopted(account_id, self.index_in(about))
        coupon = values_from(offered, ["coupon"]).get(b"coupon")
        if index is None or coupon is None:
            return None
        if course_id is not None and course_id not in index.course_ids:
            return None
        return index, offers_from(coupon)

    def choose(
        self, account_id: int, index: SettlementIndex, choices: Mapping[str | None, int]
    ) -> None:
        """Chooses a coupon record (0: none) for each course named, and site-wide for None, and
        renews the settlement's life. One round trip."""
        write = self._guarded(account_id, index)
        write.hset(self.coupon_key(account_id), self._new_revision())
        for course_id, record_id in choices.items():
            key = self._key_of_choice(account_id, course_id)
            write.hset(key, {"default_coupon": str(record_id)})
        self._renew(write, account_id, index.course_ids)
        write.commit(self._redis)

    def update(self, account_id: int, index: SettlementIndex, snapshot: SettlementSnapshot) -> None:
        """Gives the same courses of the same settlement other prices, coupons and choices, and
        renews its life. Fields that the service does not know stay. One round trip."""
        write = self._guarded(account_id, index)
        for course in snapshot.course_list:
            write.hset(self.course_key(account_id, course.course_id), course.to_hash())
        write.hset(self.coupon_key(account_id), snapshot.coupon_hash() | self._new_revision())
        self._renew(write, account_id, index.course_ids)
        write.commit(self._redis)

    def replace(self, account_id: int, found: Hash, settlement: SettlementSnapshot) -> None:
        """Replaces the account's earlier settlement, of which `index_in` found this, by this one.
        One round trip."""
        earlier = self._index_or_adopted(account_id, found)
        index = earlier._replace(revision=None) if earlier else SettlementIndex("", ())
        write = self._guarded(account_id, index)
        coupon_key = self.coupon_key(account_id)
        course_ids = [course.course_id for course in settlement.course_list]
        for course in settlement.course_list:
            write.replace(self.course_key(account_id, course.course_id), course.to_hash())
        write.replace(coupon_key, settlement.coupon_hash() | self._new_index(course_ids))
        for course_id in set(index.course_ids) - set(course_ids):
            write.delete(self.course_key(account_id, course_id))
        self._renew(write, account_id, course_ids)
        write.commit(self._redis)

    def remove(self, account_id: int, settlement: str) -> None:
        """Takes this settlement out, whole; another one, in its place by now, stays. Two round
        trips. Raises Contention if it is replaced between them."""
        index = self.index(account_id)
        if index is not None and index.settlement == settlement:
            self.remove_settled(account_id, index)

    def remove_settled(self, account_id: int, index: SettlementIndex) -> None:
        """Takes the settlement of this index out, whole. One round trip. Raises Contention if
        another one has taken its place."""
        write = self._guarded(account_id, index._replace(revision=None))
        write.delete(self.coupon_key(account_id))
        for course_id in index.course_ids:
            write.delete(self.course_key(account_id, course_id))
        write.commit(self._redis)

    # A key that holds no hash counts as empty; any other refusal (a slot on its way elsewhere,
    # a missing right) is passed on. One script: two requests, for the index and then for the hashes
    # it names, take the client nearly twice as long. The course keys are in the slot of KEYS[1]:
    # docs/redis.md.
    _READ = """
        local function hash(key)
            local found = redis.pcall('HGETALL', key)
            if not found.err then return found end
            if string.find(tostring(found.err), 'WRONGTYPE', 1, true) then return {} end
            return nil, found
        end
        local hashes, refusal = {}, nil
        hashes[1], refusal = hash(KEYS[1])
        if refusal then return refusal end
        local courses
        for at = 1, #hashes[1], 2 do
            if hashes[1][at] == ARGV[1] then courses = hashes[1][at + 1] end
        end
        for course_id in string.gmatch(courses or '', '%d+') do
            hashes[#hashes + 1], refusal = hash(ARGV[2] .. course_id .. ARGV[3])
            if refusal then return refusal end
        end
        return hashes
    """

    def _hashes(self, account_id: int) -> list[Hash]:
        """The hash of the site-wide coupons, and those of the courses that its index names."""
        before, after = self.course_key(account_id, "\0").split("\0")
        keys = [self.coupon_key(account_id)]
        hashes = self._read(keys, before, after)
        if all(hashes[1:]):
            return hashes
        # A node that is taking over a slot shows no keys of it that it does not have yet. Asked for
        # by name, it says so.
        if index := self._index_in(hashes[0]):
            keys += [self.course_key(account_id, course_id) for course_id in index.course_ids]
        return self._read(keys, before, after)

    def _read(self, keys: Sequence[str], before: str, after: str) -> list[Hash]:
        flat: Any = self._redis.eval(self._READ, len(keys), *keys, self.COURSES, before, after)
        return [dict(zip(each[::2], each[1::2], strict=True)) for each in flat]

    def _index_or_adopted(self, account_id: int, found: Hash) -> SettlementIndex | None:
        return self._index_in(found) or self._adopted(account_id, found)

    def _index_in(self, coupon_hash: Hash) -> SettlementIndex | None:
        """The service's index; None where there is none, or none that can be read."""
        try:
            settlement = coupon_hash[self.SETTLEMENT.encode()].decode()
            courses = ids_in(coupon_hash[self.COURSES.encode()])
            revision = coupon_hash.get(self.REVISION.encode(), b"").decode()
        except BROKEN:
            return None
        if not _SETTLEMENT.fullmatch(settlement):
            return None
        return SettlementIndex(settlement, courses, revision)

    def _adopted(self, account_id: int, coupon_hash: Hash) -> SettlementIndex | None:
        """Finds the courses of a settlement that another program wrote, and indexes it; None if
        there is none.

        The one SCAN on the way of a request (contract §4), once in such a settlement's life.
        Raises Contention if the settlement is gone or another by now.
        """
        if b"default_coupon" not in coupon_hash:
            return None
        found = {course_id for (course_id,) in scan(self._redis, self.course_key(account_id, "\0"))}
        course_ids = self._settled(account_id, sorted(found, key=int))
        index = self._new_index(course_ids)
        if self.REVISION.encode() in coupon_hash:  # of another settlement, or broken
            index[self.REVISION] = ""
        seen = {name: coupon_hash.get(name.encode(), b"") for name in (*index, "default_coupon")}
        write = GuardedWrite(self.coupon_key(account_id), seen)
        write.hset(self.coupon_key(account_id), index)
        self._renew(write, account_id, course_ids)
        write.commit(self._redis)
        return SettlementIndex(index[self.SETTLEMENT], tuple(course_ids), "")

    def _settled(self, account_id: int, course_ids: Sequence[str]) -> list[str]:
        """The courses without those whose hash has a choice and nothing else: the document's PATCH
        leaves such hashes behind. Any other hash belongs to the settlement, even a broken one."""
        pipe = self._redis.pipeline(transaction=False)
        for course_id in course_ids:
            pipe.hkeys(self.course_key(account_id, course_id))
        answers = pipe.execute(raise_on_error=False)
        return [
            course_id
            for course_id, names in zip(course_ids, answers, strict=True)
            if is_wrong_type(names) or names != [b"default_coupon"]
        ]

    def _guarded(self, account_id: int, index: SettlementIndex) -> GuardedWrite:
        seen = {self.SETTLEMENT: index.settlement}
        if index.revision is not None:
            seen[self.REVISION] = index.revision
        return GuardedWrite(self.coupon_key(account_id), seen)

    def _new_revision(self) -> dict[str, str]:
        return {self.REVISION: secrets.token_hex(4)}

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
