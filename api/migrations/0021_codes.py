"""One-time codes, what came of batches, and the post that looks after both."""

import django.db.models.deletion
from django.apps import apps as installed
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

COUPON_POST = "优惠券运营"
CODENAMES = ("view_couponcode", "export_couponcode", "view_issuebatch")


def _group_and_permissions(apps):
    group = apps.get_model("auth", "Group").objects.filter(name=COUPON_POST).first()
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="api", codename__in=CODENAMES
    )
    return group, permissions


def let_look_after_codes(apps, schema_editor):
    """A shop that has no such group, or has renamed it, decides for itself."""
    # Permissions are made when all migrations are through; these are needed now.
    create_permissions(installed.get_app_config("api"), verbosity=0, apps=apps)
    group, permissions = _group_and_permissions(apps)
    if group:
        group.permissions.add(*permissions)


def let_look_after_codes_no_more(apps, schema_editor):
    group, permissions = _group_and_permissions(apps)
    if group:
        group.permissions.remove(*permissions)


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0020_bills'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CouponCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('serial', models.PositiveIntegerField(verbose_name='序号')),
                ('code', models.CharField(editable=False, max_length=64, unique=True, verbose_name='兑换码')),
                ('tail', models.CharField(editable=False, max_length=4, verbose_name='尾号')),
            ],
            options={
                'verbose_name': '兑换码',
                'verbose_name_plural': '兑换码',
                'permissions': [('export_couponcode', '可以导出兑换码')],
                'default_permissions': ('view',),
            },
        ),
        migrations.AlterModelOptions(
            name='issuebatch',
            options={'default_permissions': ('view',), 'verbose_name': '发放批次', 'verbose_name_plural': '发放批次'},
        ),
        migrations.RemoveIndex(
            model_name='couponrecord',
            name='couponrecord_batch',
        ),
        migrations.AddField(
            model_name='issuebatch',
            name='exported_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='导出时间'),
        ),
        migrations.AddField(
            model_name='issuebatch',
            name='exported_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='导出人'),
        ),
        migrations.AddField(
            model_name='issuebatch',
            name='made',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name='已生成'),
        ),
        migrations.AddField(
            model_name='issuebatch',
            name='note',
            field=models.CharField(blank=True, db_default='', default='', max_length=200, verbose_name='备注'),
        ),
        migrations.AddField(
            model_name='issuebatch',
            name='seed',
            field=models.CharField(db_default='', default='', editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name='issuebatch',
            name='taken_back_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='撤回时间'),
        ),
        migrations.AlterField(
            model_name='issuebatch',
            name='source',
            field=models.CharField(choices=[('picked', '搜索选择账户'), ('pasted', '粘贴用户名'), ('file', '上传文件'), ('everyone', '全部账户'), ('codes', '兑换码'), ('other', '其他')], default='other', max_length=16, verbose_name='来源'),
        ),
        migrations.AddIndex(
            model_name='couponrecord',
            index=models.Index(condition=models.Q(('batch__isnull', False)), fields=['batch', 'status'], name='couponrecord_batch_status'),
        ),
        migrations.AddConstraint(
            model_name='issuebatch',
            constraint=models.CheckConstraint(condition=models.Q(('made__lte', models.F('number'))), name='issue_batch_no_more_codes_than_asked_for'),
        ),
        migrations.AddField(
            model_name='couponcode',
            name='batch',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='api.issuebatch', verbose_name='批次'),
        ),
        migrations.AddField(
            model_name='couponcode',
            name='coupon',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='api.coupon', verbose_name='优惠券'),
        ),
        migrations.AddField(
            model_name='couponcode',
            name='record',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='claimed_by_code', to='api.couponrecord', verbose_name='用户优惠券'),
        ),
        migrations.AddIndex(
            model_name='couponcode',
            index=models.Index(fields=['coupon', 'id'], name='couponcode_coupon'),
        ),
        migrations.AddIndex(
            model_name='couponcode',
            index=models.Index(fields=['tail'], name='couponcode_tail'),
        ),
        migrations.AddIndex(
            model_name='couponcode',
            index=models.Index(condition=models.Q(('record__isnull', True)), fields=['batch'], name='couponcode_unused'),
        ),
        migrations.AddConstraint(
            model_name='couponcode',
            constraint=models.UniqueConstraint(fields=('batch', 'serial'), name='couponcode_once_in_its_batch'),
        ),
        migrations.RunPython(let_look_after_codes, let_look_after_codes_no_more),
    ]
