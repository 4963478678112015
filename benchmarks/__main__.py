"""Runs the benchmarks named, or all; prints what each found, as Markdown for docs/benchmarks.md."""

import argparse
import importlib
import signal
import sys

from benchmarks.place import PlaceError, prepared
from utils.call_stack import with_room

BENCHMARKS = {  # name -> module with `run(redis) -> str`; imported late, when Django is set up
    "settlement": "benchmarks.settlement",
    "lesson": "benchmarks.lesson",
    "pricing": "benchmarks.pricing",
    "dear_baskets": "benchmarks.dear_baskets",
    "courses": "benchmarks.courses",
    "quoting": "benchmarks.quoting",
    "top_up": "benchmarks.top_up",
    "issuing": "benchmarks.issuing",  # these on a PostgreSQL
    "segments": "benchmarks.segments",
    "record_list": "benchmarks.record_list",
    "placing": "benchmarks.placing",
    "claiming": "benchmarks.claiming",
    "auditing": "benchmarks.auditing",
    "years": "benchmarks.years",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all without a name")
    asked_for = parser.parse_args().name
    names = asked_for or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are stopped
    try:
        with prepared() as redis:
            for name in names:
                redis.flushdb()
                try:
                    run = with_room(importlib.import_module(BENCHMARKS[name]).run)
                    print(run(redis), flush=True)
                except PlaceError as error:
                    if asked_for:
                        raise
                    print(f"{name} is left out: {error}", flush=True)
    except PlaceError as error:
        sys.exit(f"benchmarks: {error}")


main()
