"""What the shop's rules refuse, each with the code and the sentence of the contract, a name of its
own (`X-Error-Name`), and the field of the request that is to blame, where it is always the same
one (`X-Error-Field`)."""

from utils.exceptions import ShopError


class NotInCar(ShopError):
    name = "not_in_car"
    code, message = 1001, "课程需要先加入购物车才能结算"
    field = "courseids"


class CarUnreadable(ShopError):
    name = "car_unreadable"
    code, message = 1001, "购物车数据有误，请重新加入课程"


class CourseNotFound(ShopError):
    name = "course_not_found"
    code, message = 2001, "课程不存在"


class PolicyNotOfCourse(ShopError):
    name = "policy_not_of_course"
    code, message = 2001, "价格策略不合法"
    field = "policyid"


class CarFull(ShopError):
    name = "car_full"
    code, message = 2002, "购物车已满"


class CourseNotInCar(ShopError):
    name = "course_not_in_car"
    code, message = 1002, "购物车中不存在此课程"
    field = "courseid"


class PolicyNotInCar(ShopError):
    name = "policy_not_in_car"
    code, message = 1003, "价格策略不合法"
    field = "policyid"


class LoginRefused(ShopError):
    name = "login_refused"
    code, message = 1001, "用户名或密码错误"


class UsernameTaken(ShopError):
    name = "username_taken"
    code, message = 1002, "用户名已存在"
    field = "username"


class PasswordRefused(ShopError):
    name = "password_refused"
    code, message = 1003, "原密码错误"
    field = "old_password"


class SettlementNotFound(ShopError):
    name = "settlement_not_found"
    code, message = 1001, "获取失败"


class SettlementUnreadable(SettlementNotFound):
    """Another program left it broken: as in the document, it cannot be had."""


class GlobalCouponNotFound(ShopError):
    name = "global_coupon_not_found"
    code, message = 1001, "全站优惠券不存在"
    field = "couponid"


class CourseCouponNotFound(ShopError):
    name = "course_coupon_not_found"
    code, message = 1010, "课程优惠券不存在"
    field = "couponid"


class SettlementNotChanged(ShopError):
    name = "settlement_not_changed"
    code, message = 1111, "修改失败"


class SettlementChanged(ShopError):
    """The settlement is not in the state that `If-Match` names."""

    name = "settlement_changed"
    status, code, message = 412, 1412, "结算信息已变化，请刷新后重试"


class CouponNotThere(ShopError):
    """Nobody claims it himself, or nobody could ever use it, or the code is nobody's."""

    name = "coupon_not_there"
    code, message = 3001, "优惠券不存在"


class NotInReceiptDays(ShopError):
    """Before its days of receipt, after them, or after the last day on which it can be used."""

    name = "not_in_receipt_days"
    code, message = 3002, "不在领取时间"


class ClaimedOut(ShopError):
    name = "claimed_out"
    code, message = 3003, "优惠券已领完"


class ClaimLimitReached(ShopError):
    name = "claim_limit_reached"
    code, message = 3004, "已达到领取上限"


class CouponStopped(ShopError):
    name = "coupon_stopped"
    code, message = 3005, "优惠券已停止发放"


class MoneyMismatch(ShopError):
    name = "money_mismatch"
    code, message = 4001, "总价、优惠券抵扣和实际支付的金额不符"
    field = "money"


class NotPayable(ShopError):
    name = "not_payable"
    code, message = 4004, "课程已下线，无法购买"


class QuoteOutdated(ShopError):
    name = "quote_outdated"
    code, message = 4005, "结算信息已变化，请确认后重新提交"
    field = "version"


class CouponUseFailed(ShopError):
    name = "coupon_use_failed"
    code, message = 4007, "优惠券使用失败"


class OrderNotFound(ShopError):
    name = "order_not_found"
    code, message = 4010, "订单不存在"


class OrderStateRefused(ShopError):
    name = "order_state_refused"
    code, message = 4011, "订单状态不允许此操作"


class CourseNotInOrder(ShopError):
    name = "course_not_in_order"
    status, code, message = 400, 1400, "courseids: 课程不在此订单中"
    field = "courseids"


class NothingToRefund(ShopError):
    name = "nothing_to_refund"
    code, message = 4012, "可退金额不足"


class RefundTooLate(ShopError):
    name = "refund_too_late"
    code, message = 4014, "已超过可退款期限"


class ChannelUnavailable(ShopError):
    name = "channel_unavailable"
    code, message = 4013, "支付渠道暂不可用"


class GatewayOutOfReach(ShopError):
    """A payment gateway does not answer, or not with what can be believed. Nothing was changed
    here; what it did itself nobody knows, and the next try asks."""

    name = "gateway_out_of_reach"
    status, code, message = 503, 1503, "服务暂时不可用，请稍后再试"


class GatewayUnclear(GatewayOutOfReach):
    """A payment gateway answers, but not what can be acted upon: somebody must look at the log."""


class RequestInFlight(ShopError):
    """The same request is still being answered elsewhere."""

    name = "request_in_flight"
    status, code, message = 409, 1409, "相同的请求正在处理，请稍后再试"


class IdempotencyKeyReused(ShopError):
    """The key of an earlier request came with another path or body."""

    name = "idempotency_key_reused"
    status, code, message = 422, 1422, "此Idempotency-Key已用于另一个请求"
