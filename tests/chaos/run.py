"""The cycles: everybody works, one server fails and comes back, then all must be as promised."""

import time
import traceback
from collections import Counter
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event

import redis

from api.models import Coupon
from tests.chaos import customers, invariants, managers
from tests.chaos.customers import Customer
from tests.chaos.faults import FAULTS, Place
from tests.chaos.front import Broken, Tally
from tests.chaos.managers import Desk, Manager
from tests.chaos.shop import POLICIES, open_shop

CROWD, HANDS = 16, 4  # customers, and how many of them act at the same moment
BEFORE, DURING, AFTER = 0.7, 0.7, 1.0  # seconds of a cycle, beside the fault's own


class Run:
    """`done` cycles; `fault` is the present one."""

    def __init__(self, place: Place, *, cycles: int, seconds: int | None) -> None:
        self._place, service = place, place.service
        self._cycles, self._deadline = cycles, seconds and time.monotonic() + seconds
        self.tally, self.done, self.fault = Tally(), 0, ""
        self._faults: Counter[str] = Counter()
        self._ready: list[float] = []
        people = open_shop(CROWD)
        self._customers = [Customer(pk, name, service.port, self.tally) for pk, name in people]
        for customer in self._customers:
            customer.fill_car()
        policies = [int(policy) for some in POLICIES.values() for policy in some]
        coupons = list(Coupon.objects.values_list("pk", flat=True))
        self._manager = Manager(coupons, policies, self.tally)
        self._desk = Desk(service.port, self._manager, self.tally)

    def work(self) -> Exception | None:
        """All cycles, or until something is broken: that."""
        with ThreadPoolExecutor(HANDS + 4) as pool:
            for number in range(self._cycles):
                if self._deadline and time.monotonic() > self._deadline:
                    break
                try:
                    self._cycle(pool, number)
                except Broken as broken:
                    return broken
                except Exception as broken:
                    traceback.print_exception(broken)
                    return broken
                self.done += 1
                if self.done % 10 == 0:
                    print(f"{self.done} cycles", flush=True)
        return None

    def _cycle(self, pool: ThreadPoolExecutor, number: int) -> None:
        fault = FAULTS[number % len(FAULTS)]
        self.fault = fault.__name__
        over = Event()
        everybody = self._everybody(pool, over)
        try:
            _work_on(everybody, BEFORE)
            with fault(self._place):
                _work_on(everybody, DURING)
            self._faults[self.fault] += 1
            if self._place.background.start_if_ended():
                self.tally.deed("workers of tasks that ended")
            self._ready.append(self._place.service.wait_until_ready())
            _work_on(everybody, AFTER)
        finally:
            over.set()
            wait(everybody)
        for one in everybody:
            one.result()
        with redis.Redis(port=self._place.redis.port) as server:
            account_ids = [customer.account_id for customer in self._customers]
            invariants.all_holds(server, account_ids, self._manager)

    def _everybody(self, pool: ThreadPoolExecutor, over: Event) -> list[Future[None]]:
        account_ids = [customer.account_id for customer in self._customers]
        port, tally = self._place.redis.port, self.tally
        hands = [self._customers[hand::HANDS] for hand in range(HANDS)]
        return [
            *(pool.submit(customers.at_work, some, over) for some in hands),
            pool.submit(managers.at_work, self._manager, over),
            pool.submit(managers.at_work, self._desk, over),
            pool.submit(invariants.watch_redis, port, account_ids, over, tally),
            pool.submit(invariants.watch_database, over, tally),
        ]

    def figures(self) -> str:
        tally = self.tally
        rows = {
            "cycles": self.done,
            "requests": sum(tally.answers.values()),
            **{f"… {what}": number for what, number in sorted(tally.answers.items())},
            **dict(sorted(tally.deeds.items())),
            **{f"fault {name}": number for name, number in sorted(self._faults.items())},
            "longest until ready": f"{max(self._ready, default=0):.1f} s",
        }
        width = max(map(len, rows))
        return "\n".join(f"{what:{width}} {number}" for what, number in rows.items())


def _work_on(everybody: list[Future[None]], seconds: float) -> None:
    """Raises what one of them found."""
    ended, _ = wait(everybody, seconds, return_when=FIRST_EXCEPTION)
    for one in ended:
        one.result()
        raise Broken("somebody stopped working")
