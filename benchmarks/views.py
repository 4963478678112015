"""What the settlement is compared with: views that do nothing, and the course document's way of
settling, which searches all keys of Redis. The envelope is the service's."""

import json
from typing import Any, cast

from django.conf import settings
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.authentication import BaseAuthentication, TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.models import CouponRecord, UserAuthToken
from utils.auth import AccountRequest
from utils.response import success


class FloorView(APIView):
    """What every authenticated request costs."""

    def get(self, request: AccountRequest) -> Response:
        return success()


class TokenFloorView(APIView):
    """The same behind REST framework's own tokens."""

    authentication_classes = [TokenAuthentication]

    def get(self, request: AccountRequest) -> Response:
        return success()


class LessonAuth(BaseAuthentication):
    """The account of the token, by two queries."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        token = request.headers.get("Authorization", "").removeprefix("Token ")
        auth = UserAuthToken.objects.filter(token=token).first()
        if auth is None:
            raise AuthenticationFailed
        return auth.user, auth


class LessonView(APIView):
    """POST finds the earlier settlement by KEYS, GET finds it by SCAN, and every course, field of
    the car and coupon is a round trip or a query. It handles no errors."""

    authentication_classes = [LessonAuth]

    def post(self, request: AccountRequest) -> Response:
        redis: Any = get_redis_connection("default")
        account_id, data = request.auth.user_id, cast(dict[str, Any], request.data)
        if earlier := redis.keys(settings.PAYMENT_KEY % (account_id, "*")):
            redis.delete(*earlier)
        settled = {pk: _from_car(redis, account_id, pk) for pk in data["courseids"]}
        site_wide: dict[int, Any] = {}
        today = timezone.localdate()
        for record in CouponRecord.objects.filter(account=account_id, status=0):
            coupon: Any = record.coupon  # a query
            if coupon.valid_begin_date <= today <= coupon.valid_end_date:
                bound = settled[coupon.object_id]["coupon"] if coupon.object_id else site_wide
                bound[record.pk] = {
                    "coupon_type": coupon.coupon_type,
                    "coupon_display": coupon.get_coupon_type_display(),
                    "money_equivalent_value": coupon.money_equivalent_value,
                }
        for course, fields in settled.items():
            fields["coupon"] = json.dumps(fields["coupon"])
            redis.hset(settings.PAYMENT_KEY % (account_id, course), mapping=fields)
        chosen = {"coupon": json.dumps(site_wide), "default_coupon": 0}
        redis.hset(settings.PAYMENT_COUPON_KEY % account_id, mapping=chosen)
        return success()

    def patch(self, request: AccountRequest) -> Response:
        redis: Any = get_redis_connection("default")
        account_id, data = request.auth.user_id, cast(dict[str, Any], request.data)
        key = settings.PAYMENT_KEY % (account_id, data["courseid"])
        record = str(data["couponid"])
        if record not in json.loads(redis.hget(key, "coupon")):
            raise ValueError(f"{record} is not offered")
        redis.hset(key, "default_coupon", record)
        return success("修改成功")

    def get(self, request: AccountRequest) -> Response:
        redis: Any = get_redis_connection("default")
        account_id = request.auth.user_id
        pattern = settings.PAYMENT_KEY % (account_id, "*")
        courses = [_texts(redis.hgetall(key)) for key in redis.scan_iter(pattern)]
        coupon_key = settings.PAYMENT_COUPON_KEY % account_id
        site_wide = {
            "coupon": json.loads(redis.hget(coupon_key, "coupon")),
            "default_coupon": redis.hget(coupon_key, "default_coupon").decode(),
        }
        return success({"course_list": courses, "global_coupon_dict": site_wide})


def _from_car(redis: Any, account_id: int, course_id: int) -> dict[str, Any]:
    """The course as the car has it, with the policy chosen there: a round trip for each field."""
    key = settings.SHOPPING_CAR_KEY % (account_id, course_id)
    policies = json.loads(redis.hget(key, "policy"))
    policy_id = redis.hget(key, "default_policy").decode()
    return {
        "course_id": course_id,
        "title": redis.hget(key, "title").decode(),
        "img": redis.hget(key, "img").decode(),
        "policy_id": policy_id,
        "coupon": {},
        "default_coupon": 0,
        **policies[policy_id],
    }


def _texts(fields: dict[bytes, bytes]) -> dict[str, Any]:
    texts: dict[str, Any] = {name.decode(): value.decode() for name, value in fields.items()}
    return texts | {"coupon": json.loads(texts["coupon"])}
