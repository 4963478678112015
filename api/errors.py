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


class PasswordRefused(ShopError):
    code, message = 1003, "原密码错误"


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


class CouponNotThere(ShopError):
    """Nobody claims it himself, or nobody could ever use it, or the code is nobody's."""

    code, message = 3001, "优惠券不存在"


class NotInReceiptDays(ShopError):
    """Before its days of receipt, after them, or after the last day on which it can be used."""

    code, message = 3002, "不在领取时间"


class ClaimedOut(ShopError):
    code, message = 3003, "优惠券已领完"


class ClaimLimitReached(ShopError):
    code, message = 3004, "已达到领取上限"


class CouponStopped(ShopError):
    code, message = 3005, "优惠券已停止发放"


class MoneyMismatch(ShopError):
    code, message = 4001, "总价、优惠券抵扣和实际支付的金额不符"


class NotPayable(ShopError):
    code, message = 4004, "课程已下线，无法购买"


class QuoteOutdated(ShopError):
    code, message = 4005, "结算信息已变化，请确认后重新提交"


class CouponUseFailed(ShopError):
    code, message = 4007, "优惠券使用失败"


class OrderNotFound(ShopError):
    code, message = 4010, "订单不存在"


class OrderStateRefused(ShopError):
    code, message = 4011, "订单状态不允许此操作"


class CourseNotInOrder(ShopError):
    status, code, message = 400, 1400, "courseids: 课程不在此订单中"


class NothingToRefund(ShopError):
    code, message = 4012, "可退金额不足"


class RefundTooLate(ShopError):
    code, message = 4014, "已超过可退款期限"


class ChannelUnavailable(ShopError):
    code, message = 4013, "支付渠道暂不可用"


class GatewayOutOfReach(ShopError):
    """A payment gateway does not answer, or not with what can be believed. Nothing was changed
    here; what it did itself nobody knows, and the next try asks."""

    status, code, message = 503, 1503, "服务暂时不可用，请稍后再试"


class GatewayUnclear(GatewayOutOfReach):
    """A payment gateway answers, but not what can be acted upon: somebody must look at the log."""


class RequestInFlight(ShopError):
    """The same request is still being answered elsewhere."""

    status, code, message = 409, 1409, "相同的请求正在处理，请稍后再试"


class IdempotencyKeyReused(ShopError):
    """The key of an earlier request came with another path or body."""

    status, code, message = 422, 1422, "此Idempotency-Key已用于另一个请求"
