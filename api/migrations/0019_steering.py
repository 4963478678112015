"""What a discount takes off at most; coupons that are switched off."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0018_webhooks'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.AddField(
            model_name='coupon',
            name='max_off',
            field=models.PositiveIntegerField(blank=True, help_text='仅折扣券，单位：元；留空不限', null=True, verbose_name='最高减'),
        ),
        migrations.AddField(
            model_name='coupon',
            name='disabled',
            field=models.BooleanField(db_default=False, default=False, editable=False, verbose_name='停用'),
        ),
        migrations.AddConstraint(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(('max_off__isnull', True), models.Q(('coupon_type', 2), ('max_off__gte', 1)), _connector='OR'), name='coupon_max_off_of_a_discount', violation_error_message='只有折扣券可以填写最高减，至少1元'),
        ),
    ]
