"""Prices have two places. Those that had more are written as they have always been charged."""

from decimal import ROUND_HALF_UP, Decimal

from django.db import migrations, models
from django.db.models import F, Func, Q, Value

import api.models.owned

IN_WHOLE_FEN = Q(price=Func(F("price") * Value(100.0), function="ROUND") / Value(100.0))


def round_half_up(apps, schema_editor):
    """Every settlement has reckoned with the rounded price: nobody pays anything else from now on."""
    policies = apps.get_model("api", "PricePolicy").objects.using(schema_editor.connection.alias)
    for policy in policies.exclude(IN_WHOLE_FEN).iterator():
        price = Decimal(repr(policy.price)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        policies.filter(pk=policy.pk).update(price=float(price))


class Migration(migrations.Migration):
    dependencies = [("api", "0011_issue_batch")]

    operations = [
        migrations.RunPython(round_half_up, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="pricepolicy",
            name="price",
            field=models.FloatField(validators=[api.models.owned.two_places]),
        ),
        migrations.AddConstraint(
            model_name="pricepolicy",
            constraint=models.CheckConstraint(
                condition=IN_WHOLE_FEN,
                name="price_policy_price_in_whole_fen",
                violation_error_message="价格最多两位小数",
            ),
        ),
    ]
