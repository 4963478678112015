"""/api/shoppingcar/: an account's shopping car (contract §4)."""

from rest_framework.response import Response

from api.serializers import parsed
from api.serializers.car import CarCourseShown, PolicyRequest, RemoveRequest
from api.services import cars
from api.views.shop import ShopView
from utils.auth import AccountRequest
from utils.response import success


class ShoppingCarView(ShopView):
    """Put courses into the car, look into it, choose other policies, take courses out."""

    def post(self, request: AccountRequest) -> Response:
        asked = parsed(PolicyRequest, request.data)
        cars.add(
            account_id=request.auth.user_id,
            course_id=asked["courseid"],
            policy_id=asked["policyid"],
        )
        return success("添加成功")

    def get(self, request: AccountRequest) -> Response:
        contents = cars.contents(account_id=request.auth.user_id)
        return success(CarCourseShown(contents, many=True).data)

    def patch(self, request: AccountRequest) -> Response:
        asked = parsed(PolicyRequest, request.data)
        cars.choose_policy(
            account_id=request.auth.user_id,
            course_id=asked["courseid"],
            policy_id=asked["policyid"],
        )
        return success("修改成功")

    def delete(self, request: AccountRequest) -> Response:
        asked = parsed(RemoveRequest, request.data)
        cars.remove(account_id=request.auth.user_id, course_ids=asked["courseids"])
        return success("删除成功")
