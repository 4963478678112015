"""The books, to read: entry by entry, and a day's closing."""

from django.contrib import admin
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from api.admin.desk.columns import column
from api.admin.desk.filters import DaysFilter
from api.admin.desk.links import link_to
from api.admin.orders import closing_page
from api.admin.orders.reading import FactsAdmin
from api.models import LedgerEntry, Order

ORDERS_SEARCHED = 1_000


@admin.register(LedgerEntry)
class LedgerEntryAdmin(FactsAdmin):
    fields = (
        "posting",
        "line",
        "event",
        "account",
        "amount",
        "at",
        "of_order",
        "payment",
        "refund",
        "coupon",
        "record",
    )
    readonly_fields = fields
    list_display = (
        "at",
        "posting",
        "event",
        "account",
        column("amount", "金额（元）"),
        "of_order",
    )
    when_empty = "订单付款或退款后，每一笔都会记在这里。"
    list_select_related = ("order",)
    list_filter = (
        ("event", ChoicesDropdownFilter),
        ("account", ChoicesDropdownFilter),
        ("at", DaysFilter),
    )
    search_fields = ("order",)  # what it finds is in get_search_results
    search_help_text = "按订单号的开头搜索"

    @display(description="订单")
    def of_order(self, entry: LedgerEntry) -> str:
        return link_to(entry.order, entry.order.order_number)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LedgerEntry], search_term: str
    ) -> tuple[QuerySet[LedgerEntry], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        # Looked up before: each of the two conditions has its index then.
        found = Order.objects.filter(order_number__startswith=term.replace("\0", ""))
        numbers = list(found.values_list("pk", flat=True)[:ORDERS_SEARCHED])
        return queryset.filter(order__in=numbers), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.closing)
        return [path("closing/", view, name="api_ledgerentry_closing"), *super().get_urls()]

    def closing(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return closing_page.page(request, self.admin_site.each_context(request))
