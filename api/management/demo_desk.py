"""What the coupon desk shows in the demo: its three people, and promotions in every state."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError
from django.utils import timezone

from api.management import demo_orders
from api.models import Account, Coupon, CouponRecord, CouponRecordStatus, Course
from api.services import audit
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import SERVICE

ADMIN, MANAGER, FINANCE = "admin", "manager", "finance"
POSTS = {MANAGER: "优惠券运营", FINANCE: "财务"}
STUDENTS = tuple(f"student{number:02}" for number in range(1, 61))


@dataclass(frozen=True)
class Promotion:
    """`worth` with its budget, if it has one. `opens` to `closes`, in days from today. Students get
    it over its days, `used` % of them use it. Valid for `days` after receipt, or, with None, as
    long as it is handed out."""

    worth: dict[str, Any]
    opens: int
    closes: int
    quantity: int
    students: int
    used: int
    days: int | None = None
    course_id: int | None = None


CASH, THRESHOLD, DISCOUNT = 0, 1, 2
PROMOTIONS = {
    "新人专享": Promotion(
        {"coupon_type": CASH, "money_equivalent_value": 30, "budget": 1000},
        -28, 60, 500, 60, 40, days=30,
    ),
    "双十二预热": Promotion(
        {"coupon_type": THRESHOLD, "money_equivalent_value": 200, "minimum_consume": 800,
         "budget": 20_000},
        5, 35, 1000, 0, 0,
    ),
    "秋季充电": Promotion(
        {"coupon_type": DISCOUNT, "money_equivalent_value": 0, "off_percent": 79},
        -25, 4, 120, 48, 65,
    ),
    "爬虫专题满减": Promotion(
        {"coupon_type": THRESHOLD, "money_equivalent_value": 100, "minimum_consume": 300},
        -15, 6, 40, 36, 30, course_id=1,
    ),
    "CRM课程九折": Promotion(
        {"coupon_type": DISCOUNT, "money_equivalent_value": 0, "off_percent": 90},
        -10, 20, 80, 25, 20, course_id=2,
    ),
    "十月返场": Promotion(
        {"coupon_type": CASH, "money_equivalent_value": 50}, -29, -8, 60, 55, 70
    ),
}  # fmt: skip


def refuse_to_overwrite(password: str) -> None:
    """Raises CommandError if somebody else goes by the name of one of the demo's people."""
    for user in User.objects.filter(username__in=[ADMIN, *POSTS]):
        if not user.check_password(password):
            raise CommandError(
                f"The admin's user {user.username} is not the demo's: nothing was changed. "
                "Use an empty database."
            )


def load(now: datetime, password: str) -> None:
    """Makes or renews them, around the day of `now`."""
    _load_people(password)
    students = _students(now)
    demo_orders.forget(student.pk for student in students)
    for at, (name, promotion) in enumerate(PROMOTIONS.items()):
        coupon = _load_coupon(name, promotion, now)
        _load_records(coupon, promotion, f"DEMO{at}", students, now)


def _load_people(password: str) -> None:
    if not User.objects.filter(username=ADMIN).exists():
        User.objects.create_superuser(ADMIN, password=password)
    for name, post in POSTS.items():
        if not User.objects.filter(username=name).exists():
            User.objects.create_user(name, password=password, is_staff=True)
        User.objects.get(username=name).groups.add(*Group.objects.filter(name=post))
    approving = Permission.objects.filter(codename="approve_refund")  # no post has it at first
    User.objects.get(username=FINANCE).user_permissions.add(*approving)


def _students(now: datetime) -> list[Account]:
    nobody_knows = make_password(None)
    before = now - timedelta(days=100)  # earlier than their first orders
    Account.objects.bulk_create(
        [Account(username=one, password=nobody_knows, registered=before) for one in STUDENTS],
        ignore_conflicts=True,
    )
    return list(Account.objects.filter(username__in=STUDENTS).order_by("username"))


def _load_coupon(name: str, promotion: Promotion, now: datetime) -> Coupon:
    today = timezone.localdate(now)
    opens = today + timedelta(days=promotion.opens)
    closes = today + timedelta(days=promotion.closes)
    bound = promotion.course_id is not None
    coupon, _ = Coupon.objects.update_or_create(
        name=name,
        defaults={
            **promotion.worth,
            "content_type": ContentType.objects.get_for_model(Course) if bound else None,
            "object_id": promotion.course_id,
            "quantity": at_least_issued(promotion.quantity, name=name),
            "open_date": opens,
            "close_date": closes,
            "valid_begin_date": None if promotion.days else opens,
            "valid_end_date": None if promotion.days else closes,
            "coupon_valid_days": promotion.days,
        },
    )
    return coupon


def _load_records(
    coupon: Coupon, promotion: Promotion, prefix: str, students: list[Account], now: datetime
) -> None:
    """Spread evenly over the days on which it was handed out, as the same numbers every time."""
    CouponRecord.objects.filter(number__startswith=f"{prefix}-").delete()
    since_closing = max(-promotion.closes, 0)
    past = min(-promotion.opens, promotion.closes - promotion.opens)
    for at, student in enumerate(students[: promotion.students]):
        since = timedelta(days=-promotion.opens - past * at // promotion.students, minutes=at)
        number = f"{prefix}-{at:04}"
        record = CouponRecord(coupon=coupon, account=student, number=number, get_time=now - since)
        lifecycle.come([record], reason="演示")
        halfway = now - (since + timedelta(days=since_closing)) / 2
        _meet_fate(record, _fate(at, promotion), halfway, now)
    audit.recount(coupon.pk)


def at_least_issued(quantity: int, **coupon: Any) -> int:
    """The demo's quantity, or more if somebody has issued more of it since."""
    issued = Coupon.objects.filter(**coupon).values_list("issued", flat=True).first()
    return max(quantity, issued or 0)


def _fate(at: int, promotion: Promotion) -> CouponRecordStatus:
    """37 shares no factor with 100: the shares are mixed, not one after the other."""
    chance = at * 37 % 100
    if chance < promotion.used:
        return CouponRecordStatus.USED
    if promotion.closes < 0:
        return CouponRecordStatus.EXPIRED
    return CouponRecordStatus.VOID if chance >= 97 else CouponRecordStatus.UNUSED


def _meet_fate(
    record: CouponRecord, fate: CouponRecordStatus, halfway: datetime, now: datetime
) -> None:
    if fate == CouponRecordStatus.USED:
        demo_orders.buy(record, course_id=record.coupon.object_id or 1, now=halfway)
    elif fate == CouponRecordStatus.EXPIRED:
        lifecycle.expire(CouponRecord.objects.filter(pk=record.pk), now=now)
    elif fate == CouponRecordStatus.VOID:
        lifecycle.void(record_id=record.pk, now=halfway, by=SERVICE, reason="演示")
