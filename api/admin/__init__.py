"""The coupon desk: the admin of the people who run the shop, a file beside each models file."""

from api.admin.catalogue import article, course
from api.admin.coupons import coupon, record
from api.admin.people import account, staff

__all__ = ["account", "article", "coupon", "course", "record", "staff"]
