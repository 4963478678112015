"""The two posts at the coupon desk, with what they may do."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

READ = ("view",)
WRITE = ("view", "add", "change", "delete")

COUPON_POST = "优惠券运营"
COURSE_POST = "课程运营"

POSTS = {
    COUPON_POST: {
        "coupon": (*WRITE, "issue"),
        "couponrecord": ("view", "void", "export"),
        "account": READ,
        "course": READ,
        "degreecourse": READ,
        "coursecategory": READ,
        "coursesubcategory": READ,
        "pricepolicy": READ,
    },
    COURSE_POST: {
        model: WRITE
        for model in (
            "course",
            "coursecategory",
            "coursechapter",
            "coursedetail",
            "courseoutline",
            "coursesection",
            "coursesubcategory",
            "degreecourse",
            "homework",
            "oftenaskedquestion",
            "pricepolicy",
            "scholarship",
            "teacher",
        )
    },
}


def make_posts(apps, schema_editor):
    # Permissions are made when all migrations are through; these groups need theirs now.
    create_permissions(installed.get_app_config("api"), verbosity=0, apps=apps)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for post, models in POSTS.items():
        codenames = {f"{may}_{model}" for model, mays in models.items() for may in mays}
        permissions = Permission.objects.filter(
            content_type__app_label="api", codename__in=codenames
        )
        group, _ = Group.objects.get_or_create(name=post)
        group.permissions.add(*permissions)


def remove_posts(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=POSTS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0002_coupon_desk"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_posts, remove_posts)]
