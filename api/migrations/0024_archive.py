"""What finds payments that are to go back, built beside live tables."""

from importlib import import_module

from django.db import migrations, models

beside_others = import_module("api.migrations.0013_jobs_and_order_date").AddIndexBesideOthers


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("api", "0023_segment_indexes")]

    operations = [
        beside_others(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("status", 3)), fields=["id"], name="payment_excess"
            ),
        ),
    ]
