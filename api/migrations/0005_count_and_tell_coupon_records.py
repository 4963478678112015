"""Counts what was issued of every coupon, and gives every record the event that it is from before.

Made for a live table: a statement concerns one coupon, or RECORDS records, and is a transaction of
its own. Interrupted, it can be run again. What the earlier release goes on issuing while it runs
may escape it: `manage.py audit --repair` counts again.

A coupon of which more was issued than its quantity (by another program) gets the counted number as
its quantity, and is named in the output: the database keeps to `issued <= quantity` from now on.

A record that was taken back at the desk gets a second event, as far as the admin log knows of it:
by whom, when and why.
"""

from django.db import migrations

RECORDS = 5_000
BEFORE = "早于经过记录：领取时间取自领取记录，状态是当时的状态"
VOID = 3


def count(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id, name, quantity FROM api_coupon ORDER BY id")
        for coupon_id, name, quantity in cursor.fetchall():
            cursor.execute("SELECT COUNT(*) FROM api_couponrecord WHERE coupon_id = %s", [coupon_id])
            [(issued,)] = cursor.fetchall()
            cursor.execute(
                "UPDATE api_coupon SET issued = %s,"
                " quantity = CASE WHEN quantity < %s THEN %s ELSE quantity END WHERE id = %s",
                [issued, issued, issued, coupon_id],
            )
            if issued > quantity:
                print(f"\n  coupon {coupon_id} {name}: quantity {quantity} -> {issued}", end="")


def tell(apps, schema_editor):
    tell_of_taken_back(apps)
    last = 0
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT MAX(id) FROM (SELECT id FROM api_couponrecord WHERE id > %s"
                " ORDER BY id LIMIT %s) AS batch",
                [last, RECORDS],
            )
            [(until,)] = cursor.fetchall()
            if until is None:
                return
            cursor.execute(
                "INSERT INTO api_couponrecordevent (record_id, from_status, to_status, at, reason)"
                " SELECT record.id, NULL, record.status, record.get_time, %s"
                " FROM api_couponrecord AS record WHERE record.id > %s AND record.id <= %s"
                " AND NOT EXISTS (SELECT 1 FROM api_couponrecordevent AS event"
                " WHERE event.record_id = record.id) ORDER BY record.id",
                [BEFORE, last, until],
            )
            last = until


def tell_of_taken_back(apps):
    """Both events of those that the admin log knows of."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    LogEntry = apps.get_model("admin", "LogEntry")
    kind = ContentType.objects.filter(app_label="api", model="couponrecord").first()
    if kind is None:
        return
    said = LogEntry.objects.filter(content_type=kind, change_message__startswith="作废1张（")
    last = 0
    while batch := list(said.filter(pk__gt=last).order_by("pk")[:RECORDS]):
        last = batch[-1].pk
        entries = {int(one.object_id): one for one in batch if (one.object_id or "").isdecimal()}
        tell_these(apps, entries)


def tell_these(apps, entries):
    Record = apps.get_model("api", "CouponRecord")
    Event = apps.get_model("api", "CouponRecordEvent")
    events = []
    for record in Record.objects.filter(pk__in=entries, status=VOID, events=None).order_by("pk"):
        entry = entries[record.pk]
        came = Event(record=record, to_status=0, at=record.get_time, reason=BEFORE)
        taken_back = Event(
            record=record,
            from_status=0,
            to_status=VOID,
            at=entry.action_time,
            staff_id=entry.user_id,
            reason=entry.change_message.removeprefix(f"作废1张（{record.number}）："),
        )
        events += [came, taken_back]
    Event.objects.bulk_create(events, batch_size=RECORDS)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("api", "0004_coupon_record_events"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(count, migrations.RunPython.noop, atomic=False),
        migrations.RunPython(tell, migrations.RunPython.noop, atomic=False),
    ]
