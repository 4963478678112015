"""Queries whose SQL the ORM makes once.

Building and compiling a light query costs several times what the database needs to answer it. Those
that nearly every request asks are compiled at their first use, and only sent from then on.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

Argument = int | str
_FIRST_NUMBER = -(2**62)  # no id, no code: found again among the parameters


class _Statement(NamedTuple):
    sql: str
    parameters: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]  # of a parameter, and of the argument that goes there
    converters: tuple[tuple[int, list[Callable[..., Any]], Any], ...]

    def rows(self, connection: BaseDatabaseWrapper, arguments: tuple[Argument, ...]) -> list[Any]:
        parameters = list(self.parameters)
        for place, argument in self.places:
            parameters[place] = arguments[argument]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            rows: list[Any] = cursor.fetchall()
        if not self.converters:
            return rows
        return [self._converted(row, connection) for row in rows]

    def _converted(self, row: tuple[Any, ...], connection: BaseDatabaseWrapper) -> list[Any]:
        values = list(row)
        for place, converters, expression in self.converters:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        return values


class Compiled:
    """A `values_list` query, made from numbers and texts, that is compiled once for each number of
    them. `build` must put its arguments into the query as they are."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self._statements: dict[tuple[str, tuple[type, ...]], _Statement] = {}

    def rows(self, *arguments: Argument, using: str = DEFAULT_DB_ALIAS) -> list[Any]:
        """One query; a sequence of values for each row."""
        connection = connections[using]
        key = connection.vendor, tuple(type(argument) for argument in arguments)
        statement = self._statements.get(key)
        if statement is None:
            statement = self._statements[key] = self._compiled(connection, arguments)
        return statement.rows(connection, arguments)

    def _compiled(
        self, connection: BaseDatabaseWrapper, arguments: tuple[Argument, ...]
    ) -> _Statement:
        marks = [
            _FIRST_NUMBER + place if isinstance(argument, int) else f"\0{place}"
            for place, argument in enumerate(arguments)
        ]
        query = self._build(*marks).query
        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        places = tuple(
            (place, marks.index(parameter))
            for place, parameter in enumerate(parameters)
            if parameter in marks
        )
        if {argument for _, argument in places} != set(range(len(marks))):
            raise ValueError(f"not every argument is in the query as it is: {sql}")
        converters = compiler.get_converters([column[0] for column in compiler.select])
        return _Statement(
            sql,
            tuple(parameters),
            places,
            tuple((place, *found) for place, found in converters.items()),
        )


def listed(ids: Iterable[int]) -> str:
    """The ids as `__among` takes them."""
    return ",".join(map(str, ids))


@models.Field.register_lookup
class Among(models.Lookup[str]):
    """`pk__among="1,2,3"`: `__in`, with one parameter for them all. A statement with thousands of
    parameters takes longer to be written and read than its rows to be found."""

    lookup_name = "among"
    prepare_rhs = False  # it is no value of the field

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        field, of_field = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            among = "= ANY(string_to_array(%s, ',')::bigint[])"
        else:
            among = "IN (SELECT value FROM json_each('[' || %s || ']'))"
        return f"{field} {among}", (*of_field, self.rhs)
