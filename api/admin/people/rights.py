"""Nobody gives away more rights than he has.

He could do so directly, by a group (岗位), or by the password of somebody who may do more. So
whoever is no superuser manages only people and groups whose rights he has himself, and gives only
such rights.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet


def rights_of(person: User) -> QuerySet[Permission]:
    """Also of somebody who is not active: he may be made so again."""
    return Permission.objects.filter(Q(user=person) | Q(group__user=person)).distinct()


def rights_to_give(giver: Any) -> QuerySet[Permission]:
    return Permission.objects.all() if giver.is_superuser else rights_of(giver)


def groups_to_give(giver: Any) -> QuerySet[Group]:
    if giver.is_superuser:
        return Group.objects.all()
    out_of_reach = Permission.objects.exclude(pk__in=rights_of(giver).values("pk"))
    return Group.objects.exclude(permissions__in=out_of_reach)


def may_manage_person(manager: Any, person: User) -> bool:
    if manager.is_superuser:
        return True
    return not person.is_superuser and _has_all(manager, rights_of(person))


def may_manage_group(manager: Any, group: Group) -> bool:
    return manager.is_superuser or _has_all(manager, group.permissions.all())


def _has_all(manager: User, rights: QuerySet[Permission]) -> bool:
    return not rights.exclude(pk__in=rights_of(manager).values("pk")).exists()
