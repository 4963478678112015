"""Charts of days as the desk draws them: a column a day, as SVG within the page.

The page needs no script for them, nor any style of an element, and a screen reader has the words.
The drawing is stretched to the width that there is, so all texts stand beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

HEIGHT, STEP, WIDTH = 100, 4, 3  # of the drawing, of a day, of a column; in units of the drawing


class Part(NamedTuple):
    """A part of a column: `tone` names its colour in the style sheet."""

    tone: str
    x: int
    y: float
    height: float


class Column(NamedTuple):
    """A day: what one reads who points at it, and its parts, from the bottom up."""

    x: int
    words: str
    parts: Sequence[Part]


class Chart(NamedTuple):
    """`top`: the greatest day, in words. `legend`: the tones and their names, where there are
    several."""

    title: str
    total: str
    top: str
    first: date
    last: date
    width: int
    columns: Sequence[Column]
    legend: Sequence[tuple[str, str]]


class Series(NamedTuple):
    tone: str
    name: str
    numbers: Sequence[float]


def chart(
    title: str, days: Sequence[date], series: Sequence[Series], *, unit: str, places: int = 0
) -> Chart:
    """Of at least one day; each of the series has a number for each of them. The numbers are in
    `unit`, and shown with so many decimal places."""
    sums = [sum(of_day) for of_day in zip(*(one.numbers for one in series), strict=True)]
    top = max(sums)
    columns = [
        Column(
            at * STEP,
            _words(day, [(one.name, one.numbers[at]) for one in series], unit, places),
            list(_parts(at * STEP, {one.tone: one.numbers[at] for one in series}, top)),
        )
        for at, day in enumerate(days)
    ]
    return Chart(
        title=title,
        total=f"{sum(sums):,.{places}f}{unit}",
        top=f"{top:,.{places}f}{unit}",
        first=days[0],
        last=days[-1],
        width=len(days) * STEP,
        columns=columns,
        legend=[(one.tone, one.name) for one in series] if len(series) > 1 else [],
    )


def _words(day: date, numbers: Iterable[tuple[str, float]], unit: str, places: int) -> str:
    said = "，".join(f"{name} {number:,.{places}f}{unit}" for name, number in numbers)
    return f"{day}：{said}"


def _parts(x: int, numbers: Mapping[str, float], top: float) -> Iterable[Part]:
    y = float(HEIGHT)
    for tone, number in numbers.items():
        if number:
            height = round(HEIGHT * number / top, 2)
            y = round(y - height, 2)
            yield Part(tone, x, y, height)
