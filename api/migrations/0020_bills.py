"""The gateways' bills; 财务 reads them, and settles what differs."""

import django.db.models.deletion
from django.conf import settings
from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

FINANCE_POST = "财务"
MAY = ("view_bill", "view_billline", "settle_billline")


def let_settle(apps, schema_editor):
    # Permissions are made when all migrations are through; this group needs its own now.
    create_permissions(installed.get_app_config("api"), verbosity=0, apps=apps)
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=FINANCE_POST)
    group.permissions.add(
        *apps.get_model("auth", "Permission").objects.filter(
            content_type__app_label="api", codename__in=MAY
        )
    )


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0019_steering'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Bill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('alipay', '支付宝'), ('wechat', '微信支付')], max_length=16, verbose_name='渠道')),
                ('day', models.DateField(verbose_name='账单日')),
                ('fetched_at', models.DateTimeField(blank=True, null=True, verbose_name='取得时间')),
                ('tried_at', models.DateTimeField(verbose_name='最近尝试')),
                ('problem', models.CharField(blank=True, default='', max_length=255, verbose_name='问题')),
                ('digest', models.CharField(blank=True, default='', max_length=64, verbose_name='文件摘要')),
                ('received', models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name='渠道收款')),
                ('refunded', models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name='渠道退款')),
                ('balanced', models.PositiveIntegerField(default=0, verbose_name='平')),
                ('surplus', models.PositiveIntegerField(default=0, verbose_name='长款')),
                ('shortage', models.PositiveIntegerField(default=0, verbose_name='短款')),
                ('mismatched', models.PositiveIntegerField(default=0, verbose_name='金额不符')),
                ('unsettled', models.PositiveIntegerField(default=0, verbose_name='待处理')),
            ],
            options={
                'verbose_name': '账单',
                'verbose_name_plural': '账单',
                'default_permissions': ('view',),
                'constraints': [models.UniqueConstraint(fields=('channel', 'day'), name='bill_once')],
            },
        ),
        migrations.CreateModel(
            name='BillLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('payment', '收款'), ('refund', '退款')], max_length=8, verbose_name='类型')),
                ('out_trade_no', models.CharField(max_length=64, verbose_name='商户单号')),
                ('out_request_no', models.CharField(blank=True, default='', max_length=64, verbose_name='退款单号')),
                ('copy', models.PositiveSmallIntegerField(default=1, verbose_name='重复序号')),
                ('trade_no', models.CharField(blank=True, default='', max_length=64, verbose_name='渠道单号')),
                ('amount', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='渠道金额')),
                ('at', models.DateTimeField(blank=True, null=True, verbose_name='渠道时间')),
                ('raw', models.TextField(blank=True, default='', verbose_name='账单原文')),
                ('own_amount', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='本店金额')),
                ('result', models.CharField(choices=[('balanced', '平'), ('surplus', '长款'), ('shortage', '短款'), ('amount', '金额不符')], max_length=8, verbose_name='结果')),
                ('note', models.CharField(blank=True, default='', max_length=255, verbose_name='处理说明')),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='处理时间')),
                ('bill', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='api.bill', verbose_name='账单')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='api.payment', verbose_name='支付记录')),
                ('refund', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='api.refund', verbose_name='退款')),
                ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='处理人')),
            ],
            options={
                'verbose_name': '对账明细',
                'verbose_name_plural': '对账明细',
                'permissions': [('settle_billline', '可以处理对账差异')],
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['out_trade_no'], name='bill_line_trade'), models.Index(condition=models.Q(models.Q(('result', 'balanced'), _negated=True), ('settled_at', None)), fields=['bill'], name='bill_line_open')],
                'constraints': [models.UniqueConstraint(fields=('bill', 'kind', 'out_trade_no', 'out_request_no', 'copy'), name='bill_line_once')],
            },
        ),
        migrations.RunPython(let_settle, migrations.RunPython.noop),
    ]
