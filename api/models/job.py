"""The periodic jobs: when each last ran."""

from django.db import models


class JobRun(models.Model):
    """The last run of a job that went well, and how many of what it is about it did; a row for each
    job."""

    name = models.CharField("任务", max_length=32, unique=True)
    at = models.DateTimeField("上次运行")
    done = models.PositiveIntegerField("处理数量", default=0)

    class Meta:
        verbose_name = "定时任务"
        verbose_name_plural = "定时任务"

    def __str__(self) -> str:
        return self.name
