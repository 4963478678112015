"""A day's money at the gateway that runs here and in the shop, for tests of its bill."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.models import Order, Payment, PaymentType
from api.services.orders import paying
from api.services.orders.paying import Received
from tests.support.gateways import LocalGateway, begin
from tests.support.orders import order as new_order

BEIJING = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 5)
NOON = datetime.combine(DAY, time(12), BEIJING)
MORNING = NOON + timedelta(days=1)  # when the bill of DAY is there
TYPES = {"alipay": PaymentType.ALIPAY, "wechat": PaymentType.WECHAT}


def paid_through(
    gateway: LocalGateway,
    channel: str,
    *,
    at: datetime = NOON,
    noted: datetime | None = None,
    order: Order | None = None,
) -> Payment:
    """99.00 that the learner paid `at` the gateway's moment, and the shop took in when it `noted`
    it."""
    order = order or new_order()
    payment = begin(order, TYPES[channel])
    trade = gateway.begin(payment)
    assert gateway.book.pay(trade, at=at.isoformat(), payer="buyer")
    received = Received(channel, payment.out_trade_no, payment.amount, trade.trade_no)
    paying.receive(order.pk, received, now=noted or at)
    payment.refresh_from_db()
    return payment
