"""When an account registered; issuing that is planned, and the post that looks after it; what a
coupon is meant to cost.

Accounts that are there stay without a registration: the column comes first, and its default, which
the database gives to rows that come from then on, after it.
"""

import django.db.models.deletion
from django.apps import apps as installed
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.models.functions import Now

COUPON_POST = "优惠券运营"
CODENAMES = ("view_issueplan",)


def _group_and_permissions(apps):
    group = apps.get_model("auth", "Group").objects.filter(name=COUPON_POST).first()
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="api", codename__in=CODENAMES
    )
    return group, permissions


def let_see_plans(apps, schema_editor):
    """A shop that has no such group, or has renamed it, decides for itself."""
    # Permissions are made when all migrations are through; these are needed now.
    create_permissions(installed.get_app_config("api"), verbosity=0, apps=apps)
    group, permissions = _group_and_permissions(apps)
    if group:
        group.permissions.add(*permissions)


def let_see_plans_no_more(apps, schema_editor):
    group, permissions = _group_and_permissions(apps)
    if group:
        group.permissions.remove(*permissions)


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0021_codes'),
        ('contenttypes', '0002_remove_content_type_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='registered',
            field=models.DateTimeField(editable=False, null=True, verbose_name='注册时间'),
        ),
        migrations.AlterField(
            model_name='account',
            name='registered',
            field=models.DateTimeField(db_default=Now(), editable=False, null=True, verbose_name='注册时间'),
        ),
        migrations.AlterField(
            model_name='issuebatch',
            name='source',
            field=models.CharField(choices=[('picked', '搜索选择账户'), ('pasted', '粘贴用户名'), ('file', '上传文件'), ('segment', '按条件选择'), ('everyone', '全部账户'), ('codes', '兑换码'), ('other', '其他')], default='other', max_length=16, verbose_name='来源'),
        ),
        migrations.CreateModel(
            name='IssuePlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('coupon_name', models.CharField(max_length=64, verbose_name='优惠券名称')),
                ('key', models.CharField(max_length=64, unique=True, verbose_name='发放编号')),
                ('audience', models.JSONField(verbose_name='发给谁')),
                ('terms', models.JSONField(verbose_name='优惠内容')),
                ('source', models.CharField(choices=[('picked', '搜索选择账户'), ('pasted', '粘贴用户名'), ('file', '上传文件'), ('segment', '按条件选择'), ('everyone', '全部账户'), ('codes', '兑换码'), ('other', '其他')], max_length=16, verbose_name='来源')),
                ('whom', models.CharField(max_length=200, verbose_name='发给谁')),
                ('at', models.DateTimeField(verbose_name='发放时间')),
                ('planned_at', models.DateTimeField(verbose_name='计划于')),
                ('state', models.CharField(choices=[('waiting', '待执行'), ('done', '已执行'), ('cancelled', '已取消'), ('failed', '失败')], default='waiting', max_length=16, verbose_name='状态')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='执行或取消于')),
                ('number', models.PositiveIntegerField(null=True, verbose_name='发放数量')),
                ('why', models.TextField(default='', verbose_name='原因')),
                ('cancelled_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='取消人')),
                ('coupon', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='plans', to='api.coupon', verbose_name='优惠券')),
                ('manager', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='工作人员')),
            ],
            options={
                'verbose_name': '计划发放',
                'verbose_name_plural': '计划发放',
                'default_permissions': ('view',),
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['at'], name='issue_plan_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('number__isnull', False), ('state', 'done')), models.Q(models.Q(('state', 'done'), _negated=True), ('number__isnull', True)), _connector='OR'), name='issue_plan_number_of_what_was_issued')],
            },
        ),
        migrations.AddField(
            model_name='coupon',
            name='budget',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, verbose_name='预算'),
        ),
        migrations.AddConstraint(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(('budget__isnull', True), ('budget__gt', 0), _connector='OR'), name='coupon_budget_above_nothing', violation_error_message='预算必须大于0；留空表示没有预算'),
        ),
        migrations.RunPython(let_see_plans, let_see_plans_no_more),
    ]
