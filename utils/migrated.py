"""Whether the database has the tables that this version's code asks for."""

from functools import cache

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def is_migrated() -> bool:
    """It has all migrations of this version. A later version's may be there as well: the old
    processes go on while they are replaced. Two queries."""
    return last_migrations() <= MigrationRecorder(connection).applied_migrations().keys()


@cache
def last_migrations() -> frozenset[tuple[str, str]]:
    """Of each app, those that no other one follows."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())
