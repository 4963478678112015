"""Coupons that learners claim themselves."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0015_refunds'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.AddField(
            model_name='coupon',
            name='claimable',
            field=models.BooleanField(db_default=False, default=False, verbose_name='公开领取'),
        ),
        migrations.AddField(
            model_name='coupon',
            name='code',
            field=models.CharField(blank=True, max_length=64, null=True, unique=True, verbose_name='口令'),
        ),
        migrations.AddField(
            model_name='coupon',
            name='paused',
            field=models.BooleanField(db_default=False, default=False, editable=False, verbose_name='停止发放'),
        ),
        migrations.AddField(
            model_name='coupon',
            name='per_account',
            field=models.PositiveIntegerField(blank=True, db_default=1, default=1, verbose_name='每人限领'),
        ),
        migrations.AddField(
            model_name='couponrecord',
            name='claim_no',
            field=models.PositiveIntegerField(blank=True, editable=False, null=True, verbose_name='领取序号'),
        ),
        migrations.AddConstraint(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(('per_account__gte', 1)), name='coupon_per_account_not_zero', violation_error_message='每人限领至少1张'),
        ),
        migrations.AddConstraint(
            model_name='couponrecord',
            constraint=models.UniqueConstraint(condition=models.Q(('claim_no__isnull', False)), fields=('coupon', 'account', 'claim_no'), name='couponrecord_claimed_once'),
        ),
    ]
