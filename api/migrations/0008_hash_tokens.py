"""The tokens that this service has written are kept by their hash from now on."""

import re

from django.db import migrations

from utils.tokens import stored

# As the service has made them. Those of another form are other programs' and stay as they are.
OWN = re.compile(r"[A-Za-z0-9_-]{43}")
BATCH = 1000


def hash_tokens(apps, schema_editor):
    table = apps.get_model("api", "UserAuthToken").objects.using(schema_editor.connection.alias)
    last = 0
    while batch := list(table.filter(pk__gt=last).order_by("pk")[:BATCH]):
        plain = [row for row in batch if OWN.fullmatch(row.token)]
        for row in plain:
            row.token = stored(row.token)
        table.bulk_update(plain, ["token"])
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [("api", "0007_orders")]
    operations = [migrations.RunPython(hash_tokens, migrations.RunPython.noop, elidable=True)]
