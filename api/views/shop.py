"""What the views of an account's car, settlement and orders share."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework.views import APIView

from api.services import idempotency
from api.services.idempotency import LONGEST_KEY, Answer, Attempt
from api.services.orders import tidying
from utils.auth import AccountRequest
from utils.exceptions import HTTP_ERRORS, Malformed, ShopError, malformed
from utils.response import BaseResponse, Refusal, failure

T = TypeVar("T")


class ShopView(APIView):
    """Of an account's car or settlement: before anything else, what an order has left to do in
    Redis is done. Orders themselves are shown, paid and cancelled without Redis."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        clear_up(request)


def clear_up(request: Request) -> None:
    """Does what an order of the account has left to do in Redis, which mostly is nothing."""
    account: Any = request.user
    if account.ordered_settlement is not None:
        tidying.tidy(account.pk)


def once(
    request: AccountRequest,
    operation: Callable[[T], Answer],
    *,
    first: Callable[[], T],
    now: datetime,
) -> Response:
    """Answers the request; under an `Idempotency-Key`, once (contract §9). `first` reads the
    request, and does what must be done before the transaction begins; the operation gets what it
    gives. What either refuses is kept, a malformed request too."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return _response(operation(first()))
    if not 0 < len(key) <= LONGEST_KEY or "\0" in key:
        raise ValidationError({"Idempotency-Key": f"必须是1到{LONGEST_KEY}个字符"})
    fingerprint = idempotency.fingerprint_of(request.method or "", request.path, request.data)
    attempt = Attempt(request.auth.user_id, key, fingerprint)
    answer = idempotency.answered(attempt, now=now)
    if answer is None:
        answer = idempotency.once(attempt, _begun(first, operation), now=now)
    return _response(answer)


def _begun(first: Callable[[], T], operation: Callable[[T], Answer]) -> Callable[[], Answer]:
    """What is left to do in the key's transaction, now that `first` is done or has refused."""
    try:
        found = first()
    except ValidationError as wrong:
        answer = _refused(malformed(wrong.detail))
        return lambda: answer
    except ShopError as error:
        refusal = error

        def refuse() -> Answer:
            raise refusal

        return refuse
    return lambda: operation(found)


def _refused(wrong: Malformed) -> Answer:
    name = HTTP_ERRORS[400].name
    return Answer(400, 1400, error=wrong.message, name=name, field=wrong.field or None)


def _response(answer: Answer) -> Response:
    if answer.name is not None and answer.error is not None:
        refusal = Refusal(answer.name, answer.code, answer.error, answer.field)
        return failure(refusal, status=answer.status)
    body = BaseResponse(answer.data, code=answer.code, error=answer.error).dict
    return Response(body, status=answer.status)
