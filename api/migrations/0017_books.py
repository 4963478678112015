"""The books, with what they would hold if they had been kept from the first order on; and the post
that reads them."""

from collections import defaultdict

import django.db.models.deletion
from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

BATCH = 1_000  # orders, payments or refunds at a time
EVER_PAID = (0, 2, 3)
EXCESS, PAID, DONE = 3, 1, 2

FINANCE_POST = "财务"
MAY_VIEW = ("account", "ledgerentry", "order", "payment", "paymentnotification", "refund")


def post_what_was(apps, schema_editor):
    """An order whose payment is missing posts nothing: the audit names it."""
    using = schema_editor.connection.alias
    LedgerEntry = apps.get_model("api", "LedgerEntry")
    tables = {
        name: apps.get_model("api", name).objects.using(using)
        for name in ("Order", "Payment", "Refund", "CouponRecord")
    }

    def write(made):
        rows = []
        for facts, entries in made:
            kept = [entry for entry in entries if entry[1]]
            if sum(entry[1] for entry in kept):
                continue
            for line, (account, amount, record, coupon) in enumerate(kept, 1):
                entry = {"account": account, "amount": amount, "record": record, "coupon": coupon}
                rows.append(LedgerEntry(line=line, **facts, **entry))
        LedgerEntry.objects.using(using).bulk_create(rows, batch_size=BATCH)

    orders = tables["Order"].filter(status__in=EVER_PAID).prefetch_related("details", "payments")
    for batch in _batches(orders):
        coupons = _coupons(tables["CouponRecord"], batch)
        write(_paid(order, coupons) for order in batch)
    excess = tables["Payment"].filter(status=EXCESS)
    for batch in _batches(excess):
        write(_excess(payment) for payment in batch)
    done = tables["Refund"].filter(status=DONE).select_related("order", "payment")
    for batch in _batches(done.prefetch_related("lines__detail", "order__details")):
        coupons = _coupons(tables["CouponRecord"], [refund.order for refund in batch])
        write(_refunded(refund, coupons) for refund in batch)


def _batches(rows):
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk


def _coupons(records, orders):
    """record -> coupon, of those that the orders spent."""
    spent = {order.quote.get("global_coupon") for order in orders}
    spent |= {line.coupon_record_id for order in orders for line in order.details.all()}
    spent.discard(None)
    spent, found = sorted(spent), {}
    for at in range(0, len(spent), 500):  # SQLite takes no more than so many at once
        found |= dict(records.filter(pk__in=spent[at : at + 500]).values_list("pk", "coupon"))
    return found


def _taken_off(order, lines, coupons, sign):
    sums = defaultdict(int)
    for line in lines:
        sums[line.coupon_record_id] += line.discount
        sums[order.quote.get("global_coupon")] += line.share
    return [
        ("coupons", sign * amount, record, coupons.get(record)) for record, amount in sums.items()
    ]


def _paid(order, coupons):
    payment = next((one for one in order.payments.all() if one.status == PAID), None)
    facts = {"posting": f"paid:{order.pk}", "event": "paid", "at": order.pay_time}
    entries = [("learner", -order.subtotal, None, None)]
    entries += _taken_off(order, order.details.all(), coupons, 1)
    if payment:
        entries.append((payment.channel, payment.amount, None, None))
    return facts | {"order": order, "payment": payment}, entries


def _excess(payment):
    facts = {"posting": f"excess:{payment.pk}", "event": "excess"}
    facts |= {"order_id": payment.order_id, "payment": payment}
    facts["at"] = payment.paid_at or payment.created
    amount = payment.amount
    return facts, [("excess", -amount, None, None), (payment.channel, amount, None, None)]


def _refunded(refund, coupons):
    event = "returned" if refund.excess else "refunded"
    facts = {"posting": f"{event}:{refund.pk}", "event": event, "at": refund.done_at}
    facts |= {"order": refund.order, "payment": refund.payment, "refund": refund}
    channel = (refund.payment.channel if refund.payment else "offline", -refund.amount, None, None)
    if refund.excess:
        return facts, [("excess", refund.amount, None, None), channel]
    lines = [line.detail for line in refund.lines.all()]
    taken = _taken_off(refund.order, lines, coupons, -1)
    full = refund.amount - sum(entry[1] for entry in taken)
    return facts, [("learner", full, None, None), *taken, channel]


def make_post(apps, schema_editor):
    """It reads; deciding refunds, and noting money, are rights of their own."""
    # Permissions are made when all migrations are through; this group needs its own now.
    create_permissions(installed.get_app_config("api"), verbosity=0, apps=apps)
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=FINANCE_POST)
    codenames = [f"view_{model}" for model in MAY_VIEW]
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="api", codename__in=codenames
    )
    group.permissions.add(*permissions)


def remove_post(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name=FINANCE_POST).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0016_claims'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('posting', models.CharField(max_length=32, verbose_name='记账号')),
                ('line', models.PositiveSmallIntegerField(verbose_name='行号')),
                ('event', models.CharField(choices=[('paid', '订单付款'), ('refunded', '退款'), ('excess', '多付收款'), ('returned', '多付退回')], max_length=16, verbose_name='事项')),
                ('account', models.CharField(choices=[('learner', '学员应付'), ('coupons', '优惠抵扣'), ('excess', '多付待退'), ('offline', '线下收款'), ('alipay', '支付宝'), ('wechat', '微信支付')], max_length=16, verbose_name='科目')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='金额')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('record', models.BigIntegerField(blank=True, null=True, verbose_name='用户优惠券')),
                ('coupon', models.BigIntegerField(blank=True, null=True, verbose_name='优惠券')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='api.order', verbose_name='订单')),
                ('payment', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='api.payment', verbose_name='支付记录')),
                ('refund', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='api.refund', verbose_name='退款')),
            ],
            options={
                'verbose_name': '账目',
                'verbose_name_plural': '账目',
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['at'], name='ledger_entry_at')],
                'constraints': [models.UniqueConstraint(fields=('posting', 'line'), name='ledger_entry_once'), models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='ledger_entry_not_nothing')],
            },
        ),
        migrations.RunPython(post_what_was, migrations.RunPython.noop),
        migrations.RunPython(make_post, remove_post),
    ]
