"""What names that look alike have in common, unique beside the name as it was typed."""

from django.db import migrations, models

from utils.usernames import key

BATCH = 1000


def fill(apps, schema_editor):
    """The oldest of several accounts whose names look alike gets the key; the others have none,
    and go on as they are."""
    accounts = apps.get_model("api", "Account").objects.using(schema_editor.connection.alias)
    last = 0
    while batch := list(accounts.filter(pk__gt=last).order_by("pk").only("username")[:BATCH]):
        first = {}
        for account in batch:
            name_key = key(account.username)
            if len(name_key) <= 64:
                first.setdefault(name_key, account)
        taken = set(accounts.filter(name_key__in=first).values_list("name_key", flat=True))
        changed = []
        for name_key, account in first.items():
            if name_key not in taken:
                account.name_key = name_key
                changed.append(account)
        accounts.bulk_update(changed, ["name_key"])
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [("api", "0008_hash_tokens")]
    operations = [
        migrations.AddField(
            "account",
            "name_key",
            models.CharField(editable=False, max_length=64, null=True, unique=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
