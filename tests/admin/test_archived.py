"""What the desk says where it cannot show any more what there was."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from api.admin.orders import story
from api.models import ArchivedFile, ShopEvent, WebhookDelivery
from api.services.archive import moving, restoring
from tests.support.archives import BEFORE, DAY, LONG_AGO, NOW, deliver, notify, paid_order
from tests.support.consumers import endpoint
from tests.support.factories import OrderFactory

pytestmark = pytest.mark.django_db
DELIVERIES, NOTIFICATIONS = "/admin/api/webhookdelivery/", "/admin/api/paymentnotification/"
STORY = "此前的经过已归档"
LIST = f"{BEFORE} 之前的记录已归档，这里不再列出；需要时请运维人员恢复。"


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> None:
    settings.ARCHIVE_DIR = tmp_path / "archive"


def archive(before: date = BEFORE) -> list[str]:
    return [file.name for file in moving.archive(before=before, now=NOW)]


def page(browser: Client, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_orders_page_says_that_its_story_is_archived(chief: Client) -> None:
    order = paid_order()
    url = f"/admin/api/order/{order.pk}/change/"
    assert STORY not in page(chief, url)
    names = archive()

    shown = page(chief, url)
    assert STORY in shown
    assert f"{BEFORE}之前的记录不再列出" in shown
    assert "已支付" in shown  # what is not archived is there
    for name in names:
        restoring.restore(name, now=NOW)
    shown = page(chief, url)
    assert STORY not in shown
    assert "下单" in shown


def test_what_happened_to_it_since_is_told_behind_that() -> None:
    order = paid_order()
    archive()
    ShopEvent.objects.create(kind="refund.asked", order=order, at=NOW, data={})

    assert [row[1] for row in story.story(order)] == [STORY, "申请退款"]


def test_an_order_of_the_day_or_later_is_not_said_to_be_archived(chief: Client) -> None:
    ShopEvent.objects.create(kind="coupon.claimed", at=LONG_AGO, data={}, pending=False)
    archive()
    assert ArchivedFile.objects.count() == 1
    before, since = OrderFactory(date=DAY - timedelta(seconds=1)), OrderFactory(date=DAY)

    assert STORY in page(chief, f"/admin/api/order/{before.pk}/change/")
    assert STORY not in page(chief, f"/admin/api/order/{since.pk}/change/")


def test_lists_say_from_before_which_day_they_have_none(chief: Client) -> None:
    event = ShopEvent.objects.create(kind="coupon.claimed", at=LONG_AGO, data={}, pending=False)
    archive()
    restored = ShopEvent.objects.create(kind="coupon.used", at=LONG_AGO, data={}, pending=False)
    assert restored.pk > event.pk
    assert LIST not in page(chief, DELIVERIES)  # no delivery is archived

    deliver(restored, endpoint(), WebhookDelivery.Status.DEAD)
    [name] = archive()
    assert LIST in page(chief, DELIVERIES)
    assert LIST not in page(chief, NOTIFICATIONS)
    notify(LONG_AGO)
    archive()
    assert LIST in page(chief, NOTIFICATIONS)
    restoring.restore(name, now=NOW)
    assert LIST not in page(chief, DELIVERIES)
