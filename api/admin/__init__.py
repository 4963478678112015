"""The coupon desk: the admin of the people who run the shop, a file beside each models file."""

from api.admin import account, article, coupon, course, record, staff

__all__ = ["account", "article", "coupon", "course", "record", "staff"]
