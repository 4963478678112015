"""`python -m tests.drill`: is a backup worth anything?

Fills a PostgreSQL and a Redis of its own with the demo and a customer's settlement, backs them up
with deploy/backup while they run, deletes them, fills empty ones with deploy/restore, and compares
every row and every key. Then once more, with a Redis that is older than the last order. Ends with
exit status 0, or says what was lost.
"""

import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import django
from django.core.management import call_command

from tests.chaos.servers import NoPostgres, Postgres, Redis, postgres_binaries


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        place = Path(folder)
        place.chmod(0o755)  # PostgreSQL's user must get to its data
        try:
            postgres = Postgres(place)
        except NoPostgres as error:
            print(error)
            return 2
        redis = Redis()
        try:
            prepare(postgres, redis, place / "media")
            from tests.drill.run import Lost, run  # needs Django

            try:
                run(place, postgres, redis)
            except Lost as lost:
                print(f"LOST: {lost}")
                return 1
            return 0
        finally:
            postgres.end()
            redis.end()


def prepare(postgres: Postgres, redis: Redis, pictures: Path) -> None:
    pictures.mkdir()
    warnings.filterwarnings("ignore", "No directory at")  # static files play no part
    os.environ |= {
        "ALLOWED_HOSTS": "testserver",
        "DATABASE_URL": postgres.url,
        "DEBUG": "off",
        "DJANGO_SETTINGS_MODULE": "luffy.settings",
        "ENV_FILE": os.devnull,
        "HTTPS": "off",
        "LOG_LEVEL": "ERROR",
        "MEDIA_ROOT": str(pictures),
        "PATH": f"{postgres_binaries()}:{os.environ['PATH']}",  # a pg_dump of the same version
        "REDIS_URL": redis.url,
        "SECRET_KEY": "of-a-run-that-keeps-no-secret-and-ends-soon-0123456789",
    }
    django.setup()
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    began = time.monotonic()
    status = main()
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(status)
