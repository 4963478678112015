"""The people who run promotions may read the orders that came of them."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

COUPON_POST = "优惠券运营"
CODENAME = "view_order"


def _group_and_permission(apps):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    group = Group.objects.filter(name=COUPON_POST).first()
    permission = Permission.objects.filter(
        content_type__app_label="api", content_type__model="order", codename=CODENAME
    ).first()
    return group, permission


def let_view(apps, schema_editor):
    """A shop that has no such group, or has renamed it, decides for itself."""
    # Permissions are made when all migrations are through; this one is needed now.
    create_permissions(installed.get_app_config("api"), verbosity=0, apps=apps)
    group, permission = _group_and_permission(apps)
    if group and permission:
        group.permissions.add(permission)


def let_view_no_more(apps, schema_editor):
    group, permission = _group_and_permission(apps)
    if group and permission:
        group.permissions.remove(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0009_account_name_key"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(let_view, let_view_no_more)]
