"""What finds payments that are to go back, built beside live tables; and the files of the archive."""

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
        migrations.CreateModel(
            name="ArchivedFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64, unique=True, verbose_name="文件")),
                (
                    "kind",
                    models.CharField(
                        choices=[("events", "业务事件"), ("notifications", "支付通知")],
                        max_length=16,
                        verbose_name="内容",
                    ),
                ),
                ("before", models.DateField(verbose_name="早于")),
                ("sha256", models.CharField(max_length=64, verbose_name="摘要")),
                ("rows", models.JSONField(verbose_name="数量")),
                ("begins", models.DateTimeField(verbose_name="最早")),
                ("ends", models.DateTimeField(verbose_name="最晚")),
                ("made_at", models.DateTimeField(verbose_name="归档时间")),
                (
                    "restored_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="恢复时间"),
                ),
            ],
            options={
                "verbose_name": "归档文件",
                "verbose_name_plural": "归档文件",
                "default_permissions": (),
            },
        ),
    ]
