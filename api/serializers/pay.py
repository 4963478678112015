"""The request and the answer of /api/order/<number>/pay/ (contract §10)."""

from typing import Any

from rest_framework import serializers

from api.models import PaymentType
from api.rules.payments import Way
from api.serializers.answers import MoneyField, Shown, money
from api.serializers.fields import NumberField, TextField
from api.services.payments.starting import CHANNELS, Begun

PAYMENT_TYPES = {channel.value: kind for kind, channel in CHANNELS.items()}


class WayField(serializers.ChoiceField):
    """A way to the gateway, or none: the channel's first."""

    default_error_messages = {"invalid_choice": "必须是page、wap、native、h5或jsapi"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__([(way.value, way.value) for way in Way], **kwargs)

    def to_internal_value(self, data: Any) -> Way:
        if not isinstance(data, str) or data not in set(Way):
            self.fail("invalid_choice", input=data)
        return Way(data)


class PayRequest(serializers.Serializer[Any]):
    """POST: the channel, and how to get there. `openid` is for WeChat's own browser."""

    payment_type = NumberField(smallest=0, largest=1, required=False, default=1)
    way = WayField(required=False, allow_null=True, default=None)
    openid = TextField(required=False, default="", max_length=128, allow_blank=True)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["way"] == Way.JSAPI and not asked["openid"]:
            raise serializers.ValidationError({"openid": "该字段是必填项。"})
        return asked


class BegunShown(Shown):
    """What the browser needs to pay. `pay_url` is where to go, or what to show as a code (way
    native); for way jsapi it is empty, and `parameters` are for WeixinJSBridge."""

    order_number = serializers.CharField()
    payment_type = serializers.ChoiceField(PaymentType.choices[:2], help_text="0 微信, 1 支付宝")
    way = serializers.CharField()
    out_trade_no = serializers.CharField()
    amount = MoneyField()
    pay_url = serializers.CharField()
    parameters = serializers.DictField(child=serializers.CharField())

    def shape(self, begun: Begun) -> dict[str, Any]:
        payment = begun.payment
        return {
            "order_number": payment.order.order_number,
            "payment_type": PAYMENT_TYPES[payment.channel].value,
            "way": payment.way,
            "out_trade_no": payment.out_trade_no,
            "amount": money(payment.amount),
            "pay_url": begun.started.pay_url,
            "parameters": dict(begun.started.parameters),
        }
