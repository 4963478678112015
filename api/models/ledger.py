"""The books (contract §10)."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NoReturn

from django.db import models
from django.db.models import Q

from api.models.append_only import AppendOnly, AppendOnlyModel, AppendOnlyQuerySet
from api.models.order import Order, money
from api.models.payment import Payment
from api.models.refund import Refund
from api.rules.ledger import LedgerAccount, LedgerEvent, require_balance


class LedgerEntryQuerySet(AppendOnlyQuerySet["LedgerEntry"]):
    """Entries come in whole postings, or not at all."""

    def bulk_create(
        self, objs: Iterable["LedgerEntry"], *args: Any, **kwargs: Any
    ) -> list["LedgerEntry"]:
        """Raises Unbalanced, and nothing is written, where one posting does not add up to 0.00."""
        entries, amounts = list(objs), defaultdict[str, list[Decimal]](list)
        for entry in entries:
            amounts[entry.posting].append(entry.amount)
        for of_one in amounts.values():
            require_balance(of_one)
        return super().bulk_create(entries, *args, **kwargs)


class LedgerEntry(AppendOnlyModel):
    """What one account of the books received, or, negative, gave. The entries of one `posting`, all
    that one event posts, add up to 0.00; they are written together, in the transaction of the
    change, never changed and never deleted.

    `record` and `coupon` are numbers and no references: the books outlive the coupons.
    """

    posting = models.CharField("记账号", max_length=32)
    line = models.PositiveSmallIntegerField("行号")  # within its posting, from 1
    event = models.CharField(
        "事项", max_length=16, choices=[(one.value, one.display) for one in LedgerEvent]
    )
    account = models.CharField(
        "科目", max_length=16, choices=[(one.value, one.display) for one in LedgerAccount]
    )
    amount = money("金额")
    at = models.DateTimeField("时间")
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="entries", verbose_name="订单"
    )
    payment = models.ForeignKey(
        Payment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="entries",
        verbose_name="支付记录",
        db_index=False,  # found by their order
    )
    refund = models.ForeignKey(
        Refund,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="entries",
        verbose_name="退款",
        db_index=False,  # found by their order
    )
    record = models.BigIntegerField("用户优惠券", null=True, blank=True)
    coupon = models.BigIntegerField("优惠券", null=True, blank=True)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "账目"
        verbose_name_plural = "账目"
        default_permissions = ("view",)
        indexes = [models.Index(fields=["at"], name="ledger_entry_at")]
        constraints = [
            # One event posts once.
            models.UniqueConstraint(fields=["posting", "line"], name="ledger_entry_once"),
            models.CheckConstraint(name="ledger_entry_not_nothing", condition=~Q(amount=0)),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} {self.posting} {self.line}"

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises AppendOnly: no entry is written alone."""
        raise AppendOnly
