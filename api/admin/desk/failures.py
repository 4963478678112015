"""What the desk says when the database fails under it: never more than is known."""

import logging
from typing import Any

from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from utils.outcomes import OutcomeUnknown, is_busy

logger = logging.getLogger(__name__)

FAILURES = (OutcomeUnknown, OperationalError, InterfaceError)


def told_of(request: HttpRequest, error: Exception, what: str) -> str:
    """A sentence; `what` is what was to be done (保存). Messages of success that were put aside for
    the next page are dropped."""
    logger.warning("%s: %s: %s", request.path, type(error).__name__, error)
    queued: Any = messages.get_messages(request)
    if hasattr(queued, "_queued_messages"):
        queued._queued_messages.clear()
    if isinstance(error, OutcomeUnknown):
        return (
            f"不知道是否已经{what}：最后一步与数据库的连接中断了。请稍后打开列表或历史查看，"
            f"再决定是否重试。"
        )
    if is_busy(error):
        return f"没有{what}：这条记录正在被使用（例如正在发放），请稍后再试。"
    return f"没有{what}：服务暂时不可用，请稍后再试。"


def failed(request: HttpRequest, error: Exception, what: str) -> HttpResponse:
    """The page that says so. It asks no database, and what was typed is one step back."""
    text = told_of(request, error, what)
    return render(request, "not_done.html", {"text": text}, status=503)
