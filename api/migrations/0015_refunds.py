"""Money that goes back."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0014_payments_online'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('out_request_no', models.CharField(max_length=64, unique=True, verbose_name='退款单号')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='退款金额')),
                ('excess', models.BooleanField(default=False, verbose_name='多付退回')),
                ('status', models.SmallIntegerField(choices=[(0, '待审核'), (1, '退款中'), (2, '已退款'), (3, '已拒绝')], default=0, verbose_name='状态')),
                ('reason', models.CharField(blank=True, default='', max_length=255, verbose_name='申请原因')),
                ('asked_at', models.DateTimeField(verbose_name='申请时间')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='审核时间')),
                ('note', models.CharField(blank=True, default='', max_length=255, verbose_name='审核说明')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='发出时间')),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='退款时间')),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='代申请人')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='审核人')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='api.order')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='api.payment')),
            ],
            options={
                'verbose_name': '退款',
                'verbose_name_plural': '退款',
                'permissions': [('approve_refund', '可以审核退款')],
            },
        ),
        migrations.CreateModel(
            name='RefundLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='退款金额')),
                ('detail', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refund_lines', to='api.orderdetail')),
                ('refund', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='api.refund')),
            ],
            options={
                'verbose_name': '退款明细',
                'verbose_name_plural': '退款明细',
            },
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(condition=models.Q(('status', 1)), fields=['decided_at'], name='refund_under_way'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('excess', False), ('status__in', [0, 1])), fields=('order',), name='refund_one_open_for_an_order'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('excess', True)), fields=('payment',), name='refund_excess_once'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='refund_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.UniqueConstraint(fields=('refund', 'detail'), name='refund_line_once'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='refund_line_not_negative'),
        ),
    ]
