"""What the shop's rules refuse, each with the code and the sentence of the contract."""

from utils.exceptions import ShopError


class NotInCar(ShopError):
    code, message = 1001, "课程需要先加入购物车才能结算"


class CarUnreadable(ShopError):
    code, message = 1001, "购物车数据有误，请重新加入课程"


class CourseNotFound(ShopError):
    code, message = 2001, "课程不存在"


class PolicyNotOfCourse(ShopError):
    code, message = 2001, "价格策略不合法"


class CarFull(ShopError):
    code, message = 2002, "购物车已满"


class CourseNotInCar(ShopError):
    code, message = 1002, "购物车中不存在此课程"


class PolicyNotInCar(ShopError):
    code, message = 1003, "价格策略不合法"


class LoginRefused(ShopError):
    code, message = 1001, "用户名或密码错误"


class UsernameTaken(ShopError):
    code, message = 1002, "用户名已存在"


class SettlementNotFound(ShopError):
    code, message = 1001, "获取失败"


class SettlementUnreadable(SettlementNotFound):
    """Another program left it broken: as in the document, it cannot be had."""


class GlobalCouponNotFound(ShopError):
    code, message = 1001, "全站优惠券不存在"


class CourseCouponNotFound(ShopError):
    code, message = 1010, "课程优惠券不存在"


class SettlementNotChanged(ShopError):
    code, message = 1111, "修改失败"


class SettlementChanged(ShopError):
    """The settlement is not in the state that `If-Match` names."""

    status, code, message = 412, 1412, "结算信息已变化，请刷新后重试"
