"""Handing out a coupon: who gets it, who is passed over, and what refuses it as a whole."""

import datetime as dt
import io
import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape
from openpyxl import Workbook

from api.admin.coupons.issue_form import PASTED_MOST
from api.models import Account, Coupon, CouponRecord
from api.services.coupons import finding, issuing
from api.services.coupons.audiences import Audience
from api.services.coupons.refusals import (
    CouponChanged,
    CouponOver,
    NobodyToReceive,
    NotEnoughLeft,
    OfNoUse,
)
from tests.admin.rows import course, degree
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
)
from utils.spreadsheets import export as exporting

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
EVERYBODY = Audience(None)
DAY = dt.timedelta(days=1)


def issue(coupon: Coupon, audience: Audience) -> list[tuple[int, int]]:
    return list(issuing.issue(coupon.pk, audience, now=timezone.now()))


def holders(coupon: Coupon) -> list[str]:
    return sorted(coupon.couponrecord_set.values_list("account__username", flat=True))


# --- The rule -------------------------------------------------------------------------------------


def test_each_account_gets_an_unused_record_with_a_number_of_its_own() -> None:
    coupon, accounts = CouponFactory(), AccountFactory.create_batch(3)
    before = timezone.now()
    progress = issue(coupon, Audience(tuple(account.pk for account in accounts)))
    assert progress == [(0, 3), (3, 3)]
    records = list(CouponRecord.objects.filter(coupon=coupon))
    assert {record.account for record in records} == set(accounts)
    assert {record.status for record in records} == {0}
    assert all(record.get_time >= before and record.used_time is None for record in records)
    assert len({record.number for record in records}) == 3
    assert all(len(record.number) == 20 for record in records)


def test_numbers_are_not_to_be_guessed_from_one_another() -> None:
    numbers = {issuing.new_number() for _ in range(10_000)}
    assert len(numbers) == 10_000
    assert len({number[:4] for number in numbers}) > 5_000  # of 65536: no counter, no clock


def test_every_account_means_every_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "BATCH", 2)
    monkeypatch.setattr(issuing, "FOUND", 2)
    coupon = CouponFactory()
    AccountFactory.create_batch(5)
    assert issue(coupon, EVERYBODY) == [(0, 5), (2, 5), (4, 5), (5, 5)]
    assert len(set(holders(coupon))) == 5


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_who_already_has_it_whatever_became_of_it_is_passed_over(status: int) -> None:
    held = CouponRecordFactory(status=status)
    other = AccountFactory()
    issue(held.coupon, Audience((held.account_id, other.pk)))
    assert holders(held.coupon) == sorted([held.account.username, other.username])


def test_with_again_who_already_has_it_gets_another() -> None:
    held = CouponRecordFactory()
    issue(held.coupon, Audience((held.account_id,), again=True))
    assert holders(held.coupon) == [held.account.username] * 2


def test_another_coupon_in_hand_is_no_reason_to_be_passed_over() -> None:
    account, coupon = CouponRecordFactory().account, CouponFactory()
    issue(coupon, Audience((account.pk,)))
    assert holders(coupon) == [account.username]


@pytest.fixture
def others() -> Coupon:
    """Another coupon, of which every account will hold two; to be given to all with `spread`."""
    return CouponFactory(quantity=50)


def spread(others: Coupon) -> None:
    for account in Account.objects.all():
        CouponRecordFactory.create_batch(2, coupon=others, account=account)
    Coupon.objects.filter(pk=others.pk).update(issued=others.couponrecord_set.count())


@pytest.mark.parametrize("everyone", [True, False], ids=["everyone", "named"])
def test_a_preview_counts_accounts_and_no_other_coupons_records(
    others: Coupon, everyone: bool
) -> None:
    coupon = CouponFactory(quantity=5)
    holder, *rest = AccountFactory.create_batch(3)
    CouponRecordFactory.create_batch(2, coupon=coupon, account=holder)
    Coupon.objects.filter(pk=coupon.pk).update(issued=2)
    spread(others)
    coupon.refresh_from_db()
    audience = EVERYBODY if everyone else Audience((holder.pk, *(each.pk for each in rest)))

    seen = issuing.preview(coupon, audience, today=timezone.localdate())

    assert seen == issuing.Preview(
        receivers=2,
        receiver_names=tuple(each.username for each in rest),
        holders=1,
        holder_names=(holder.username,),
        quantity=5,
        left=3,
    )
    assert issue(coupon, audience)[-1] == (2, 2)
    assert holders(coupon) == sorted([holder.username] * 2 + [each.username for each in rest])


def test_those_whom_a_change_concerns_are_accounts_that_hold_this_coupon_unused(
    others: Coupon,
) -> None:
    coupon = CouponFactory()
    twice, used, nothing = AccountFactory.create_batch(3)
    CouponRecordFactory.create_batch(2, coupon=coupon, account=twice)
    CouponRecordFactory(coupon=coupon, account=used, status=1)
    spread(others)
    assert nothing.couponrecord_set.exists()
    assert issuing.holders_of(coupon) == 1


def test_the_last_coupon_can_be_issued_and_not_one_more() -> None:
    coupon, accounts = CouponFactory(quantity=2), AccountFactory.create_batch(3)
    with pytest.raises(NotEnoughLeft, match="需要3张，只剩2张"):
        issue(coupon, EVERYBODY)
    assert holders(coupon) == []
    issue(coupon, Audience((accounts[0].pk, accounts[1].pk)))
    with pytest.raises(NotEnoughLeft, match="需要1张，只剩0张"):
        issue(coupon, EVERYBODY)
    assert len(holders(coupon)) == 2


def test_what_was_taken_back_has_still_been_issued() -> None:
    void = CouponRecordFactory(status=3, coupon__quantity=1)
    AccountFactory()
    with pytest.raises(NotEnoughLeft):
        issue(void.coupon, EVERYBODY)
    assert holders(void.coupon) == [void.account.username]


def test_nobody_to_receive_is_refused() -> None:
    held = CouponRecordFactory()
    with pytest.raises(NobodyToReceive):
        issue(held.coupon, Audience((held.account_id,)))
    assert len(holders(held.coupon)) == 1


@pytest.mark.parametrize(
    ("ends", "goes"), [(dt.timedelta(), True), (DAY, True), (-DAY, False)], ids=str
)
def test_a_coupon_that_nobody_could_use_any_more_is_not_issued(ends: Any, goes: bool) -> None:
    end = timezone.localdate() + ends
    coupon = CouponFactory(valid_begin_date=end - 5 * DAY, valid_end_date=end)
    account = AccountFactory()
    if goes:
        issue(coupon, EVERYBODY)
    else:
        with pytest.raises(CouponOver):
            issue(coupon, EVERYBODY)
    assert holders(coupon) == ([account.username] if goes else [])


def test_an_issue_that_is_given_up_half_way_has_issued_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(issuing, "BATCH", 1)
    coupon = CouponFactory()
    AccountFactory.create_batch(3)
    steps = issuing.issue(coupon.pk, EVERYBODY, now=timezone.now())
    assert [next(steps), next(steps)] == [(0, 3), (1, 3)]
    steps.close()
    assert holders(coupon) == []


def test_an_account_that_is_gone_by_now_is_left_out() -> None:
    coupon, stays, gone = CouponFactory(), AccountFactory(), AccountFactory()
    audience = Audience((stays.pk, gone.pk))
    gone.delete()
    issue(coupon, audience)
    assert holders(coupon) == [stays.username]


def test_names_are_found_once_each_and_the_unknown_are_listed() -> None:
    alice, bob = AccountFactory(username="alice"), AccountFactory(username="bob")
    names = ["bob", "nobody", "alice", "bob", "Alice", "a" * 65, "a\0b", ""]
    found = finding.find_accounts(names)
    assert found.account_ids == (bob.pk, alice.pk)
    assert found.unknown == ("nobody", "Alice", "a" * 65, "a\0b", "")


@pytest.mark.parametrize("accounts", [10, 50])
def test_the_queries_do_not_grow_with_the_accounts(
    accounts: int, django_assert_num_queries: Any
) -> None:
    coupon = CouponFactory()
    ids = tuple(account.pk for account in AccountFactory.create_batch(accounts))
    # Savepoint, the coupon under its lock, an earlier try, who is still there, who has it, the
    # pieces, the batch; then the records and their events; release.
    with django_assert_num_queries(10):
        issue(coupon, Audience(ids))


# --- The pages ------------------------------------------------------------------------------------


def url_of(coupon: Coupon, confirm: bool = False) -> str:
    return f"/admin/api/coupon/{coupon.pk}/issue/" + ("confirm/" if confirm else "")


def preview(browser: Client, coupon: Coupon, **fields: Any) -> Any:
    answer = browser.post(url_of(coupon), fields)
    assert answer.status_code == 200
    return answer


def confirm(browser: Client, coupon: Coupon, token: str) -> list[dict[str, Any]]:
    answer = browser.post(url_of(coupon, confirm=True), {"token": token})
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return [json.loads(line) for line in content.splitlines()]


def test_a_preview_says_what_would_happen_and_confirming_does_it(manager: Client) -> None:
    held = CouponRecordFactory(coupon__quantity=10)
    alice = AccountFactory(username="alice")
    names = f"alice，nobody\n{held.account.username} alice"
    shown = preview(manager, held.coupon, source="pasted", names=names)
    seen = shown.context["preview"]
    assert (seen.receivers, seen.holders, seen.left) == (1, 1, 9)
    assert seen.holder_names == (held.account.username,)
    assert shown.context["unknown"] == ("nobody",)
    assert "nobody" in shown.content.decode()
    assert CouponRecord.objects.count() == 1  # a preview changes nothing

    steps = confirm(manager, held.coupon, shown.context["token"])
    assert steps[:2] == [{"done": 0, "total": 1}, {"done": 1, "total": 1}]
    assert steps[2]["issued"] == 1
    assert holders(held.coupon) == sorted(["alice", held.account.username])
    assert manager.get(steps[2]["url"]).status_code == 200
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (manager.user, str(held.coupon_id))
    assert entry.get_change_message() == "发放1张（指定账户）"
    assert alice.couponrecord_set.get().coupon == held.coupon


def test_a_second_click_on_confirm_issues_nothing_more(manager: Client) -> None:
    coupon, account = CouponFactory(), AccountFactory()
    token = preview(manager, coupon, source="picked", accounts=[account.pk], again="on").context[
        "token"
    ]
    assert confirm(manager, coupon, token)[-1]["issued"] == 1
    (again,) = confirm(manager, coupon, token)
    assert (again["issued"], again["before"]) == (1, True)
    assert len(holders(coupon)) == 1
    assert LogEntry.objects.count() == 1


def test_the_preview_of_one_manager_or_coupon_is_worth_nothing_to_another(
    manager: Client, chief: Client
) -> None:
    coupon, other = CouponFactory(), CouponFactory()
    AccountFactory()
    token = preview(manager, coupon, source="everyone").context["token"]
    assert "error" in confirm(chief, coupon, token)[0]
    assert "error" in confirm(manager, other, token)[0]
    assert not CouponRecord.objects.exists()
    assert confirm(manager, coupon, token)[-1]["issued"] == 1


def test_what_changed_since_the_preview_is_seen_when_it_is_confirmed(manager: Client) -> None:
    coupon = CouponFactory(quantity=2)
    AccountFactory.create_batch(2)
    token = preview(manager, coupon, source="everyone").context["token"]
    CouponRecordFactory(coupon=coupon)
    steps = confirm(manager, coupon, token)
    assert steps == [{"error": "剩余数量不足：需要2张，只剩1张，没有发放任何一张"}]
    assert len(holders(coupon)) == 1
    assert not LogEntry.objects.exists()


def test_more_than_is_left_cannot_be_confirmed(manager: Client) -> None:
    coupon = CouponFactory(quantity=1)
    AccountFactory.create_batch(3)
    shown = preview(manager, coupon, source="everyone")
    assert shown.context["token"] == ""
    assert "还差2张" in shown.content.decode()
    assert "confirm-form" not in shown.content.decode()


def test_everybody_is_previewed_by_count(manager: Client) -> None:
    held = CouponRecordFactory()
    AccountFactory.create_batch(4)
    seen = preview(manager, held.coupon, source="everyone").context["preview"]
    assert (seen.receivers, seen.holders) == (4, 1)
    seen = preview(manager, held.coupon, source="everyone", again="on").context["preview"]
    assert (seen.receivers, seen.holders) == (5, 1)


def xlsx(*rows: tuple[Any, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("names.csv", "用户名\r\nalice\r\n10086\r\n".encode("utf-8-sig")),
        ("names.csv", "姓名,用户名\n小爱,alice\n移动,10086\n".encode("gb18030")),
        ("NAMES.XLSX", xlsx(("备注", "username"), ("x", "alice"), ("y", 10086))),
        ("names.xlsx", xlsx(("alice",), (None,), (10086.0,))),
    ],
)
def test_a_file_of_names_is_read(manager: Client, name: str, content: bytes) -> None:
    coupon = CouponFactory()
    AccountFactory(username="alice"), AccountFactory(username="10086"), AccountFactory()
    file = SimpleUploadedFile(name, content)
    token = preview(manager, coupon, source="file", file=file).context["token"]
    confirm(manager, coupon, token)
    assert holders(coupon) == ["10086", "alice"]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({}, "source", "必填"),
        ({"source": "nobody"}, "source", "nobody"),
        ({"source": "picked"}, "accounts", "至少一个账户"),
        ({"source": "picked", "accounts": ["99"]}, "accounts", "不存在"),
        ({"source": "picked", "accounts": ["x"]}, "accounts", "编号"),
        ({"source": "pasted", "names": " ,\n"}, "names", "至少一个用户名"),
        ({"source": "pasted", "names": "a\0b"}, "names", "空"),
        ({"source": "file"}, "file", "请选择文件"),
        ({"source": "file", "file": ("a.pdf", b"%PDF")}, "file", "请上传CSV或XLSX文件"),
        ({"source": "file", "file": ("a.csv", b"")}, "file", "没有用户名"),
        ({"source": "file", "file": ("a.csv", b"\xff\xff\xff")}, "file", "编码"),
        ({"source": "file", "file": ("a.xlsx", b"no zip")}, "file", "已损坏"),
        ({"source": "file", "file": ("a.xlsx", b"PK\5\6" + b"\0" * 18)}, "file", "已损坏"),
    ],
)
def test_bad_input_is_an_error_beside_its_field(
    manager: Client, fields: dict[str, Any], field: str, says: str
) -> None:
    if isinstance(fields.get("file"), tuple):
        fields = fields | {"file": SimpleUploadedFile(*fields["file"])}
    answer = preview(manager, CouponFactory(), **fields)
    errors = answer.context["form"].errors
    assert list(errors) == [field]
    assert says in errors[field][0]
    assert says in answer.content.decode()
    assert "preview" not in answer.context


def test_a_coupon_whose_time_is_over_is_refused_in_the_preview(manager: Client) -> None:
    yesterday = timezone.localdate() - DAY
    coupon = CouponFactory(valid_begin_date=yesterday - DAY, valid_end_date=yesterday)
    AccountFactory()
    assert "有效期已过" in preview(manager, coupon, source="everyone").content.decode()


def test_only_who_may_issue_sees_the_page(manager: Client, course_manager: Client) -> None:
    coupon = CouponFactory()
    AccountFactory()
    token = preview(manager, coupon, source="everyone").context["token"]
    for url in (url_of(coupon), url_of(coupon, confirm=True)):
        assert course_manager.post(url, {"source": "everyone", "token": token}).status_code == 403
        assert Client().post(url).status_code == 302  # to the login
    assert not CouponRecord.objects.exists()


def test_a_coupon_that_is_not_there_is_not_found(manager: Client) -> None:
    for pk in ("99", "abc"):
        assert manager.get(f"/admin/api/coupon/{pk}/issue/").status_code == 404
        assert manager.post(f"/admin/api/coupon/{pk}/issue/confirm/").status_code == 404


def test_confirming_is_a_post(manager: Client) -> None:
    assert manager.get(url_of(CouponFactory(), confirm=True)).status_code == 405


def test_the_preview_says_which_column_of_the_file_was_read(manager: Client) -> None:
    AccountFactory(username="alice"), AccountFactory(username="小爱")
    file = SimpleUploadedFile("names.csv", "name,username\n小爱,alice\n".encode())
    shown = preview(manager, (coupon := CouponFactory()), source="file", file=file)
    assert "读取的列：username" in shown.content.decode()
    confirm(manager, coupon, shown.context["token"])
    assert holders(coupon) == ["alice"]


CHANGES = [
    {"money_equivalent_value": 41},
    {"coupon_type": 2, "off_percent": 79},
    {"coupon_type": 1, "minimum_consume": 500},
    {"valid_begin_date": timezone.localdate()},
    {"valid_end_date": timezone.localdate() + 8 * DAY},
    {"valid_begin_date": None, "valid_end_date": None, "coupon_valid_days": 7},
    {"object_id": 1},
]
CHANGED = "优惠券在预览后被修改，没有发放任何一张，请重新预览"


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: ",".join(change))
def test_a_coupon_that_was_changed_since_the_preview_is_not_issued(
    manager: Client, change: dict[str, Any]
) -> None:
    coupon = CouponFactory()
    AccountFactory()
    token = preview(manager, coupon, source="everyone").context["token"]
    Coupon.objects.filter(pk=coupon.pk).update(**change)
    (told,) = confirm(manager, coupon, token)
    assert told["error"].startswith(CHANGED)
    assert "预览时是" in told["error"]
    assert "现在是" in told["error"]
    assert not CouponRecord.objects.exists()
    assert not LogEntry.objects.exists()


TODAY = timezone.localdate()
SINGLE = [  # what a coupon has, and a change that leaves all but one of its terms as they are
    ({}, {"money_equivalent_value": 41}),
    ({"coupon_type": 0, "minimum_consume": 0}, {"coupon_type": 1}),
    ({"coupon_type": 1, "minimum_consume": 500}, {"minimum_consume": 501}),
    ({"coupon_type": 2, "off_percent": 79}, {"off_percent": 97}),
    ({"valid_begin_date": TODAY - DAY}, {"valid_begin_date": TODAY}),
    ({"valid_end_date": TODAY + DAY}, {"valid_end_date": TODAY + 2 * DAY}),
    (
        {"valid_begin_date": None, "valid_end_date": None, "coupon_valid_days": 7},
        {"coupon_valid_days": 8},
    ),
    ({"object_id": 1}, {"object_id": 2}),
]


@pytest.mark.parametrize(("has", "change"), SINGLE, ids=lambda fields: ",".join(fields))
def test_no_term_of_a_coupon_can_change_between_preview_and_issue(
    manager: Client, has: dict[str, Any], change: dict[str, Any]
) -> None:
    coupon = CouponFactory(**has)
    AccountFactory()
    token = preview(manager, coupon, source="everyone").context["token"]
    Coupon.objects.filter(pk=coupon.pk).update(**change)
    [said] = confirm(manager, coupon, token)
    assert said["error"].startswith(CHANGED)
    assert not CouponRecord.objects.exists()
    assert Coupon.objects.get().issued == 0


def test_a_coupon_that_is_changed_just_before_its_lock_is_not_issued() -> None:
    coupon, account = CouponFactory(), AccountFactory()
    seen = coupon.terms
    Coupon.objects.filter(pk=coupon.pk).update(money_equivalent_value=41)
    with pytest.raises(CouponChanged):
        list(issuing.issue(coupon.pk, Audience((account.pk,)), now=timezone.now(), terms=seen))
    assert holders(coupon) == []


def test_another_name_or_quantity_is_no_reason_to_preview_again(manager: Client) -> None:
    coupon, account = CouponFactory(), AccountFactory()
    token = preview(manager, coupon, source="everyone").context["token"]
    Coupon.objects.filter(pk=coupon.pk).update(name="双十二", quantity=7)
    assert confirm(manager, coupon, token)[-1]["issued"] == 1
    assert holders(coupon) == [account.username]


def test_the_page_of_a_coupon_that_is_over_says_so_and_asks_nothing(manager: Client) -> None:
    yesterday = timezone.localdate() - DAY
    coupon = CouponFactory(valid_begin_date=yesterday - DAY, valid_end_date=yesterday)
    page = manager.get(url_of(coupon)).content.decode()
    assert "有效期已过" in page
    assert "issue-form" not in page


def test_the_page_names_the_coupon_and_leads_back_to_it(manager: Client) -> None:
    coupon = CouponFactory(name="双十二")
    page = manager.get(url_of(coupon)).content.decode()
    assert "发放：双十二" in page
    assert f'href="/admin/api/coupon/{coupon.pk}/change/"' in page


def test_more_than_can_be_pasted_is_an_error_of_the_server_not_cut_off_by_the_browser(
    manager: Client,
) -> None:
    coupon = CouponFactory()
    AccountFactory(username="alice")
    assert "maxlength" not in manager.get(url_of(coupon)).content.decode()
    answer = preview(manager, coupon, source="pasted", names="alice" + "," * PASTED_MOST)
    assert answer.context["form"].errors == {"names": ["最多500000个字符，更多请上传文件"]}
    assert "preview" not in answer.context
    assert not CouponRecord.objects.exists()


# --- The right people -----------------------------------------------------------------------------


def received(browser: Client, **fields: Any) -> list[str]:
    """Who would get a new coupon, by the preview, and gets it."""
    coupon = CouponFactory()
    shown = preview(browser, coupon, **fields)
    assert confirm(browser, coupon, shown.context["token"])[-1]["issued"]
    assert sorted(shown.context["preview"].receiver_names) == holders(coupon)
    for name in holders(coupon):
        assert escape(name) in shown.content.decode()
    return holders(coupon)


@pytest.mark.parametrize(
    ("names", "reached"),
    [
        ("li lei", ["li lei"]),
        ("  li lei\t", ["li lei"]),
        ("alex eric", ["alex", "eric"]),
        ("li,lei", ["lei", "li"]),
        ("li lei,alex", ["alex", "li lei"]),
        ("alex；li lei、eric", ["alex", "eric", "li lei"]),
        ("alex li lei eric", ["alex", "eric", "li lei"]),
        ("a,b;c", ["a,b;c"]),
        ("li\nlei", ["lei", "li"]),
        ("\u200bli lei", ["li lei"]),
        ("alex,", ["alex"]),
    ],
)
def test_a_line_is_split_only_where_nobody_is_called_so(
    manager: Client, names: str, reached: list[str]
) -> None:
    for name in ("li lei", "li", "lei", "alex", "eric", "a,b;c", "a", "b", "c"):
        AccountFactory(username=name)
    assert received(manager, source="pasted", names=names) == reached


def test_what_is_split_takes_few_queries(manager: Client) -> None:
    coupon = CouponFactory()
    AccountFactory(username="li lei")
    with CaptureQueriesContext(connection) as few:
        preview(manager, coupon, source="pasted", names="a b")
    with CaptureQueriesContext(connection) as many:
        preview(manager, coupon, source="pasted", names="a b c d e f g\n" * 300)
    assert len(many) == len(few)


def csv_of(*names: str) -> SimpleUploadedFile:
    lines = b"".join(exporting.csv_lines(["用户名"], [[name] for name in names]))
    return SimpleUploadedFile("export.csv", lines)


def test_an_export_uploaded_again_reaches_the_same_people(manager: Client) -> None:
    names = ["+8613800138000", "@alice", "-bob", "=1+1", "carol"]
    for name in names:
        AccountFactory(username=name)
    assert b"'+86" in csv_of(*names).read()
    assert received(manager, source="file", file=csv_of(*names)) == sorted(names)


def test_a_name_that_may_be_either_of_two_accounts_is_refused(manager: Client) -> None:
    for name in ("'+86", "+86"):
        AccountFactory(username=name)
    coupon = CouponFactory()
    answer = preview(manager, coupon, source="file", file=csv_of("+86"))
    assert "无法确定是哪一个" in answer.context["form"].errors["file"][0]
    assert not holders(coupon)


def test_a_name_with_invisible_characters_is_its_account(manager: Client) -> None:
    AccountFactory(username="alice")
    assert received(manager, source="file", file=csv_of("\u200balice\ufeff")) == ["alice"]


def test_the_preview_says_where_the_names_were_read_and_what_was_left_out(manager: Client) -> None:
    AccountFactory(username="alice")
    book = Workbook()
    for row in (("名单",), ("姓名", "用户名（必填）"), ("小爱", "alice"), ("小波", "bob")):
        book.active.append(row)
    book.active.row_dimensions[4].hidden = True
    file = io.BytesIO()
    book.save(file)
    uploaded = SimpleUploadedFile("a.xlsx", file.getvalue())
    page = preview(manager, CouponFactory(), source="file", file=uploaded).content.decode()
    assert "工作表“Sheet”，B列，标题在第2行" in page
    assert "隐藏的1行没有读取" in page
    assert "标题上面的1行没有读取" in page


def test_the_first_receivers_of_everybody_are_named(manager: Client) -> None:
    coupon = CouponFactory(quantity=500)
    held = CouponRecordFactory(coupon=coupon)
    AccountFactory.create_batch(120)
    seen = preview(manager, coupon, source="everyone").context["preview"]
    assert len(seen.receiver_names) == 100
    assert held.account.username not in seen.receiver_names
    seen = preview(manager, coupon, source="everyone", again="on").context["preview"]
    assert held.account.username in seen.receiver_names


# --- Of use to somebody ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["degree", "deleted", "untyped"])
def test_a_coupon_that_nobody_can_ever_use_is_not_issued(manager: Client, kind: str) -> None:
    bound = degree() if kind == "degree" else course()
    coupon = CouponFactory(content_object=bound)
    if kind == "untyped":
        Coupon.objects.update(content_type=None)
    if kind != "degree":
        bound.delete()
    AccountFactory()
    page = manager.get(url_of(coupon)).content.decode()
    assert "没有人能使用" in page
    assert "issue-form" not in page
    assert "没有人能使用" in preview(manager, coupon, source="everyone").content.decode()
    with pytest.raises(OfNoUse):
        issue(coupon, EVERYBODY)
    assert not CouponRecord.objects.exists()


def test_a_course_deleted_after_the_preview_stops_it(manager: Client) -> None:
    bound = course()
    coupon = CouponFactory(content_object=bound)
    AccountFactory()
    token = preview(manager, coupon, source="everyone").context["token"]
    bound.delete()
    assert "没有人能使用" in confirm(manager, coupon, token)[-1]["error"]
    assert not CouponRecord.objects.exists()


@pytest.mark.parametrize("status", [1, 2])
def test_a_coupon_of_a_course_that_is_not_online_is_issued_after_a_warning(
    manager: Client, status: int
) -> None:
    coupon = CouponFactory(content_object=CourseFactory(name="旧课", status=status))
    CouponRecordFactory(coupon=coupon)
    page = manager.get(url_of(coupon)).content.decode()
    assert "绑定的课程“旧课”没有上线" in page
    assert "未使用的有1张" in page
    AccountFactory()
    shown = preview(manager, coupon, source="everyone")
    assert "没有上线" in shown.content.decode()
    assert confirm(manager, coupon, shown.context["token"])[-1]["issued"] == 1
