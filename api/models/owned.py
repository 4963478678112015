"""Rows that a generic foreign key binds to a course or a degree course."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value

from api.rules.money import has_two_places


class OftenAskedQuestion(models.Model):
    """A question about a course or a degree, and its answer."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    content_object = GenericForeignKey("content_type", "object_id")
    question = models.CharField(max_length=255)
    answer = models.TextField(max_length=1024)

    class Meta:
        unique_together = ("content_type", "object_id", "question")
        verbose_name = "常见问题"
        verbose_name_plural = "08. 常见问题"

    def __str__(self) -> str:
        return f"{self.content_object}-{self.question}"


def two_places(price: float) -> None:
    """Raises ValidationError for a price with a part of a fen: nobody could pay it."""
    if not has_two_places(price):
        raise ValidationError("价格最多两位小数", code="places")


class PricePolicy(models.Model):
    """What a course or a degree costs for a period of access."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    content_object = GenericForeignKey("content_type", "object_id")
    # 210 days are sold as twelve months: the key is a fact of the price list, not a sum.
    valid_period_choices = (
        (1, "1天"),
        (3, "3天"),
        (7, "1周"),
        (14, "2周"),
        (30, "1个月"),
        (60, "2个月"),
        (90, "3个月"),
        (180, "6个月"),
        (210, "12个月"),
        (540, "18个月"),
        (720, "24个月"),
    )
    valid_period = models.SmallIntegerField(choices=valid_period_choices)
    price = models.FloatField(validators=[two_places])

    class Meta:
        unique_together = ("content_type", "object_id", "valid_period")
        verbose_name = "价格策略"
        verbose_name_plural = "15. 价格策略"
        constraints = [
            models.CheckConstraint(
                name="price_policy_price_is_money",  # what a car can hold and a settlement reckon
                condition=Q(price__gte=0, price__lte=1e12),
                violation_error_message="价格不能为负数，也不能超过一万亿元",
            ),
            models.CheckConstraint(
                name="price_policy_price_in_whole_fen",
                # Exact: a whole number of fen through 100 is the float nearest to the price.
                condition=Q(price=Func(F("price") * Value(100.0), function="ROUND") / Value(100.0)),
                violation_error_message="价格最多两位小数",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content_object}({self.get_valid_period_display()}){self.price}"
