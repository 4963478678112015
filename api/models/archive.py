"""The files that old rows were moved to (docs/operations.md)."""

from django.db import models


class ArchivedFile(models.Model):
    """A file of the archive, written in the transaction that deletes its rows from their tables: it
    is there if, and only if, they are gone. `before` is the day of which they are older, `rows` how
    many there are of each sort, `begins` and `ends` the first and the last moment that they tell
    of. `restored_at` is when they were last put back.
    """

    class Kind(models.TextChoices):
        EVENTS = "events", "业务事件"
        NOTIFICATIONS = "notifications", "支付通知"

    name = models.CharField("文件", max_length=64, unique=True)
    kind = models.CharField("内容", max_length=16, choices=Kind.choices)
    before = models.DateField("早于")
    sha256 = models.CharField("摘要", max_length=64)
    rows = models.JSONField("数量")
    begins = models.DateTimeField("最早")
    ends = models.DateTimeField("最晚")
    made_at = models.DateTimeField("归档时间")
    restored_at = models.DateTimeField("恢复时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "归档文件"
        default_permissions = ()  # whoever has a shell archives, and nobody else

    def __str__(self) -> str:
        return self.name
