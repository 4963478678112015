from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = "路飞学城"
    default_auto_field = "django.db.models.BigAutoField"
