"""A gateway's bill beside what the shop has (contract §10): the rule alone."""

from decimal import Decimal

import pytest

from api.rules.reconciliation import BillResult, judged

D = Decimal


@pytest.mark.parametrize(
    ("gateway", "own", "result"),
    [
        (D("1234567.89"), D("1234567.89"), BillResult.BALANCED),
        (D("5"), D("5.00"), BillResult.BALANCED),
        (D("5.00"), D("5.01"), BillResult.AMOUNT),
        (D("5.01"), D("5.00"), BillResult.AMOUNT),
        (D("0.00"), D("5.00"), BillResult.AMOUNT),
        (D("5.00"), None, BillResult.SURPLUS),
        (D("0.00"), None, BillResult.SURPLUS),
        (None, D("5.00"), BillResult.SHORTAGE),
        (None, D("0.00"), BillResult.SHORTAGE),
    ],
)
def test_a_row_balances_where_both_have_the_same_to_the_fen(
    gateway: Decimal | None, own: Decimal | None, result: BillResult
) -> None:
    assert judged(gateway, own) is result


def test_nothing_on_either_side_is_no_row() -> None:
    with pytest.raises(ValueError, match="nothing"):
        judged(None, None)
