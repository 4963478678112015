"""`python -m tests.chaos`: the service at work while its servers are killed, frozen, read-only and
full.

Starts a PostgreSQL, a Redis and gunicorn of its own, lets customers and managers work, and has one
fault a cycle. Ends with the figures and exit status 0, or at the first promise that was not kept,
with what was found and where the logs are.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import django
from django.core.management import call_command

from tests.chaos.faults import Place
from tests.chaos.servers import ORDER_TTL, Background, NoPostgres, Postgres, Redis, Service


def main() -> int:
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and end the servers
    seed = asked.seed if asked.seed is not None else random.randrange(10**6)
    random.seed(seed)
    place = Path(tempfile.mkdtemp(prefix="chaos-"))
    place.chmod(0o755)  # PostgreSQL's user must get to its data
    print(f"chaos: seed {seed}, in {place}", flush=True)
    try:
        postgres = Postgres(place)
    except NoPostgres as error:
        print(error)
        return 2
    redis = Redis()
    try:
        return _run(place, postgres, redis, asked)
    finally:
        postgres.end()
        redis.end()


def _run(place: Path, postgres: Postgres, redis: Redis, asked: argparse.Namespace) -> int:
    environment = os.environ | {
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": postgres.url,
        "DEBUG": "off",
        "DJANGO_SETTINGS_MODULE": "luffy.settings",
        "ENV_FILE": os.devnull,
        "HTTPS": "off",
        "LOG_LEVEL": "WARNING",
        "LOGIN_ATTEMPTS_PER_MINUTE": "1000000",
        "ORDER_TTL": str(ORDER_TTL),
        "REDIS_URL": redis.url,
        "REQUESTS_PER_MINUTE": "1000000",
        "SECRET_KEY": "of-a-run-that-keeps-no-secret-and-ends-soon-0123456789",
    }
    os.environ.update(environment)
    django.setup()
    call_command("migrate", verbosity=0)
    service = Service(place, environment)
    background = Background(place, environment)
    try:
        from tests.chaos.run import Run  # needs Django

        servers = Place(postgres, redis, service, background)
        run = Run(servers, seconds=asked.seconds, cycles=asked.cycles)
        broken = run.work()
        print(run.figures())
        if broken is None:
            shutil.rmtree(place)
            return 0
        print(f"\nBROKEN in cycle {run.done + 1}, {run.fault}: {broken}")
        print(f"the logs are in {place}")
        return 1
    finally:
        background.end()
        service.end()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--cycles", type=int, default=14, help="how many faults; 14 kinds in turn")
    parser.add_argument("--seconds", type=int, default=None, help="no new cycle after so many")
    parser.add_argument("--seed", type=int, default=None, help="of what customers do")
    return parser.parse_args()


if __name__ == "__main__":
    began = time.monotonic()
    status = main()
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(status)
