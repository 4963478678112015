from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("api", "0005_count_and_tell_coupon_records"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(('issued__lte', models.F('quantity'))), name='coupon_issued_within_quantity', violation_error_message='数量不能少于已发数量'),
        ),
    ]
