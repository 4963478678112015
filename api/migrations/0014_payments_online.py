"""Payments through gateways, and what those sent."""

import django.db.models.deletion
import django.core.serializers.json
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0013_jobs_and_order_date'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PaymentNotification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('offline', '线下收款'), ('alipay', '支付宝'), ('wechat', '微信支付')], max_length=16, verbose_name='渠道')),
                ('digest', models.CharField(max_length=64)),
                ('body', models.TextField(verbose_name='原文')),
                ('headers', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='签名头')),
                ('out_trade_no', models.CharField(blank=True, default='', max_length=64, verbose_name='商户单号')),
                ('verdict', models.CharField(choices=[('signature', '签名有误'), ('app', '应用不符'), ('seller', '商户不符'), ('missing', '字段缺失或无法识别'), ('unknown_trade', '没有这笔支付'), ('amount', '金额不符'), ('status', '状态无需处理'), ('refund', '退款通知'), ('closed', '交易已关闭'), ('paid', '已入账'), ('excess', '多付待退')], max_length=16, verbose_name='结论')),
                ('first_seen', models.DateTimeField(verbose_name='首次收到')),
                ('last_seen', models.DateTimeField(verbose_name='最近收到')),
                ('times_seen', models.PositiveIntegerField(default=1, verbose_name='次数')),
            ],
            options={
                'verbose_name': '支付通知',
                'verbose_name_plural': '支付通知',
            },
        ),
        migrations.AddField(
            model_name='payment',
            name='pay_url',
            field=models.TextField(blank=True, default='', verbose_name='支付地址'),
        ),
        migrations.AddField(
            model_name='payment',
            name='way',
            field=models.CharField(blank=True, choices=[('page', 'page'), ('wap', 'wap'), ('native', 'native'), ('h5', 'h5'), ('jsapi', 'jsapi')], default='', max_length=8, verbose_name='方式'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('status', 0)), fields=['created'], name='payment_waiting'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 0)), fields=('order', 'channel', 'way'), name='payment_one_waiting_for_a_way'),
        ),
        migrations.AddField(
            model_name='paymentnotification',
            name='payment',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='notifications', to='api.payment'),
        ),
        migrations.AddConstraint(
            model_name='paymentnotification',
            constraint=models.UniqueConstraint(fields=('channel', 'digest'), name='notification_once'),
        ),
    ]
