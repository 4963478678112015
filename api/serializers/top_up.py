"""The answer of /api/payment/topup/ (contract §11)."""

from typing import Any

from rest_framework import serializers

from api.serializers.answers import MoneyField, Shown, image_url, money
from api.services.checkout.topping_up import OfferedTopUp


class TopUpShown(Shown):
    """A course that brings the total down when it is bought too."""

    course_id = serializers.CharField()
    policy_id = serializers.CharField(help_text="its cheapest one")
    title = serializers.CharField()
    img = serializers.CharField(help_text="an absolute address")
    price = MoneyField()
    total = MoneyField(help_text="of the best choice with it")
    saves = MoneyField(help_text="how much that is below the best choice without it")

    def shape(self, one: OfferedTopUp) -> dict[str, Any]:
        return {
            "course_id": str(one.course_id),
            "policy_id": one.policy_id,
            "title": one.title,
            "img": image_url(one.img, self.context),
            "price": money(one.price),
            "total": money(one.total),
            "saves": money(one.saves),
        }
