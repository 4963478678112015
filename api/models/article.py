from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models


class ArticleSource(models.Model):
    """Where an article comes from."""

    name = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = "文章来源"
        verbose_name_plural = "16. 文章来源"

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    """A piece of news, or a video."""

    title = models.CharField(max_length=255, unique=True, db_index=True, verbose_name="标题")
    source = models.ForeignKey("ArticleSource", verbose_name="来源", on_delete=models.CASCADE)
    article_type_choices = ((0, "资讯"), (1, "视频"))
    article_type = models.SmallIntegerField(choices=article_type_choices, default=0)
    brief = models.TextField(max_length=512, verbose_name="摘要")
    head_img = models.CharField(max_length=255)
    content = models.TextField(verbose_name="文章正文")
    pub_date = models.DateTimeField(verbose_name="上架日期")
    offline_date = models.DateTimeField(verbose_name="下架日期")
    status_choices = ((0, "在线"), (1, "下线"))
    status = models.SmallIntegerField(choices=status_choices, default=0, verbose_name="状态")
    order = models.SmallIntegerField(
        default=0, verbose_name="权重", help_text="文章想置顶,可以把数字调大,不要超过1000"
    )
    vid = models.CharField(
        max_length=128,
        verbose_name="视频VID",
        help_text="文章类型是视频, 则需要添加视频VID",
        blank=True,
        null=True,
    )
    comment_num = models.SmallIntegerField(default=0, verbose_name="评论数")
    agree_num = models.SmallIntegerField(default=0, verbose_name="点赞数")
    view_num = models.SmallIntegerField(default=0, verbose_name="观看数")
    collect_num = models.SmallIntegerField(default=0, verbose_name="收藏数")
    date = models.DateTimeField(auto_now_add=True, verbose_name="创建日期")
    position_choices = ((0, "信息流"), (1, "banner大图"), (2, "banner小图"))
    position = models.SmallIntegerField(choices=position_choices, default=0, verbose_name="位置")

    class Meta:
        verbose_name = "文章"
        verbose_name_plural = "17. 文章"

    def __str__(self) -> str:
        return f"{self.source}-{self.title}"


class Collection(models.Model):
    """Something that an account has put among its favourites."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    content_object = GenericForeignKey("content_type", "object_id")
    account = models.ForeignKey("Account", on_delete=models.CASCADE)
    date = models.DateTimeField(auto_now_add=True)

    class Meta:
        unique_together = ("content_type", "object_id", "account")
        verbose_name = "通用收藏表"
        verbose_name_plural = "18. 通用收藏表"

    def __str__(self) -> str:
        # Ids only, so that a list of these costs no query a row.
        return f"{self.account_id}-{self.content_type_id}-{self.object_id}"


class Comment(models.Model):
    """A comment on anything, or an answer to another comment."""

    content_type = models.ForeignKey(
        ContentType, blank=True, null=True, verbose_name="类型", on_delete=models.CASCADE
    )
    object_id = models.PositiveIntegerField(blank=True, null=True)
    content_object = GenericForeignKey("content_type", "object_id")
    p_node = models.ForeignKey(
        "self", blank=True, null=True, verbose_name="父级评论", on_delete=models.CASCADE
    )
    content = models.TextField(max_length=1024)
    account = models.ForeignKey("Account", verbose_name="会员名", on_delete=models.CASCADE)
    disagree_number = models.IntegerField(default=0, verbose_name="踩")
    agree_number = models.IntegerField(default=0, verbose_name="赞同数")
    date = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "通用评论表"
        verbose_name_plural = "19. 通用评论表"

    def __str__(self) -> str:
        return self.content
