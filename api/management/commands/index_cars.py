"""`manage.py index_cars`: brings cars that other programs have filled into the index."""

from typing import Any

from django.core.management import BaseCommand

from api.services import cars


class Command(BaseCommand):
    help = "把其他程序写入的购物车补进索引，可以随时重复执行"

    def handle(self, **options: Any) -> None:
        accounts, courses = cars.index_all()
        self.stdout.write(f"Indexed {courses} courses in the cars of {accounts} accounts.")
