"""Who may learn which course, from when to when: to read."""

from django.contrib import admin
from django.contrib.admin import display
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from api.admin.desk.columns import column
from api.admin.desk.filters import AutocompleteFilter, DaysFilter
from api.admin.desk.links import link_to
from api.admin.orders.reading import FactsAdmin
from api.models import EnrolledCourse


@admin.register(EnrolledCourse)
class EnrolledCourseAdmin(FactsAdmin):
    fields = (
        "account",
        "course",
        "enrolled_date",
        "valid_begin_date",
        "valid_end_date",
        "status",
        "of_order",
    )
    readonly_fields = fields
    list_display = (
        column("account__username", "账户"),
        column("course__name", "课程"),
        "enrolled_date",
        "valid_begin_date",
        "valid_end_date",
        "status",
        "of_order",
    )
    list_select_related = ("account", "course", "order_detail__order")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("course", AutocompleteFilter),
        ("enrolled_date", DaysFilter),
        ("account", AutocompleteFilter),
    )
    search_fields = ("account",)  # what it finds is in get_search_results
    search_help_text = "按用户名的开头搜索"
    when_empty = "学员付款后，可以学习的课程会列在这里。"

    def title_of(self, row: EnrolledCourse) -> str:
        return f"{row.account.username}：{row.course.name}"

    @display(description="订单")
    def of_order(self, enrolled: EnrolledCourse) -> str:
        order = enrolled.order_detail.order
        return link_to(order, order.order_number)
