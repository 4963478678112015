"""The coupon desk: the admin of the people who run the shop, a file beside each models file."""

from api.admin import account, article, course, staff

__all__ = ["account", "article", "course", "staff"]
