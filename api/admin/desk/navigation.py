"""The sidebar: what a person may see, grouped by what they do with it."""

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

# title -> (link's title, model's label, or a page's of that model, icon of Material Symbols)
SECTIONS: dict[str, list[tuple[str, str, str]]] = {
    "促销": [
        ("优惠券", "api.coupon", "confirmation_number"),
        ("发放记录", "api.couponrecord", "receipt_long"),
        ("发放批次", "api.issuebatch", "inventory_2"),
        ("计划发放", "api.issueplan", "schedule_send"),
        ("兑换码", "api.couponcode", "password"),
    ],
    "订单": [
        ("订单", "api.order", "receipt"),
        ("退款", "api.refund", "currency_exchange"),
        ("报名", "api.enrolledcourse", "how_to_reg"),
    ],
    "财务": [
        ("日结", "api.ledgerentry.closing", "calculate"),
        ("账目", "api.ledgerentry", "menu_book"),
        ("对账", "api.bill", "fact_check"),
        ("对账差异", "api.billline", "rule"),
        ("支付通知", "api.paymentnotification", "mark_email_read"),
    ],
    "课程": [
        ("专题课与模块", "api.course", "menu_book"),
        ("学位课", "api.degreecourse", "school"),
        ("价格策略", "api.pricepolicy", "sell"),
        ("课程大类", "api.coursecategory", "category"),
        ("课程子类", "api.coursesubcategory", "account_tree"),
        ("导师与讲师", "api.teacher", "co_present"),
        ("奖学金", "api.scholarship", "workspace_premium"),
    ],
    "课程内容": [
        ("课程详细", "api.coursedetail", "article"),
        ("课程大纲", "api.courseoutline", "format_list_bulleted"),
        ("章节", "api.coursechapter", "book"),
        ("课时", "api.coursesection", "play_circle"),
        ("作业", "api.homework", "assignment"),
        ("常见问题", "api.oftenaskedquestion", "quiz"),
    ],
    "文章": [
        ("文章", "api.article", "newspaper"),
        ("文章来源", "api.articlesource", "rss_feed"),
        ("收藏", "api.collection", "bookmark"),
        ("评论", "api.comment", "forum"),
    ],
    "集成": [
        ("Webhook端点", "api.webhookendpoint", "webhook"),
        ("投递记录", "api.webhookdelivery", "outbox"),
    ],
    "账户与权限": [
        ("账户", "api.account", "person"),
        ("用户Token", "api.userauthtoken", "key"),
        ("工作人员", "auth.user", "badge"),
        ("岗位", "auth.group", "groups"),
        ("操作日志", "admin.logentry", "history"),
    ],
}


# What the theme looks up in every link and section, and finds slowly where it is missing.
_UNSET = {"badge": None, "collapsible": False, "link_callback": None}


def may_view(label: str, request: HttpRequest) -> bool:
    app, model, *_ = label.split(".")
    return request.user.has_perm(f"{app}.view_{model}") or request.user.has_perm(
        f"{app}.change_{model}"
    )


def address(label: str) -> str:
    """Of a model's list, or of another page of it that is named behind the model."""
    return _address(label, get_script_prefix())


@cache
def _address(label: str, _: str) -> str:
    """Under the prefix that the service is served at. Every page of the desk asks for each of these
    three times."""
    app, model, *page = label.split(".")
    return reverse(f"admin:{app}_{model}_{page[0] if page else 'changelist'}")


def here(request: HttpRequest) -> str | None:
    """The address of the link whose page this is: of two that begin its path, the longer one."""
    every = (address(label) for links in SECTIONS.values() for _, label, _ in links)
    return max((one for one in every if request.path.startswith(one)), key=len, default=None)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's SIDEBAR navigation; sections of which nothing may be seen are left out."""
    current = here(request)
    home = _UNSET | {"title": "首页", "icon": "home", "link": reverse("admin:index")}
    sections = [
        _UNSET
        | {
            "title": title,
            "separator": True,
            "items": [
                _UNSET | {"title": name, "icon": icon, "link": link, "active": link == current}
                for name, label, icon in links
                if may_view(label, request)
                for link in [address(label)]
            ],
        }
        for title, links in SECTIONS.items()
    ]
    return [_UNSET | {"items": [home]}, *(section for section in sections if section["items"])]
