"""Rows of every model, each with owners of its own: what a list with an N+1 would ask for."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.template import engines
from django.utils import timezone

from api.models import (
    Account,
    Article,
    ArticleSource,
    Bill,
    BillLine,
    Collection,
    Comment,
    Coupon,
    CouponCode,
    CouponRecord,
    Course,
    CourseCategory,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    CourseSubCategory,
    DegreeCourse,
    EnrolledCourse,
    Homework,
    IssueBatch,
    IssuePlan,
    LedgerEntry,
    OftenAskedQuestion,
    Order,
    PaymentNotification,
    PricePolicy,
    Refund,
    Scholarship,
    Teacher,
    UserAuthToken,
    WebhookDelivery,
    WebhookEndpoint,
)
from api.services.coupons import planning
from api.services.coupons.audiences import Audience
from api.services.coupons.issuing import Origin
from api.services.coupons.lifecycle import Actor
from api.services.refunds import asking
from tests.support import codes
from tests.support.consumers import endpoint
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
    UserAuthTokenFactory,
)
from tests.support.orders import order, pay

# A list's rows without the page around them, for the `change_list_template` of a test that opens
# hundreds of lists.
ROWS = engines["django"].from_string("{% for row in cl.result_list %}{{ row.pk }} {% endfor %}")

_number = itertools.count(1)


def category() -> CourseCategory:
    return CourseCategory.objects.create(name=f"大类{next(_number)}")


def sub_category() -> CourseSubCategory:
    return CourseSubCategory.objects.create(name=f"子类{next(_number)}", category=category())


def teacher() -> Teacher:
    return Teacher.objects.create(name="老师", title="讲师", image="a.jpg", brief="简介")


def degree() -> DegreeCourse:
    return DegreeCourse.objects.create(
        name=f"学位{next(_number)}", course_img="a.jpg", brief="简介", prerequisite="无"
    )


def course() -> Course:
    return CourseFactory(sub_category=sub_category(), degree_course=degree())


def detail() -> CourseDetail:
    return CourseDetail.objects.create(
        course=course(),
        hours=10,
        why_study="因为",
        what_to_study_brief="内容",
        career_improvement="帮助",
        prerequisite="无",
    )


def chapter() -> CourseChapter:
    return CourseChapter.objects.create(course=course(), chapter=1, name="第一章")


def article() -> Article:
    now = timezone.now()
    return Article.objects.create(
        title=f"文章{next(_number)}",
        source=ArticleSource.objects.create(name=f"来源{next(_number)}"),
        brief="摘要",
        head_img="a.jpg",
        content="正文",
        pub_date=now,
        offline_date=now,
    )


def enrolment() -> EnrolledCourse:
    paid = order()
    pay(paid)
    return EnrolledCourse.objects.get(order_detail__order=paid)


def entry() -> LedgerEntry:
    paid = order()
    pay(paid)
    return paid.entries.latest("pk")


def notification() -> PaymentNotification:
    paid, now = order(), timezone.now()
    pay(paid)
    payment = paid.payments.get()
    facts = {"channel": payment.channel, "payment": payment, "out_trade_no": payment.out_trade_no}
    facts |= {"digest": f"{next(_number)}", "body": "a=1", "verdict": "paid"}
    return PaymentNotification.objects.create(first_seen=now, last_seen=now, **facts)


def delivery() -> WebhookDelivery:
    """A dead letter."""
    number, now = next(_number), timezone.now()
    event = order().events.get()
    return WebhookDelivery.objects.create(
        endpoint=endpoint(url=f"https://shop{number}.example.com/"),
        event=event,
        kind=event.kind,
        order=event.order,
        status=WebhookDelivery.Status.DEAD,
        since=now,
        next_at=now,
        last_error="无法连接",
    )


def refund() -> Refund:
    """Of an order that was paid, asked for."""
    paid, now = order(), timezone.now()
    pay(paid)
    who = {"account_id": paid.account_id, "order_number": paid.order_number}
    asking.ask(**who, course_ids=(), reason="不想学了", now=now)
    return paid.refunds.get()


def bill() -> Bill:
    now = timezone.now()
    day = timezone.localdate(now) - timedelta(days=next(_number))
    return Bill.objects.create(channel="alipay", day=day, tried_at=now, fetched_at=now)


def bill_line() -> BillLine:
    """What nobody paid here, settled by somebody, and open again."""
    number = next(_number)
    staff = User.objects.create_user(f"settler{number}")
    return BillLine.objects.create(
        bill=bill(),
        kind="payment",
        out_trade_no=f"B{number}",
        amount=1,
        result="surplus",
        note="核对过",
        settled_by=staff,
    )


def batch() -> IssueBatch:
    """Of codes, one of which was claimed."""
    found = codes.made(CouponFactory(course=course()), 2)
    record = CouponRecordFactory(coupon=found.coupon, batch=found)
    found.codes.filter(serial=1).update(record=record)
    return found


def plan() -> IssuePlan:
    """That somebody made, and somebody else cancelled."""
    number, now = next(_number), timezone.now()
    coupon = CouponFactory(course=course())
    maker, other = (User.objects.create_user(f"{one}{number}") for one in ("planner", "canceller"))
    made = planning.plan(
        coupon.pk,
        Audience(None),
        at=now + timedelta(days=1),
        terms=coupon.terms,
        origin=Origin(f"plan{number}"),
        now=now,
        by=Actor(staff_id=maker.pk),
    )
    planning.cancel(made.pk, now=now, by=Actor(staff_id=other.pk), reason="写错了")
    return IssuePlan.objects.get(pk=made.pk)


def _on(subject: Model) -> dict[str, Any]:
    return {"content_type": ContentType.objects.get_for_model(subject), "object_id": subject.pk}


MAKERS: dict[type[Model], Callable[[], Model]] = {
    Account: lambda: UserAuthTokenFactory().user,
    Article: article,
    ArticleSource: lambda: ArticleSource.objects.create(name=f"来源{next(_number)}"),
    Bill: bill,
    BillLine: bill_line,
    Collection: lambda: Collection.objects.create(account=AccountFactory(), **_on(article())),
    Comment: lambda: Comment.objects.create(
        account=AccountFactory(), content="好", **_on(article())
    ),
    Coupon: lambda: CouponRecordFactory(coupon__course=course()).coupon,
    CouponCode: lambda: batch().codes.get(serial=1),
    CouponRecord: lambda: CouponRecordFactory(coupon=CouponFactory(course=course())),
    Course: course,
    CourseCategory: category,
    CourseChapter: chapter,
    CourseDetail: detail,
    CourseOutline: lambda: CourseOutline.objects.create(
        course_detail=detail(), title="大纲", content="内容"
    ),
    CourseSection: lambda: CourseSection.objects.create(
        chapter=chapter(), name="课时", order=1
    ),
    CourseSubCategory: sub_category,
    DegreeCourse: degree,
    EnrolledCourse: enrolment,
    Homework: lambda: Homework.objects.create(
        chapter=chapter(), title="作业", order=1, requirement="需求", threshold="踩分点",
        scholarship_value=1,
    ),
    IssueBatch: batch,
    IssuePlan: plan,
    LedgerEntry: entry,
    OftenAskedQuestion: lambda: OftenAskedQuestion.objects.create(
        question="问题", answer="回答", **_on(course())
    ),
    Order: order,
    PaymentNotification: notification,
    PricePolicy: lambda: PricePolicyFactory(content_object=course()),
    Refund: refund,
    Scholarship: lambda: Scholarship.objects.create(
        degree_course=degree(), time_percent=80, value=100
    ),
    Teacher: teacher,
    UserAuthToken: UserAuthTokenFactory,
    WebhookDelivery: delivery,
    WebhookEndpoint: lambda: delivery().endpoint,
}  # fmt: skip
