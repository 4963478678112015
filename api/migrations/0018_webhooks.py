"""Who is told what happens, and what each was told; what the desk finds notifications by."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0017_books'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('order.placed', '订单已提交'), ('order.paid', '订单已付款'), ('order.closed', '订单已关闭'), ('order.refunded', '订单已退款'), ('coupon.claimed', '优惠券已领取'), ('coupon.used', '优惠券已使用'), ('coupon.returned', '优惠券已退回')], max_length=32, verbose_name='事件类型')),
                ('status', models.SmallIntegerField(choices=[(0, '待投递'), (1, '已送达'), (2, '死信')], default=0, verbose_name='状态')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='尝试次数')),
                ('since', models.DateTimeField(verbose_name='开始投递')),
                ('next_at', models.DateTimeField(verbose_name='下次投递')),
                ('last_status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='最近应答')),
                ('last_error', models.CharField(blank=True, default='', max_length=200, verbose_name='最近错误')),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='送达时间')),
            ],
            options={
                'verbose_name': '投递记录',
                'verbose_name_plural': '投递记录',
                'permissions': [('redeliver_webhookdelivery', '可以重新投递事件')],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.URLField(max_length=500, verbose_name='地址')),
                ('description', models.CharField(blank=True, default='', max_length=200, verbose_name='说明')),
                ('kinds', models.JSONField(blank=True, default=list, verbose_name='订阅的事件')),
                ('enabled', models.BooleanField(default=True, verbose_name='启用')),
                ('secret', models.CharField(editable=False, max_length=100, verbose_name='签名密钥')),
                ('old_secret', models.CharField(blank=True, default='', editable=False, max_length=100)),
                ('old_secret_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('note', models.CharField(blank=True, default='', editable=False, max_length=200, verbose_name='停用原因')),
                ('rests_until', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='暂缓至')),
                ('created', models.DateTimeField(editable=False, verbose_name='创建时间')),
            ],
            options={
                'verbose_name': 'Webhook端点',
                'verbose_name_plural': 'Webhook端点',
                'default_permissions': ('view', 'add', 'change'),
            },
        ),
        migrations.AddField(
            model_name='shopevent',
            name='pending',
            field=models.BooleanField(db_default=False, default=True, editable=False, verbose_name='待分发'),
        ),
        migrations.AlterField(
            model_name='paymentnotification',
            name='out_trade_no',
            field=models.CharField(blank=True, db_index=True, default='', max_length=64, verbose_name='商户单号'),
        ),
        migrations.AddIndex(
            model_name='paymentnotification',
            index=models.Index(fields=['verdict', '-id'], name='notification_verdict'),
        ),
        migrations.AddIndex(
            model_name='paymentnotification',
            index=models.Index(fields=['last_seen'], name='notification_last_seen'),
        ),
        migrations.AddIndex(
            model_name='shopevent',
            index=models.Index(condition=models.Q(('pending', True)), fields=['id'], name='shop_event_pending'),
        ),
        migrations.AddIndex(
            model_name='shopevent',
            index=models.Index(condition=models.Q(('kind__in', ('coupon.claimed', 'coupon.used', 'coupon.returned'))), fields=['at'], name='shop_event_of_coupons'),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='event',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='api.shopevent', verbose_name='事件'),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='order',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='api.order', verbose_name='订单'),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='endpoint',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='api.webhookendpoint', verbose_name='端点'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 0)), fields=['endpoint', 'next_at'], name='webhook_due'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 0)), fields=['endpoint', 'order', 'event'], name='webhook_first'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['endpoint', '-id'], name='webhook_endpoint'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['status', '-id'], name='webhook_status'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 2)), fields=['endpoint'], name='webhook_dead'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 1)), fields=['delivered_at'], name='webhook_delivered'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.UniqueConstraint(fields=('event', 'endpoint'), name='webhook_delivery_once'),
        ),
    ]
