"""Articles, and what accounts collect and say."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from api.admin.desk.base import DeskAdmin, LongListAdmin
from api.admin.desk.columns import column, name_of
from api.admin.desk.filters import AutocompleteFilter, DaysFilter, having, titled
from api.admin.desk.pictures import WithPictures
from api.models import Article, ArticleSource, Collection, Comment


@admin.register(ArticleSource)
class ArticleSourceAdmin(DeskAdmin):
    labels = {"name": "来源名称"}
    list_display = (column("id", "编号"), column("name", "来源名称"))
    list_display_links = list_display
    list_filter = (having("文章", Article.objects.all, "source"),)
    search_fields = ("name",)
    ordering = ("id",)


@admin.register(Article)
class ArticleAdmin(WithPictures, DeskAdmin):
    picture_field = "head_img"
    labels = {"article_type": "文章类型", "head_img": "头图"}
    list_display = (
        "title",
        "picture",
        column("source__name", "来源"),
        column("article_type", "文章类型"),
        "status",
        "position",
        "pub_date",
        "offline_date",
        "view_num",
    )
    list_select_related = ("source",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("article_type", titled("文章类型", ChoicesDropdownFilter)),
        ("position", ChoicesDropdownFilter),
        ("source", RelatedDropdownFilter),
        ("pub_date", DaysFilter),
    )
    list_filter_submit = True
    search_fields = ("title",)
    ordering = ("-pub_date", "-id")
    date_hierarchy = "pub_date"
    autocomplete_fields = ("source",)
    readonly_fields = ("comment_num", "agree_num", "view_num", "collect_num", "date")


class SaidByAccountAdmin(LongListAdmin):
    """What an account has collected or said. The desk can read and delete it."""

    list_select_related = ("account",)
    ordering = ("-id",)

    @display(description="对象")
    def subject(self, row: Any) -> str:
        return name_of(row.content_object)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("content_object")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Collection)
class CollectionAdmin(SaidByAccountAdmin):
    when_empty = "学员收藏课程或文章后会列在这里。"
    labels = {"account": "账户", "date": "收藏时间"}
    fields = ("account", "subject", "date")
    readonly_fields = fields
    list_display = (
        column("account__username", "账户"),
        "subject",
        column("date", "收藏时间"),
    )
    list_filter = (
        ("content_type", titled("对象类型", admin.RelatedOnlyFieldListFilter)),
        ("account", titled("账户", AutocompleteFilter)),
        ("date", titled("收藏时间", DaysFilter)),
    )
    list_filter_submit = True
    search_fields = ("account__username__startswith",)


@admin.register(Comment)
class CommentAdmin(SaidByAccountAdmin):
    when_empty = "学员发表的评论会列在这里，可以删除。"
    labels = {"content": "内容", "date": "评论时间"}
    fields = (
        "account",
        "subject",
        "p_node",
        "content",
        "agree_number",
        "disagree_number",
        "date",
    )
    readonly_fields = fields
    list_display = (
        column("content", "内容"),
        column("account__username", "会员名"),
        "subject",
        "agree_number",
        "disagree_number",
        column("date", "评论时间"),
    )
    list_filter = (
        ("content_type", admin.RelatedOnlyFieldListFilter),
        ("account", AutocompleteFilter),
        ("date", titled("评论时间", DaysFilter)),
    )
    list_filter_submit = True
    search_fields = ("content", "account__username__startswith")
