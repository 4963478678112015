"""`make load`: starts the servers, sends the shoppers, and prints the tables of docs/load.md."""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks import report
from benchmarks.load.servers import ROOT, served
from benchmarks.place import PlaceError, prepared

LOCUST = ROOT / ".venv" / "load" / "bin" / "locust"
SHOPPERS = Path(__file__).with_name("shoppers.py")
MACHINES = ((1, 1), (2, 1), (1, 3), (2, 3))  # workers, Redis nodes
ACCOUNTS = {"Day": 500, "Sale": 20_000}
HEAD = (
    *("Load", "Workers", "Redis nodes", "Requests", "Requests/s", "Orders/s"),
    *("Median, ms", "99th percentile, ms", "Failed"),
)


class Line(NamedTuple):
    """What locust counted, of one kind of request or of all."""

    requests: int
    failed: int
    median: str
    highest: str
    rate: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="of each load (default 30)")
    parser.add_argument("--clients", type=int, default=32, help="at once (default 32)")
    asked_for = parser.parse_args()
    if not LOCUST.exists():
        sys.exit("load: make .venv/.load puts locust there")
    try:
        with prepared() as redis, tempfile.TemporaryDirectory() as folder:
            print(_measured(Path(folder), asked_for.seconds, asked_for.clients))
            print(f"\n{report.place(redis)} {asked_for.clients} clients, {asked_for.seconds} s.")
    except PlaceError as error:
        sys.exit(f"load: {error}")


def _measured(folder: Path, seconds: int, clients: int) -> str:
    from api.gateways.local.keys import pairs  # Django is set up by now
    from benchmarks.load.world import Shop, merchant

    shop, keys = Shop(), pairs(folder / "keys")
    rows, kinds = [], []
    for workers, nodes in MACHINES:
        with served(workers=workers, nodes=nodes, merchant=merchant(keys, folder)) as address:
            for load, accounts in ACCOUNTS.items():
                told = folder / "told.json"
                shop.tell(told, keys, accounts=accounts)
                lines = _sent(load, address, told, seconds, clients)
                rows.append(_row(load, workers, nodes, lines))
                if (workers, nodes) == MACHINES[1]:
                    kinds += [_kind(load, name, line) for name, line in lines.items()]
    return "\n\n".join(
        [
            report.table(HEAD, rows),
            "Of two workers and one Redis, by endpoint:",
            report.table(("Endpoint", "Requests", "Median, ms", "99th percentile, ms"), kinds),
        ]
    )


def _sent(load: str, address: str, told: Path, seconds: int, clients: int) -> dict[str, Line]:
    """Of each endpoint, and of all under the name of Aggregated."""
    results = told.with_name("results")
    command: list[str | Path] = [
        *(LOCUST, "-f", SHOPPERS, load, "--headless", "--only-summary", "--host", address),
        *("-u", str(clients), "-r", str(clients), "-t", f"{seconds}s", "--csv", results),
        *("--loglevel", "ERROR", "--exit-code-on-error", "0"),
    ]
    env = os.environ | {"LOAD_FILE": str(told), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, env=env, capture_output=True, text=True)
    if ran.returncode:
        raise PlaceError(f"locust ends with {ran.returncode}: {ran.stderr[-2000:]}")
    with results.with_name("results_stats.csv").open() as file:
        return {f"{row['Type']} {row['Name']}".strip(): _line(row) for row in csv.DictReader(file)}


def _line(row: dict[str, str]) -> Line:
    return Line(
        int(row["Request Count"]),
        int(row["Failure Count"]),
        row["50%"],
        row["99%"],
        float(row["Requests/s"]),
    )


def _row(load: str, workers: int, nodes: int, lines: dict[str, Line]) -> list[str]:
    whole = lines["Aggregated"]
    orders = lines["POST /api/order/"].rate if "POST /api/order/" in lines else 0.0
    return [
        {"Day": "a day", "Sale": "a sale's first minute"}[load],
        *(str(workers), str(nodes)),
        f"{whole.requests:,}",
        report.per_second(whole.rate),
        report.per_second(orders),
        *(whole.median, whole.highest),
        str(whole.failed),
    ]


def _kind(load: str, name: str, line: Line) -> list[str]:
    return [f"{load}: {name}", f"{line.requests:,}", line.median, line.highest]


main()
