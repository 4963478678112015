"""The periodic jobs' table, and an index for the days that the desk asks for.

The index is built beside a live table: on PostgreSQL concurrently, which no transaction allows.
An attempt that was interrupted can be made again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class AddIndexBesideOthers(AddIndexConcurrently):
    """Concurrently where that can be done; an unfinished index of an earlier attempt is dropped."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_forwards(
                self, app_label, schema_editor, from_state, to_state
            )
            return
        self._ensure_not_in_transaction(schema_editor)
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self.index.name}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_backwards(
                self, app_label, schema_editor, from_state, to_state
            )
            return
        super().database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("api", "0012_prices_in_whole_fen")]

    operations = [
        AddIndexBesideOthers(
            model_name="order", index=models.Index(fields=["-date"], name="order_date")
        ),
        migrations.CreateModel(
            name="JobRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=32, unique=True, verbose_name="任务")),
                ("at", models.DateTimeField(verbose_name="上次运行")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="处理数量")),
            ],
            options={"verbose_name": "定时任务", "verbose_name_plural": "定时任务"},
        ),
    ]
