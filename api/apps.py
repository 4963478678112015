from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import pre_save
from django_tasks.signals import task_finished, task_started

from utils.sql_counted import count_on
from utils.telemetry import start


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = "路飞学城"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_tasks_db.models import DBTaskResult  # not before the apps are there

        from api.services import kept_pages
        from api.tasks import at_work

        start()
        connection_created.connect(kept_pages.watch)
        connection_created.connect(count_on)
        pre_save.connect(at_work.remember, sender=DBTaskResult)
        task_started.connect(at_work.begin)
        task_finished.connect(at_work.end)
