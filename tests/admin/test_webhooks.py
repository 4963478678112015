"""Webhook endpoints and deliveries at the desk, and what gateways sent."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from api.models import WebhookDelivery, WebhookEndpoint
from tests.admin.conftest import MakeStaff
from tests.admin.rows import delivery, notification
from tests.admin.test_lost_updates import dialog_of, text_of
from tests.support.consumers import Consumer, consumer, endpoint
from tests.support.tasks import tasks

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ENDPOINTS, DELIVERIES = "/admin/api/webhookendpoint/", "/admin/api/webhookdelivery/"
NOTIFICATIONS = "/admin/api/paymentnotification/"
FORM = {"url": "https://crm.example.com/hook", "description": "CRM", "enabled": "on"}
Status = WebhookDelivery.Status


def permitted(staff: MakeStaff, *codenames: str) -> Client:
    browser = staff("integrator", None)
    browser.user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return browser


@pytest.fixture
def listening(settings: Any) -> Iterator[tuple[Consumer, WebhookEndpoint]]:
    settings.WEBHOOK_LOOPBACK = True
    with consumer() as both:
        yield both


def send(browser: Client, one: WebhookEndpoint, what: str) -> str:
    """Sends a dialog of its page; gives the page that is shown then."""
    url = f"{ENDPOINTS}{one.pk}/{what}/"
    answer = browser.post(url, dialog_of(browser, url))
    assert answer.headers["HX-Redirect"] == f"{ENDPOINTS}{one.pk}/change/"
    one.refresh_from_db()
    return text_of(browser.get(f"{ENDPOINTS}{one.pk}/change/"))


# --- Endpoints ------------------------------------------------------------------------------------


def test_an_endpoint_is_made_with_a_secret_of_the_services_own(chief: Client) -> None:
    data = FORM | {"kinds": ["order.paid", "coupon.used"], "secret": "whsec_mine"}
    assert chief.post(f"{ENDPOINTS}add/", data).status_code == 302
    one = WebhookEndpoint.objects.get()
    assert one.secret.startswith("whsec_")
    assert one.secret != "whsec_mine"
    assert one.kinds == ["order.paid", "coupon.used"]
    page = text_of(chief.get(f"{ENDPOINTS}{one.pk}/change/"))
    assert one.secret in page
    assert "显示密钥" in page
    assert one.secret not in text_of(chief.get(ENDPOINTS))
    assert one.secret not in "".join(str(entry.change_message) for entry in LogEntry.objects.all())


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://crm.example.com/", "https://"),
        ("https://10.0.0.1/", "内部网络"),
        ("https://127.0.0.1/", "内部网络"),
        ("https://user:pass@crm.example.com/", "格式"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused(chief: Client, url: str, told: str) -> None:
    answer = chief.post(f"{ENDPOINTS}add/", FORM | {"url": url})
    assert told in answer.context["adminform"].form.errors["url"][0]
    assert not WebhookEndpoint.objects.exists()


def test_saving_it_keeps_its_secret_and_the_log_says_what_changed(chief: Client) -> None:
    one = endpoint(note="410", enabled=False)
    url = f"{ENDPOINTS}{one.pk}/change/"
    chief.post(url, FORM | {"url": one.url, "kinds": ["order.paid"]})
    before = one.secret
    one.refresh_from_db()
    assert (one.secret, one.enabled, one.note, one.kinds) == (before, True, "", ["order.paid"])
    said = LogEntry.objects.get().get_change_message()
    assert "订单已付款" in said
    assert before not in said


def test_who_may_only_look_sees_no_secret_and_does_nothing(staff: MakeStaff) -> None:
    one = delivery().endpoint
    viewer = permitted(staff, "view_webhookendpoint", "view_webhookdelivery")
    page = text_of(viewer.get(f"{ENDPOINTS}{one.pk}/change/"))
    assert one.secret not in page
    assert "显示密钥" not in page
    for what in ("send_test", "rotate", "redeliver_dead"):
        answer = viewer.post(f"{ENDPOINTS}{one.pk}/{what}/", {"_form_submitted": "True"})
        assert answer.status_code == 403
    before = one.secret
    one.refresh_from_db()
    assert one.secret == before
    assert WebhookDelivery.objects.get().status == Status.DEAD


def test_an_endpoint_is_never_deleted(chief: Client) -> None:
    one = endpoint()
    assert chief.post(f"{ENDPOINTS}{one.pk}/delete/", {"post": "yes"}).status_code == 403
    assert WebhookEndpoint.objects.exists()


def test_rotating_gives_a_new_secret_and_tells_until_when_the_old_one_signs(chief: Client) -> None:
    one = endpoint()
    before = one.secret
    assert "已更换密钥" in send(chief, one, "rotate")
    assert (one.old_secret, one.secret != before) == (before, True)
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == ["更换签名密钥"]


def test_two_who_rotate_at_once_are_told(chief: Client) -> None:
    one = endpoint()
    url = f"{ENDPOINTS}{one.pk}/rotate/"
    mine = dialog_of(chief, url)
    send(chief, one, "rotate")
    after = one.secret
    assert "旧密钥有效至" in text_of(chief.post(url, mine))
    one.refresh_from_db()
    assert one.secret == after


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (204, "测试已送达，应答204"),
        (500, "测试没有送达：应答500"),
        ("cut", "测试没有送达：连接中断"),
    ],
)
def test_a_test_is_sent_and_its_answer_shown(
    chief: Client, listening: tuple[Consumer, WebhookEndpoint], answer: Any, told: str
) -> None:
    received, one = listening
    received.answers = [answer]
    assert told in send(chief, one, "send_test")
    assert received.kinds == ["webhook.test"]
    assert not WebhookDelivery.objects.exists()


# --- Deliveries -----------------------------------------------------------------------------------


def test_dead_letters_of_an_endpoint_are_sent_again(staff: MakeStaff) -> None:
    dead, other = delivery(), delivery()
    browser = permitted(
        staff, "view_webhookendpoint", "view_webhookdelivery", "redeliver_webhookdelivery"
    )
    assert "1条死信将重新投递" in send(browser, dead.endpoint, "redeliver_dead")
    dead.refresh_from_db()
    other.refresh_from_db()
    assert (dead.status, dead.attempts, other.status) == (Status.WAITING, 0, Status.DEAD)
    assert tasks()[-1][0] == "webhooks.deliver"
    assert "没有死信" in send(browser, dead.endpoint, "redeliver_dead")


def test_those_that_were_ticked_are_sent_again_and_what_waits_is_left(chief: Client) -> None:
    dead, waiting, other = delivery(), delivery(), delivery()
    WebhookDelivery.objects.filter(pk=waiting.pk).update(status=Status.WAITING, attempts=3)
    data = {"action": "redeliver_selected", "_selected_action": [dead.pk, waiting.pk]}
    chief.post(DELIVERIES, data)
    rows = dict(WebhookDelivery.objects.values_list("pk", "status"))
    assert rows == {dead.pk: 0, waiting.pk: 0, other.pk: 2}
    waiting.refresh_from_db()
    assert waiting.attempts == 3
    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(dead.pk)]


def test_one_is_sent_again_from_its_page_which_shows_what_is_told(chief: Client) -> None:
    dead = delivery()
    page = text_of(chief.get(f"{DELIVERIES}{dead.pk}/change/"))
    assert dead.order.order_number in page
    assert "order.placed" in page
    url = f"{DELIVERIES}{dead.pk}/redeliver/"
    chief.post(url, dialog_of(chief, url))
    dead.refresh_from_db()
    assert dead.status == Status.WAITING
    assert "/redeliver/" not in text_of(chief.get(f"{DELIVERIES}{dead.pk}/change/"))


def test_who_may_only_look_sends_nothing_again(staff: MakeStaff) -> None:
    dead = delivery()
    viewer = permitted(staff, "view_webhookdelivery")
    assert viewer.post(f"{DELIVERIES}{dead.pk}/redeliver/", {}).status_code == 403
    viewer.post(DELIVERIES, {"action": "redeliver_selected", "_selected_action": [dead.pk]})
    dead.refresh_from_db()
    assert dead.status == Status.DEAD


def test_deliveries_are_found_by_the_orders_number(chief: Client) -> None:
    one, _ = delivery(), delivery()
    found = chief.get(DELIVERIES, {"q": one.order.order_number}).context["cl"].result_list
    assert list(found) == [one]


# --- What gateways sent ---------------------------------------------------------------------------


def test_notifications_are_found_by_verdict_channel_day_and_number(staff: MakeStaff) -> None:
    finance = staff("finance", "财务")
    one, other = notification(), notification()
    type(other).objects.filter(pk=other.pk).update(
        verdict="signature", channel="wechat", last_seen="2020-01-01T00:00:00Z"
    )
    for query in (
        {"verdict__exact": "signature"},
        {"channel__exact": "wechat"},
        {"last_seen_to": "2020-01-02"},
        {"q": other.out_trade_no},
    ):
        found = finance.get(NOTIFICATIONS, query).context["cl"].result_list
        assert list(found) == [other], query
    page = text_of(finance.get(f"{NOTIFICATIONS}{one.pk}/change/"))
    assert one.payment.order.order_number in page
    assert "a=1" in page


def test_a_notification_is_only_read_and_shown_as_text(chief: Client) -> None:
    one = notification()
    type(one).objects.update(body="<script>alert(1)</script>")
    page = chief.get(f"{NOTIFICATIONS}{one.pk}/change/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert chief.post(f"{NOTIFICATIONS}{one.pk}/change/", {"body": "x"}).status_code == 403
    assert chief.get(f"{NOTIFICATIONS}add/").status_code == 403


def test_an_orders_story_leads_to_what_its_gateway_sent(chief: Client) -> None:
    one = notification()
    page = text_of(chief.get(f"/admin/api/order/{one.payment.order_id}/change/"))
    assert f"{NOTIFICATIONS}{one.pk}/change/" in page
