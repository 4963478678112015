"""Deliveries without a network: what is sent is kept, and answered as a test wants."""

import base64
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.core.cache import caches
from django_tasks_db.models import DBTaskResult

from api.models import Order, ShopEvent, WebhookDelivery, WebhookEndpoint
from api.rules.webhooks import BACKOFF
from api.services.events import delivering, endpoints, messages, writing
from tests.support.consumers import endpoint
from tests.support.factories import OrderFactory
from tests.support.tasks import tasks
from utils import outgoing
from utils.outgoing import Answer, Forbidden, NoAnswer, Reach

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
SECOND, INSTANT = timedelta(seconds=1), timedelta(microseconds=1)
Status = WebhookDelivery.Status
WAITING, DELIVERED, DEAD = Status.WAITING, Status.DELIVERED, Status.DEAD


class Line:
    """In the place of the network: `answers` are the statuses, or errors, of the next answers, then
    204."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.body = b""
        self.sent: list[tuple[str, bytes, dict[str, str], dict[str, Any]]] = []

    def post(self, url: str, body: bytes, headers: dict[str, str], **how: Any) -> Answer:
        self.sent.append((url, body, headers, how))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, self.body)

    @property
    def ids(self) -> list[int]:
        return [int(headers["webhook-id"].removeprefix("evt_")) for _, _, headers, _ in self.sent]


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    line = Line()
    monkeypatch.setattr(outgoing, "post", line.post)
    return line


@pytest.fixture
def one() -> WebhookEndpoint:
    return endpoint(created=NOW - timedelta(days=9))


def happened(order: Order | None = None, at: datetime = NOW, **other: Any) -> ShopEvent:
    facts = {"kind": "coupon.claimed", "data": {}, "pending": True}
    return ShopEvent.objects.create(order=order, at=at, **facts | other)


def waits(one: WebhookEndpoint, event: ShopEvent | None = None, **other: Any) -> WebhookDelivery:
    event = event or happened(pending=False)
    facts = {"kind": event.kind, "order": event.order, "since": NOW, "next_at": NOW}
    return WebhookDelivery.objects.create(endpoint=one, event=event, **facts | other)


def deliver(now: datetime = NOW) -> int:
    return delivering.deliver(clock=lambda: now)


def statuses() -> list[int]:
    return list(WebhookDelivery.objects.order_by("pk").values_list("status", flat=True))


# --- What is sent ---------------------------------------------------------------------------------


def test_an_event_is_sent_as_it_was_written_down(line, one, settings):
    settings.WEBHOOK_TIMEOUT = 7
    event = happened(data={"words": "满减"})

    assert deliver() == 1

    ((url, body, headers, how),) = line.sent
    assert url == one.url
    assert body.decode() == (
        '{"type":"coupon.claimed","timestamp":"2026-03-05T12:30:00+00:00","data":{"words":"满减"}}'
    )
    assert headers["webhook-id"] == f"evt_{event.pk}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["User-Agent"] == "luffy-webhooks/1"
    assert how == {"timeout": 7, "reach": delivering.reach()}


def test_a_test_tells_nothing():
    message = messages.of_test("7", now=NOW)

    assert message.id == "test_7"
    assert message.body == (
        '{"type":"webhook.test","timestamp":"2026-03-05T12:30:00+00:00","data":{}}'
    )


@pytest.mark.parametrize(
    ("until", "signatures"), [(None, 1), (NOW, 1), (NOW + INSTANT, 2), (NOW - SECOND, 1)]
)
def test_an_old_secret_signs_until_its_moment(one, until, signatures):
    one.old_secret, one.old_secret_until = endpoints.new_secret(), until

    headers = messages.headers(messages.of_test("7", now=NOW), one, now=NOW)

    assert len(headers["webhook-signature"].split()) == signatures


def test_what_may_be_reached_is_what_the_settings_say(settings):
    settings.WEBHOOK_ALLOWED_HOSTS = ["Intra.Example", "[FD00::1]"]
    settings.WEBHOOK_LOOPBACK = False

    assert delivering.reach() == Reach({"intra.example", "fd00::1"}, False)


@pytest.mark.parametrize(
    ("status", "taken"), [(100, False), (199, False), (200, True), (299, True), (300, False)]
)
def test_it_has_arrived_where_the_answer_says_so(status, taken):
    assert delivering.arrived(Answer(status, b"")) is taken


def test_what_arrived_is_noted(line, one):
    delivery = waits(one, last_error="应答500")

    assert deliver(NOW + SECOND) == 1

    delivery.refresh_from_db()
    assert (delivery.status, delivery.delivered_at) == (DELIVERED, NOW + SECOND)
    assert (delivery.last_status, delivery.last_error, delivery.attempts) == (204, "", 1)


# --- What does not arrive -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b"", "应答400"),
        (299 + 1, b"moved", "应答300：不跟随重定向"),
        (399, b"moved", "应答399：不跟随重定向"),
        (400, b"a\0 b\n\n c", "应答400：a b c"),
        (500, "满".encode() * 101, f"应答500：{'满' * 100}"),
        (199, b"x", "应答199：x"),
    ],
)
def test_the_desk_is_told_what_was_answered(line, one, status, body, error):
    delivery = waits(one)
    line.answers, line.body = [status], body

    assert deliver() == 0

    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_status, delivery.last_error) == (WAITING, status, error)


@pytest.mark.parametrize(("attempts", "soon"), [(0, True), (1, False), (6, False)])
def test_the_next_attempt_comes_after_a_pause_and_a_little_more(line, one, attempts, soon):
    delivery = waits(one, attempts=attempts)
    line.answers = [500]

    with mock.patch.object(delivering.secrets, "randbelow", lambda most: most - 1):
        deliver()

    delivery.refresh_from_db()
    then = NOW + BACKOFF[attempts] * (1 + 0.1 * 0.999)
    assert (delivery.status, delivery.attempts, delivery.next_at) == (WAITING, attempts + 1, then)
    assert tasks() == ([("webhooks.deliver", [], "READY")] if soon else [])
    assert set(DBTaskResult.objects.values_list("run_after", flat=True)) <= {then}


def test_after_the_last_attempt_it_is_dead_and_no_task_waits(line, one):
    delivery = waits(one, attempts=len(BACKOFF))
    line.answers = [500]

    deliver()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_status, tasks()) == (DEAD, 500, [])


def test_a_failure_of_which_another_worker_knows_more_leaves_no_task(one):
    slow = waits(one, attempts=1)
    WebhookDelivery.objects.update(attempts=2)

    delivering._note_failure(slow, 500, "应答500", NOW)

    slow.refresh_from_db()
    assert (slow.last_status, slow.last_error, tasks()) == (None, "", [])


def test_an_endpoint_that_is_gone_says_since_when(line, one, settings):
    waits(one), waits(one)
    line.answers = [410]

    assert deliver() == 0

    one.refresh_from_db()
    assert (one.enabled, one.note) == (False, "2026-03-05 20:30 端点应答410（已不存在），自动停用")
    assert (len(line.sent), statuses()) == (1, [WAITING, WAITING])


@pytest.mark.parametrize("status", [404, 409, 411, 500])
def test_any_other_answer_switches_nothing_off(line, one, status):
    waits(one), waits(one)
    line.answers = [status]

    assert deliver() == 1

    one.refresh_from_db()
    assert (one.enabled, one.note) == (True, "")


# --- Rest -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [NoAnswer("应答超时"), Forbidden("地址格式不正确")])
def test_an_endpoint_without_an_answer_rests_at_first_for_seconds(line, one, error):
    delivery = waits(one)
    waits(one)
    line.answers = [error]

    assert deliver() == 0

    one.refresh_from_db()
    delivery.refresh_from_db()
    assert one.rests_until == NOW + 5 * SECOND
    assert (delivery.last_status, delivery.last_error) == (None, str(error))
    assert len(line.sent) == 1  # the other one waits


def test_where_it_was_silent_before_it_rests_for_a_minute(line, one):
    WebhookEndpoint.objects.update(rests_until=NOW)
    waits(one)
    line.answers = [NoAnswer("应答超时")]

    deliver()

    one.refresh_from_db()
    assert one.rests_until == NOW + 60 * SECOND


def test_nothing_is_sent_to_it_while_it_rests(line, one):
    WebhookEndpoint.objects.update(rests_until=NOW)
    waits(one)

    assert deliver(NOW - INSTANT) == 0
    assert deliver(NOW) == 1

    one.refresh_from_db()
    assert one.rests_until is None


def test_what_has_waited_for_two_days_of_silence_is_dead(line, one):
    long_ago = NOW - timedelta(days=2)
    waits(one)
    waits(one, since=long_ago)
    waits(one, since=long_ago + INSTANT)
    waits(one, since=long_ago, next_at=NOW + INSTANT)
    waits(one, since=long_ago, status=DELIVERED)
    waits(endpoint(created=NOW, enabled=False), since=long_ago)
    line.answers = [NoAnswer("应答超时")]

    deliver()

    assert statuses() == [WAITING, DEAD, WAITING, WAITING, DELIVERED, WAITING]
    dead = WebhookDelivery.objects.get(status=DEAD)
    assert (dead.attempts, dead.last_error) == (0, "端点长时间没有应答")


# --- Turns and claims -----------------------------------------------------------------------------


def test_a_claim_counts_the_attempt_and_puts_the_next_off_beyond_it(one, settings):
    settings.WEBHOOK_TIMEOUT = 7
    delivery = waits(one, attempts=3)

    assert delivering._claim(delivery, NOW)

    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.next_at) == (4, NOW + 67 * SECOND)


def test_what_another_worker_has_claimed_holds_up_nothing_else(line, one, monkeypatch):
    first, second = waits(one), waits(one)
    claim = delivering._claim

    def claimed(delivery: WebhookDelivery, now: datetime) -> bool:
        return delivery != first and claim(delivery, now)

    monkeypatch.setattr(delivering, "_claim", claimed)
    monkeypatch.setattr(delivering, "AT_A_TIME", 3)
    due = iter([[first, second], []])
    monkeypatch.setattr(delivering, "_due", lambda *_: next(due))

    assert deliver() == 1

    assert line.ids == [second.event_id]


def test_all_that_is_due_is_delivered_in_several_looks(line, one, monkeypatch):
    monkeypatch.setattr(delivering, "AT_A_TIME", 2)
    wanted = [waits(one).event_id for _ in range(5)]

    assert deliver() == 5

    assert line.ids == wanted


def test_an_endpoint_gets_fifty_seconds_of_a_run(line, one, monkeypatch):
    for _ in range(4):
        waits(one)
    clock = iter([100, 100, 149, 150, 151])
    monkeypatch.setattr(delivering, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    assert deliver() == 3

    assert statuses() == [DELIVERED] * 3 + [WAITING]


def test_what_is_due_first_is_sent_first(line, one):
    later, first = waits(one), waits(one, next_at=NOW - SECOND)
    waits(one, next_at=NOW + INSTANT)

    assert deliver() == 2

    assert line.ids == [first.event_id, later.event_id]


def test_of_one_order_only_the_first_is_sent_and_of_others_all(one):
    order, other = OrderFactory(), OrderFactory()
    first = waits(one, happened(order, pending=False), next_at=NOW + SECOND)
    waits(one, happened(order, pending=False))
    others = waits(one, happened(other, pending=False))

    assert list(delivering._due(one, NOW)) == [others]
    assert list(delivering._due(one, NOW + SECOND)) == [others, first]


def test_who_is_switched_off_is_sent_nothing(line, one):
    waits(one)
    WebhookEndpoint.objects.update(enabled=False)

    assert deliver() == 0
    assert line.sent == []


# --- Fanning out ----------------------------------------------------------------------------------


def test_an_event_goes_to_who_wants_it_and_was_there(one):
    event = happened(OrderFactory())
    there = endpoint(created=NOW, kinds=["coupon.claimed"])
    endpoint(created=NOW + INSTANT)
    endpoint(created=NOW, kinds=["order.paid"])
    endpoint(created=NOW, enabled=False)

    assert delivering.fan_out(now=NOW + SECOND) == 2

    made = WebhookDelivery.objects.order_by("pk")
    assert [delivery.endpoint for delivery in made] == [one, there]
    facts = made.values_list("event", "kind", "order", "since", "next_at", "status", "attempts")
    then = NOW + SECOND
    assert set(facts) == {
        (event.pk, "coupon.claimed", event.order_id, then, then, WAITING, 0),
    }
    assert delivering.fan_out(now=NOW) == 0


@pytest.mark.parametrize("number", [3, 4, 5])
def test_events_are_fanned_out_in_batches_to_the_last(one, monkeypatch, number):
    monkeypatch.setattr(delivering, "BATCH", 2)
    for _ in range(number):
        happened()

    assert delivering.fan_out(now=NOW) == number

    assert WebhookDelivery.objects.count() == number
    assert not ShopEvent.objects.filter(pending=True).exists()


# --- Endpoints ------------------------------------------------------------------------------------


def test_a_secret_is_32_random_bytes():
    one, other = endpoints.new_secret(), endpoints.new_secret()

    assert one != other
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32


def test_a_rotated_secret_signs_for_a_day_more(one):
    secret = one.secret

    endpoints.rotate(one, now=NOW)

    one.refresh_from_db()
    assert (one.old_secret, one.old_secret_until) == (secret, NOW + timedelta(hours=24))
    assert one.secret != secret


@pytest.mark.parametrize(("later", "asked"), [(9.5, False), (10.5, True)])
def test_who_listens_is_remembered_for_ten_seconds(db, later, asked):
    caches["process"].clear()
    with mock.patch("django.core.cache.backends.locmem.time.time", return_value=1_000.0):
        assert not endpoints.anybody_listens()
    WebhookEndpoint.objects.create(url="https://a.example/", secret="s", created=NOW)

    with mock.patch("django.core.cache.backends.locmem.time.time", return_value=1_000.0 + later):
        assert endpoints.anybody_listens() is asked


def test_who_is_added_is_known_at_once(db):
    caches["process"].clear()
    assert not endpoints.anybody_listens()

    endpoint()

    assert endpoints.anybody_listens()


def test_what_is_delivered_again_begins_anew(one):
    done = waits(one, status=DELIVERED, attempts=3, delivered_at=NOW, since=NOW - 9 * SECOND)
    left = waits(one, attempts=2)

    assert endpoints.redeliver([done.pk, left.pk], now=NOW + SECOND) == 1

    done.refresh_from_db()
    left.refresh_from_db()
    assert (done.status, done.attempts, done.delivered_at) == (WAITING, 0, None)
    assert (done.since, done.next_at) == (NOW + SECOND, NOW + SECOND)
    assert left.attempts == 2
    assert tasks() == [("webhooks.deliver", [], "READY")]


def test_where_no_letter_is_dead_no_worker_is_woken(one):
    waits(one, status=DELIVERED)

    assert endpoints.redeliver_dead(one, now=NOW) == 0

    assert (statuses(), tasks()) == ([DELIVERED], [])


def test_the_dead_letters_of_one_endpoint_are_delivered_again(one):
    waits(one, status=DEAD)
    waits(endpoint(created=NOW), status=DEAD)

    assert endpoints.redeliver_dead(one, now=NOW) == 1

    assert statuses() == [WAITING, DEAD]


def test_whoever_cannot_be_woken_fails_nobody(
    monkeypatch, django_capture_on_commit_callbacks, caplog
):
    def away() -> bool:
        raise ConnectionError("away")

    monkeypatch.setattr(endpoints, "anybody_listens", away)

    with django_capture_on_commit_callbacks(execute=True):
        writing.write([ShopEvent(kind="coupon.claimed", at=NOW, data={})])

    assert "away" in caplog.text
    assert ShopEvent.objects.get().pending
