"""The people of the admin, what they may do, and what they did."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from api.admin.desk.base import CountedPages, LongListAdmin
from api.admin.desk.columns import column
from api.admin.desk.filters import DaysFilter
from api.admin.desk.lists import GuardedListAdmin
from api.admin.desk.names import kind_of
from api.admin.people import rights

admin.site.unregister(User)
admin.site.unregister(Group)


_MAY = {"add": "增加", "change": "修改", "delete": "删除", "view": "查看"}


def in_chinese(permission: Permission) -> str:
    """Django keeps the names of its permissions in English."""
    may, _, _ = permission.codename.partition("_")
    model = permission.content_type.model_class()
    if model is None or may not in _MAY or not permission.name.startswith("Can "):
        return permission.name
    return f"{kind_of(model._meta)}：{_MAY[may]}"


class GivesRights:
    """For an admin in whose form one chooses groups and permissions: it offers those that one may
    give, in Chinese."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Permission:
            kwargs["queryset"] = rights.rights_to_give(request.user)
        elif db_field.related_model is Group:
            kwargs["queryset"] = rights.groups_to_give(request.user)
        # A method of the admin that this is mixed into.
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        if field and db_field.related_model is Permission:
            field.label_from_instance = in_chinese
        if field and db_field.related_model is Group:
            field.label = kind_of(Group._meta)
            if isinstance(field.widget, FilteredSelectMultiple):
                field.widget.verbose_name = field.label
                field.help_text = (
                    "每个岗位可以做的事，他都可以做。按住Control或Command可以选择多个。"
                )
        return field


@admin.register(User)
class StaffAdmin(GivesRights, UserAdmin, GuardedListAdmin):
    form = UserChangeForm
    paginator = CountedPages
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def get_readonly_fields(self, request: Any, obj: User | None = None) -> tuple[str, ...]:
        return () if request.user.is_superuser else ("is_superuser",)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or rights.may_manage_person(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or rights.may_manage_person(request.user, obj))


@admin.register(Group)
# GroupAdmin has narrower types for formfield_for_manytomany.
class StaffGroupAdmin(GivesRights, GroupAdmin, GuardedListAdmin):  # type: ignore[misc]
    list_display = (column("name", "岗位"),)
    paginator = CountedPages

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or rights.may_manage_group(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or rights.may_manage_group(request.user, obj))


def _kind(of: ContentType | None) -> str | None:
    model = of.model_class() if of else None
    if of is None or model is None:
        return str(of.model) if of else None
    return kind_of(model._meta)


class KindFilter(admin.RelatedOnlyFieldListFilter):
    """By what was changed, as the desk calls it."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        found = super().field_choices(field, request, model_admin)
        return [(pk, _kind(ContentType.objects.get_for_id(int(pk)))) for pk, _ in found]


@admin.register(LogEntry)
class LogEntryAdmin(LongListAdmin):
    """What was done in the admin, by whom. Nobody can change it."""

    list_display = ("action_time", "user", "action_flag", "kind", "object_repr", "said")
    list_select_related = ("user", "content_type")
    list_filter = (
        ("user", RelatedDropdownFilter),
        ("action_flag", ChoicesDropdownFilter),
        ("content_type", KindFilter),
        ("action_time", DaysFilter),
    )
    list_filter_submit = True
    search_fields = ("object_repr",)
    when_empty = "工作人员的每一次增加、修改、删除和发放都会记在这里。"
    ordering = ("-id",)

    @admin.display(description="内容类型")
    def kind(self, entry: LogEntry) -> str | None:
        return _kind(entry.content_type)

    @admin.display(description="说明")
    def said(self, entry: LogEntry) -> str:
        return str(entry.get_change_message())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
