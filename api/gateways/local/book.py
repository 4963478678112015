"""What the gateway that runs here remembers: its trades, what it sent, and how it is to behave. A
SQLite file of its own, which the processes of the service share."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS trade (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    trade_no TEXT NOT NULL,
    fen INTEGER NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    way TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    return_url TEXT NOT NULL,
    paid_at TEXT NOT NULL DEFAULT '',
    payer TEXT NOT NULL DEFAULT '',
    secret TEXT NOT NULL,
    UNIQUE (channel, out_trade_no)
);
CREATE TABLE IF NOT EXISTS sent (
    id INTEGER PRIMARY KEY,
    trade INTEGER NOT NULL REFERENCES trade,
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    answer TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refund (
    id INTEGER PRIMARY KEY,
    trade INTEGER NOT NULL REFERENCES trade,
    number TEXT NOT NULL,
    fen INTEGER NOT NULL,
    at TEXT NOT NULL DEFAULT '',
    UNIQUE (trade, number)
);
CREATE TABLE IF NOT EXISTS wrong_row (
    channel TEXT NOT NULL,
    day TEXT NOT NULL,
    row TEXT NOT NULL,
    how TEXT NOT NULL,
    PRIMARY KEY (channel, day, row)
);
CREATE TABLE IF NOT EXISTS behaviour (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
WAITING, PAID, CLOSED = "waiting", "paid", "closed"


@dataclass(frozen=True, slots=True)
class LocalTrade:
    """A payment at this gateway. Times are ISO texts, `""` for never; `secret` names its cashier
    page."""

    id: int
    channel: str
    out_trade_no: str
    trade_no: str
    fen: int
    subject: str
    state: str
    way: str
    expires_at: str
    notify_url: str
    return_url: str
    paid_at: str
    payer: str
    secret: str

    @property
    def yuan(self) -> str:
        """What it costs, in 元 with two places."""
        return f"{self.fen // 100}.{self.fen % 100:02}"


@dataclass(frozen=True, slots=True)
class Sent:
    """A notification that was sent, and what was answered."""

    at: datetime
    what: str
    answer: str


class Book:
    """The file's rows. Each step is a transaction of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "trades.sqlite3"
        with self._rows() as rows:
            rows.executescript(_TABLES)
            columns = {column[1] for column in rows.execute("PRAGMA table_info(refund)")}
            if "at" not in columns:  # a book of before there were bills
                rows.execute("ALTER TABLE refund ADD COLUMN at TEXT NOT NULL DEFAULT ''")

    def begin(self, *, channel: str, out_trade_no: str, fen: int, **facts: str) -> LocalTrade:
        """The trade of that number: the first one that was begun."""
        values = {
            "channel": channel,
            "out_trade_no": out_trade_no,
            "trade_no": f"{secrets.randbelow(10**28):028}",
            "fen": fen,
            "state": WAITING,
            "secret": secrets.token_urlsafe(16),
            **facts,
        }
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with self._rows() as rows:
            rows.execute(
                f"INSERT OR IGNORE INTO trade ({names}) VALUES ({marks})",  # noqa: S608  own names
                list(values.values()),
            )
        found = self.find(channel, out_trade_no)
        if found is None:
            raise LookupError(out_trade_no)
        return found

    def find(self, channel: str, out_trade_no: str) -> LocalTrade | None:
        return self._one("channel = ? AND out_trade_no = ?", channel, out_trade_no)

    def at_cashier(self, secret: str) -> LocalTrade | None:
        """The trade whose cashier page has this name."""
        return self._one("secret = ?", secret)

    def newest(self, number: int) -> list[LocalTrade]:
        with self._rows() as rows:
            found = rows.execute("SELECT * FROM trade ORDER BY id DESC LIMIT ?", [number])
            return [LocalTrade(*row) for row in found]

    def pay(self, trade: LocalTrade, *, at: str, payer: str) -> bool:
        """False where it is no longer waiting to be paid."""
        return self._move(trade, "state = ?, paid_at = ?, payer = ?", PAID, at, payer)

    def close(self, trade: LocalTrade) -> bool:
        """False where it is no longer waiting to be paid."""
        return self._move(trade, "state = ?", CLOSED)

    def refund(self, trade: LocalTrade, *, number: str, fen: int, at: str) -> bool:
        """Sends a part of a paid trade back; the same number again is the same refund. False where
        more would go back than came, or the number was another amount's."""
        with self._rows() as rows:
            rows.execute("BEGIN IMMEDIATE")
            before = self.refunds(trade, rows)
            if number in before:
                return before[number] == fen
            if trade.state != PAID or sum(before.values()) + fen > trade.fen:
                return False
            rows.execute(
                "INSERT INTO refund (trade, number, fen, at) VALUES (?, ?, ?, ?)",
                [trade.id, number, fen, at],
            )
            return True

    def refunds(
        self, trade: LocalTrade, within: sqlite3.Connection | None = None
    ) -> dict[str, int]:
        """What went back of a trade: number -> fen."""
        if within is None:
            with self._rows() as rows:
                return self.refunds(trade, rows)
        found = within.execute("SELECT number, fen FROM refund WHERE trade = ?", [trade.id])
        return dict(found.fetchall())

    def refund_of(self, channel: str, number: str) -> int | None:
        """How many fen went back under this number, or None."""
        with self._rows() as rows:
            row = rows.execute(
                "SELECT refund.fen FROM refund JOIN trade ON trade.id = refund.trade"
                " WHERE trade.channel = ? AND refund.number = ?",
                [channel, number],
            ).fetchone()
            return int(row[0]) if row else None

    def moved(self, channel: str) -> list[tuple[LocalTrade, str, int, str]]:
        """Every payment and refund of a channel: its trade, the refund's number or "", fen, and
        when."""
        with self._rows() as rows:
            trades = rows.execute(
                "SELECT * FROM trade WHERE channel = ? AND paid_at != '' ORDER BY id", [channel]
            )
            known = {trade.id: trade for trade in (LocalTrade(*row) for row in trades)}
            back = rows.execute("SELECT trade, number, fen, at FROM refund").fetchall()
        payments = [(trade, "", trade.fen, trade.paid_at) for trade in known.values()]
        refunds = [
            (known[trade], number, fen, at or known[trade].paid_at)
            for trade, number, fen, at in back
            if trade in known
        ]
        return payments + refunds

    def wrong_rows(self, channel: str, day: str) -> dict[str, str]:
        """What is wrong in a day's bill: row -> omit, amount or extra."""
        with self._rows() as rows:
            found = rows.execute(
                "SELECT row, how FROM wrong_row WHERE channel = ? AND day = ?", [channel, day]
            )
            return dict(found.fetchall())

    def falsify(self, channel: str, day: str, row: str, how: str) -> None:
        """Makes a row of a day's bill wrong, or, with "", right again."""
        with self._rows() as rows:
            rows.execute(
                "DELETE FROM wrong_row WHERE channel = ? AND day = ? AND row = ?",
                [channel, day, row],
            )
            if how:
                rows.execute(
                    "INSERT INTO wrong_row (channel, day, row, how) VALUES (?, ?, ?, ?)",
                    [channel, day, row, how],
                )

    def behaviour(self, name: str) -> str:
        """How it is to behave, or "" for properly."""
        with self._rows() as rows:
            row = rows.execute("SELECT value FROM behaviour WHERE name = ?", [name]).fetchone()
            return str(row[0]) if row else ""

    def behave(self, name: str, value: str) -> None:
        with self._rows() as rows:
            rows.execute("REPLACE INTO behaviour VALUES (?, ?)", [name, value])

    def note(self, trade: LocalTrade, *, at: str, what: str, answer: str) -> None:
        with self._rows() as rows:
            rows.execute(
                "INSERT INTO sent (trade, at, what, answer) VALUES (?, ?, ?, ?)",
                [trade.id, at, what, answer[:200]],
            )

    def sent(self, trade: LocalTrade, number: int) -> list[Sent]:
        """The newest of what was sent for a trade."""
        with self._rows() as rows:
            found = rows.execute(
                "SELECT at, what, answer FROM sent WHERE trade = ? ORDER BY id DESC LIMIT ?",
                [trade.id, number],
            )
            return [Sent(datetime.fromisoformat(at), *said) for at, *said in found]

    def _move(self, trade: LocalTrade, to: str, *values: str) -> bool:
        with self._rows() as rows:
            done = rows.execute(
                f"UPDATE trade SET {to} WHERE id = ? AND state = ?",  # noqa: S608  own texts
                [*values, trade.id, WAITING],
            )
            return done.rowcount == 1

    def _one(self, condition: str, *values: str) -> LocalTrade | None:
        with self._rows() as rows:
            found = rows.execute(
                f"SELECT * FROM trade WHERE {condition}",  # noqa: S608  own texts
                values,
            ).fetchone()
            return LocalTrade(*found) if found else None

    @contextmanager
    def _rows(self) -> Iterator[sqlite3.Connection]:
        rows = sqlite3.connect(self._file, timeout=5)
        try:
            with rows:
                yield rows
        finally:
            rows.close()
