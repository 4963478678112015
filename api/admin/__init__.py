"""The coupon desk: the admin of the people who run the shop. Importing a module registers its
pages; a package is a subject, and `desk` is what they share."""

from django.contrib import admin
from django_tasks_db.models import DBTaskResult

from api.admin.catalogue import article, content, course, degree, owned
from api.admin.coupons import batch, code, coupon, plan, record
from api.admin.orders import bill, enrolled, ledger, notification, order, refund
from api.admin.people import account, staff
from api.admin.webhooks import delivery, endpoint

admin.site.unregister(DBTaskResult)  # its page is in English; `manage.py jobs --check` tells

__all__ = [
    "account",
    "article",
    "batch",
    "bill",
    "code",
    "content",
    "coupon",
    "course",
    "degree",
    "delivery",
    "endpoint",
    "enrolled",
    "ledger",
    "notification",
    "order",
    "owned",
    "plan",
    "record",
    "refund",
    "staff",
]
