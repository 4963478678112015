"""What segments of accounts look up, built beside live tables."""

from importlib import import_module

from django.db import migrations, models

beside_others = import_module("api.migrations.0013_jobs_and_order_date").AddIndexBesideOthers


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("api", "0022_segments_and_plans")]

    operations = [
        beside_others(
            model_name="account",
            index=models.Index(fields=["registered"], name="account_registered"),
        ),
        beside_others(
            model_name="orderdetail",
            index=models.Index(
                fields=["content_type", "object_id", "order"], name="order_detail_of_course"
            ),
        ),
    ]
