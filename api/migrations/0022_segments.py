"""When an account registered.

Those that are there stay without: the column comes first, and its default, which the database
gives to rows that come from then on, after it.
"""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0021_codes'),
        ('contenttypes', '0002_remove_content_type_name'),
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
    ]
