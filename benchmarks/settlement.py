"""POST, PATCH and GET of a settlement, on Redis servers with few or many keys of other accounts.
For comparison: the floor, a view that does nothing, and the course document's way, which searches
all keys.

All are measured in turns, call after call and server after server, so that whatever else the
machine does slows all of them alike. The document's calls come last, because a call that follows a
long wait is slower.
"""

from collections import defaultdict
from contextlib import ExitStack
from itertools import product
from statistics import median

from redis import Redis

from benchmarks import report
from benchmarks.calls import Asked, Call, InProcess, asked_by
from benchmarks.gunicorn import Busy, keep_busy, serving
from benchmarks.redis_servers import ask, connected, own_redis
from benchmarks.world import COURSES, Shopper, add_others, open_shop
from tests.support.redis_server import RedisServer

OTHER_KEYS = (0, 100_000, 1_000_000)
ROUNDS = 1_000  # in process, of each call
MOST_SECONDS = 12  # in process, of a call: a slow one takes part in fewer rounds
CLIENTS = 4  # over HTTP, each with an account of its own
SLICES, SLICE_SECONDS = 5, 0.6  # over HTTP, of each call
FLOOR, GET, PATCH, POST = "floor", "GET", "PATCH", "POST"
BY_KEYS, BY_SCAN = "POST by KEYS", "GET by SCAN"
PHASES = ((FLOOR, POST, PATCH, GET), (BY_KEYS, BY_SCAN))
HEAD = (
    "Request",
    "Other keys",
    "Median, ms",
    "99th percentile, ms",
    "n",
    "Over HTTP, requests/s",
    "n",
    "Redis round trips",
    "SQL queries",
)


Calls = dict[str, list[Call]]  # name -> the call of each client; in process, of the first alone
Stages = dict[int, dict[str, "Measured"]]  # number of other keys -> name -> what was measured


class Measured:
    """The numbers of one call beside so many other keys."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.samples: list[float] = []
        self.http = Busy([], 0.0)

    def row(self, name: str, others: int) -> list[str]:
        return [
            name,
            f"{others:,}",
            report.milliseconds(median(self.samples)),
            report.milliseconds(report.percentile(self.samples, 99)),
            f"{len(self.samples):,}",
            report.per_second(self.http.rate),
            f"{len(self.http.latencies):,}",
            f"{self.asked.round_trips:,}",
            str(self.asked.queries),
        ]


def run(redis: Redis) -> str:
    """Measures, for about three minutes; the report."""
    with ExitStack() as stack:
        servers = {others: stack.enter_context(own_redis()) for others in OTHER_KEYS}
        connections = {others: connected(server) for others, server in servers.items()}
        shoppers = open_shop(connections.values(), 2 * CLIENTS)
        calls = _calls(shoppers[:CLIENTS], shoppers[CLIENTS:])
        for others, connection in connections.items():
            add_others(connection, others)
        stages = _in_process({name: clients[0] for name, clients in calls.items()}, servers)
        ports = {
            others: stack.enter_context(serving(server.url)) for others, server in servers.items()
        }
        _over_http(calls, ports, stages)
    rows = [
        measured[name].row(name, others) for name in calls for others, measured in stages.items()
    ]
    return "\n\n".join([report.table(HEAD, rows), "\n".join(_ratios(stages)), report.place(redis)])


def _calls(ours: list[Shopper], lessons: list[Shopper]) -> Calls:
    """In the order of the table. A POST comes before what reads its settlement."""
    payment, lesson, courses = "/api/payment/", "/bench/lesson/", {"courseids": COURSES}
    return {
        FLOOR: [Call("GET", "/bench/floor/", shopper.token) for shopper in ours],
        POST: [Call("POST", payment, shopper.token, courses) for shopper in ours],
        PATCH: [
            Call("PATCH", payment, shopper.token, {"courseid": 1, "couponid": shopper.record_id})
            for shopper in ours
        ],
        GET: [Call("GET", payment, shopper.token) for shopper in ours],
        BY_KEYS: [Call("POST", lesson, shopper.token, courses) for shopper in lessons],
        BY_SCAN: [Call("GET", lesson, shopper.token) for shopper in lessons],
    }


def _in_process(calls: dict[str, Call], servers: dict[int, RedisServer]) -> Stages:
    django = InProcess()
    stages: Stages = {}
    for others, server in servers.items():
        ask(server)
        for call in calls.values():
            django.seconds(call)  # connections, imports, caches
        stages[others] = {name: Measured(asked_by(call, django)) for name, call in calls.items()}
    for phase in PHASES:
        for turn, others in product(range(ROUNDS), servers):
            ask(servers[others])
            for name in phase:
                samples = stages[others][name].samples
                if sum(samples) <= MOST_SECONDS * turn / ROUNDS:
                    samples.append(django.seconds(calls[name]))
    return stages


def _over_http(calls: Calls, ports: dict[int, int], stages: Stages) -> None:
    for phase in PHASES:
        for turn, others, name in product(range(SLICES), ports, phase):
            port, clients, so_far = ports[others], calls[name], stages[others][name]
            if median(so_far.samples) < SLICE_SECONDS:
                so_far.http += keep_busy(port, clients, seconds=SLICE_SECONDS)
            elif turn == 0:  # once is long enough
                so_far.http += keep_busy(port, clients[:1], seconds=SLICE_SECONDS)


def _ratios(stages: Stages) -> list[str]:
    def times(name: str) -> float:
        """How the call's median has grown from the fewest other keys to the most."""
        return median(stages[max(stages)][name].samples) / median(stages[min(stages)][name].samples)

    samples: defaultdict[str, list[float]] = defaultdict(list)
    http: defaultdict[str, Busy] = defaultdict(lambda: Busy([], 0.0))
    for measured in stages.values():
        for name in (FLOOR, GET):
            samples[name] += measured[name].samples
            http[name] += measured[name].http
    in_process = median(samples[FLOOR]) / median(samples[GET])
    over_http = median(http[FLOOR].latencies) / median(http[GET].latencies)
    growth = f"GET's median at {max(stages):,} other keys / at none"
    http_rates = http[GET].rate / http[FLOOR].rate
    return [
        report.ratio(growth, times(GET), at_most=1.2),
        f"- The floor's, for comparison: {times(FLOOR):.2f}",
        report.ratio("GET's speed / the floor's, medians in process", in_process, at_least=0.7),
        report.ratio("GET's speed / the floor's, medians over HTTP", over_http, at_least=0.7),
        report.ratio("GET's requests/s / the floor's, over HTTP", http_rates, at_least=0.7),
    ]
