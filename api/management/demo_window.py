"""The demo's shop window: more courses, with what their pages show, and coupons to be claimed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from api.models import (
    Coupon,
    Course,
    CourseCategory,
    CourseChapter,
    CourseDetail,
    CourseOutline,
    CourseSection,
    CourseSubCategory,
    OftenAskedQuestion,
    PricePolicy,
    Teacher,
)

FIELDS = {
    "后端": ("python", "Go"),
    "前端": ("Vue",),
    "数据": ("数据分析", "人工智能"),
    "运维": ("云原生",),
}
EASY, MIDDLE, HARD = 0, 1, 2


@dataclass(frozen=True)
class Shown:
    """A course: where it stands, its prices by days, and its chapters with their lessons."""

    name: str
    field: str
    level: int
    hours: int
    brief: str
    slogan: str
    prices: dict[int, float]
    chapters: dict[str, tuple[str, ...]]


COURSES = [
    Shown(
        "Python从零到能用", "python", EASY, 42,
        "没有写过代码也能学会，学完能自己处理表格和网页。",
        "每一课都写得出东西来", {30: 99.0, 90: 199.0, 210: 299.0},
        {
            "开始之前": ("装好Python", "第一个程序", "看懂报错"),
            "数据与判断": ("数字与文本", "列表与字典", "条件与循环"),
            "写成工具": ("函数", "读写文件", "给同事用的小工具"),
        },
    ),
    Shown(
        "Django商城实战", "python", MIDDLE, 68,
        "从购物车、优惠券到订单与退款，把一个真正能收钱的商城写完。",
        "分到每一分钱都对得上", {60: 399.0, 210: 699.0},
        {
            "搭起来": ("项目结构", "模型与迁移", "接口与文档"),
            "钱的规则": ("金额用什么存", "优惠怎样分摊", "最优组合怎么找"),
            "收款与退款": ("接支付渠道", "重复通知", "对账"),
        },
    ),
    Shown(
        "Go高并发服务开发", "Go", HARD, 56,
        "从goroutine到限流与熔断，写得出扛得住流量的服务。",
        "先会测，再谈快", {60: 459.0, 210: 759.0},
        {
            "并发": ("goroutine与channel", "锁与原子操作"),
            "服务": ("超时与取消", "限流", "平滑重启"),
        },
    ),
    Shown(
        "Redis原理与实战", "python", MIDDLE, 30,
        "数据结构、持久化、事务与Lua脚本，以及它们什么时候会丢数据。",
        "知道它在什么时候不可靠", {30: 149.0, 90: 269.0},
        {
            "数据结构": ("哈希与过期", "有序集合"),
            "可靠地写": ("事务与WATCH", "Lua脚本", "主从切换时丢什么"),
        },
    ),
    Shown(
        "Vue 3组件化开发", "Vue", MIDDLE, 38,
        "组合式API、路由与状态管理，做完三个能上线的页面。",
        "写得出别人愿意接手的组件", {30: 199.0, 90: 329.0, 210: 459.0},
        {
            "响应式": ("ref与reactive", "计算属性与侦听"),
            "组件": ("属性与事件", "插槽", "无障碍"),
        },
    ),
    Shown(
        "前端工程化与性能优化", "Vue", HARD, 34,
        "从两百毫秒延迟的手机开始，量出来再改。",
        "首屏一秒以内", {60: 359.0, 210: 559.0},
        {"量": ("网络与渲染", "真实用户的数据"), "改": ("拆包与预加载", "图片与字体", "缓存")},
    ),
    Shown(
        "数据分析实战", "数据分析", EASY, 45,
        "用Pandas清洗数据、画图、写出能说服人的结论。",
        "从一张乱表到一页结论", {30: 169.0, 90: 299.0},
        {
            "清洗": ("缺失与重复", "合并表"),
            "分析": ("分组与透视", "A/B测试怎么看"),
            "表达": ("选对图", "写结论"),
        },
    ),
    Shown(
        "SQL优化与数据库设计", "数据分析", MIDDLE, 28,
        "读懂执行计划，建对索引，写不锁表的迁移。",
        "慢查询是设计出来的", {30: 129.0, 90: 239.0},
        {"查询": ("执行计划", "索引"), "设计": ("范式与取舍", "不停机迁移")},
    ),
    Shown(
        "机器学习入门", "人工智能", MIDDLE, 60,
        "线性模型、决策树到神经网络，每个算法都自己写一遍。",
        "先看数据，再选模型", {60: 429.0, 210: 729.0},
        {"监督学习": ("线性回归", "决策树", "过拟合"), "神经网络": ("反向传播", "训练技巧")},
    ),
    Shown(
        "大模型应用开发", "人工智能", HARD, 48,
        "检索增强、函数调用与评测，把大模型用进真实的业务。",
        "能评测，才敢上线", {60: 599.0, 210: 999.0},
        {"基础": ("提示与上下文", "向量检索"), "上线": ("评测集", "成本与延迟", "安全")},
    ),
    Shown(
        "Docker与Kubernetes", "云原生", MIDDLE, 40,
        "从一个镜像到一个集群，发布、回滚与排错。",
        "半夜不用爬起来的部署", {30: 259.0, 90: 399.0},
        {"容器": ("镜像怎么变小", "网络与存储"), "集群": ("部署与回滚", "探针", "排错")},
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Claimable:
    """A coupon to be claimed in the next days, by its code where it has one; `days` from then on to
    use it."""

    worth: dict[str, Any]
    quantity: int
    days: int
    course: str | None = None
    code: str | None = None
    per_account: int = 1


CASH, THRESHOLD, DISCOUNT = 0, 1, 2
COUPONS = {
    "新学员礼包": Claimable(
        {"coupon_type": THRESHOLD, "money_equivalent_value": 60, "minimum_consume": 300}, 5000, 30
    ),
    "学习季": Claimable(
        {"coupon_type": THRESHOLD, "money_equivalent_value": 200, "minimum_consume": 1000}, 2000, 15
    ),
    "全站八八折": Claimable(
        {"coupon_type": DISCOUNT, "money_equivalent_value": 0, "off_percent": 88}, 800, 7
    ),
    "Django商城立减": Claimable(
        {"coupon_type": CASH, "money_equivalent_value": 50}, 300, 15, course="Django商城实战"
    ),
    "Vue专享": Claimable(
        {"coupon_type": DISCOUNT, "money_equivalent_value": 0, "off_percent": 80},
        300, 3, course="Vue 3组件化开发",
    ),
    "口令红包": Claimable(
        {"coupon_type": CASH, "money_equivalent_value": 20}, 10000, 30, code="LUFFY2018"
    ),
}  # fmt: skip


def load(now: datetime) -> None:
    """Puts into the window what is not there yet; a course or a coupon of the same name stays as it
    is."""
    teacher, _ = Teacher.objects.get_or_create(
        name="林老师",
        defaults={"role": 0, "title": "十年后端工程师", "brief": "写过每天百万订单的结算系统。"},
    )
    fields = _load_fields()
    for order, shown in enumerate(COURSES, start=10):
        if not Course.objects.filter(name=shown.name).exists():
            _load_course(shown, fields[shown.field], teacher, order)
    for name, claimable in COUPONS.items():
        _load_coupon(name, claimable, now)


def _load_fields() -> dict[str, CourseSubCategory]:
    found = {}
    for broad, narrow in FIELDS.items():
        category, _ = CourseCategory.objects.get_or_create(name=broad)
        for name in narrow:
            found[name], _ = CourseSubCategory.objects.get_or_create(
                name=name, defaults={"category": category}
            )
    return found


def _load_course(shown: Shown, field: CourseSubCategory, teacher: Teacher, order: int) -> None:
    course = Course.objects.create(
        name=shown.name,
        course_img="",
        brief=shown.brief,
        sub_category=field,
        course_type=0,
        level=shown.level,
        order=order,
    )
    for days, price in shown.prices.items():
        PricePolicy.objects.create(content_object=course, valid_period=days, price=price)
    detail = CourseDetail.objects.create(
        course=course,
        hours=shown.hours,
        course_slogan=shown.slogan,
        why_study=shown.brief,
        what_to_study_brief="、".join(shown.chapters) + "。每章都有练习和参考答案。",
        career_improvement="能独立完成一个完整的项目，并讲清楚每一个取舍。",
        prerequisite="不需要基础。" if shown.level == EASY else "写过半年以上的代码。",
    )
    detail.teachers.add(teacher)
    for at, chapter in enumerate(shown.chapters, start=1):
        CourseOutline.objects.create(
            course_detail=detail,
            order=at,
            title=chapter,
            content="、".join(shown.chapters[chapter]),
        )
        _load_chapter(course, at, chapter, shown.chapters[chapter])
    OftenAskedQuestion.objects.create(
        content_object=course,
        question="到期以后还能看吗？",
        answer="到期后可以续期，学习记录会保留。",
    )


def _load_chapter(course: Course, number: int, name: str, lessons: tuple[str, ...]) -> None:
    chapter = CourseChapter.objects.create(course=course, chapter=number, name=name)
    for at, lesson in enumerate(lessons, start=1):
        CourseSection.objects.create(
            chapter=chapter,
            name=lesson,
            order=at,
            section_type=2,
            section_link=f"demo-{course.pk}-{number}-{at}",
            video_time=f"{8 + 3 * at}:{17 * at % 60:02}",
            free_trail=number == at == 1,
        )


def _load_coupon(name: str, claimable: Claimable, now: datetime) -> None:
    today = timezone.localdate(now)
    course = claimable.course and Course.objects.get(name=claimable.course)
    days = {"open_date": today - timedelta(days=1), "close_date": today + timedelta(days=20)}
    Coupon.objects.update_or_create(
        name=name,
        defaults=days,
        create_defaults={
            **claimable.worth,
            **days,
            "content_type": ContentType.objects.get_for_model(Course) if course else None,
            "object_id": course.pk if course else None,
            "quantity": claimable.quantity,
            "coupon_valid_days": claimable.days,
            "claimable": claimable.code is None,
            "per_account": claimable.per_account,
            "code": claimable.code,
        },
    )
