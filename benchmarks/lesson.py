"""GET, PATCH and POST of a settlement beside the course document's way, with no keys of anybody
else, and beside a view behind REST framework's own tokens that does nothing. In process, in turns,
call after call: whatever else the machine does slows all of them alike."""

from statistics import median
from time import process_time

from django.contrib.auth.models import User
from redis import Redis
from rest_framework.authtoken.models import Token

from benchmarks import report
from benchmarks.calls import Call, InProcess, asked_by
from benchmarks.world import COURSES, Shopper, open_shop

ROUNDS = 1_000
TARGETS = (  # what, beside what, at least so many times as fast
    ("GET", "GET, the lesson's", 1.5),
    ("PATCH", "PATCH, the lesson's", 1.2),
    ("POST", "POST, the lesson's", 3.0),
    ("GET", "nothing, behind TokenAuthentication", 1.2),
)
HEAD = (
    "Request",
    "Median, ms",
    "of which its own CPU, ms",
    "n",
    "Redis round trips",
    "SQL queries",
)


class Samples:
    """Seconds, and those of this process's CPU."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.cpu: list[float] = []

    def take(self, call: Call, django: InProcess) -> None:
        began = process_time()
        self.seconds.append(django.seconds(call))
        self.cpu.append(process_time() - began)


def run(redis: Redis) -> str:
    """Measures, for less than a minute; the report."""
    ours, lessons = open_shop([redis], 2)
    calls = _calls(ours, "/api/payment/", "") | _calls(lessons, "/bench/lesson/", ", the lesson's")
    token = Token.objects.create(user=User.objects.create_user("somebody"))
    calls["nothing, behind TokenAuthentication"] = Call("GET", "/bench/token/", token.key)
    calls["nothing"] = Call("GET", "/bench/floor/", ours.token)
    django = InProcess()
    for call in calls.values():
        django.seconds(call)  # connections, imports, caches
    asked = {name: asked_by(call, django) for name, call in calls.items()}
    samples = {name: Samples() for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            samples[name].take(call, django)
    rows = [
        [
            name,
            report.milliseconds(median(taken.seconds)),
            report.milliseconds(median(taken.cpu)),
            f"{ROUNDS:,}",
            str(asked[name].round_trips),
            str(asked[name].queries),
        ]
        for name, taken in samples.items()
    ]
    ratios = [
        report.ratio(
            f"{mine} / {other}, speed",
            median(samples[other].seconds) / median(samples[mine].seconds),
            at_least=least,
        )
        for mine, other, least in TARGETS
    ]
    return "\n\n".join([report.table(HEAD, rows), "\n".join(ratios), report.place(redis)])


def _calls(shopper: Shopper, path: str, whose: str) -> dict[str, Call]:
    """A POST comes before what reads its settlement."""
    choice = {"courseid": 1, "couponid": shopper.record_id}
    return {
        f"POST{whose}": Call("POST", path, shopper.token, {"courseids": COURSES}),
        f"PATCH{whose}": Call("PATCH", path, shopper.token, choice),
        f"GET{whose}": Call("GET", path, shopper.token),
    }
