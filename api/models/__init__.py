"""The tables of the shop: courses and their prices, articles, accounts, coupons."""

from .account import Account, UserAuthToken
from .archive import ArchivedFile
from .article import Article, ArticleSource, Collection, Comment
from .bill import Bill, BillLine
from .coupon import Coupon, CouponState
from .coupon_code import CouponCode
from .coupon_record import CouponRecord, CouponRecordEvent, CouponRecordStatus
from .course import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    CourseStatus,
    CourseSubCategory,
    DegreeCourse,
    Homework,
    Scholarship,
    Teacher,
)
from .issue_batch import IssueBatch
from .issue_plan import IssuePlan
from .job import JobRun
from .ledger import LedgerEntry
from .order import (
    EnrolledCourse,
    IdempotencyKey,
    Order,
    OrderDetail,
    PaymentType,
    ShopEvent,
)
from .owned import OftenAskedQuestion, PricePolicy
from .payment import Payment, PaymentNotification
from .refund import Refund, RefundLine
from .webhook import WebhookDelivery, WebhookEndpoint

__all__ = [
    "Account",
    "ArchivedFile",
    "Article",
    "ArticleSource",
    "Bill",
    "BillLine",
    "Collection",
    "Comment",
    "Coupon",
    "CouponCode",
    "CouponRecord",
    "CouponRecordEvent",
    "CouponRecordStatus",
    "CouponState",
    "Course",
    "CourseCategory",
    "CourseChapter",
    "CourseDetail",
    "CourseOutline",
    "CourseSection",
    "CourseStatus",
    "CourseSubCategory",
    "DegreeCourse",
    "EnrolledCourse",
    "Homework",
    "IdempotencyKey",
    "IssueBatch",
    "IssuePlan",
    "JobRun",
    "LedgerEntry",
    "OftenAskedQuestion",
    "Order",
    "OrderDetail",
    "Payment",
    "PaymentNotification",
    "PaymentType",
    "PricePolicy",
    "Refund",
    "RefundLine",
    "Scholarship",
    "ShopEvent",
    "Teacher",
    "UserAuthToken",
    "WebhookDelivery",
    "WebhookEndpoint",
]
