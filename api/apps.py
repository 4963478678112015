from django.apps import AppConfig
from django.db.backends.signals import connection_created


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = "路飞学城"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from api.services import kept_pages  # models are loaded only now

        connection_created.connect(kept_pages.watch)
