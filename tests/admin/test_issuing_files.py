"""Which names are read out of a file: the column, whatever program has written it."""

import csv
import datetime as dt
import io
import re
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from utils.spreadsheets import names as name_files
from utils.spreadsheets.names import NameFile, UnreadableNames


def read(content: bytes | str, name: str = "names.csv") -> NameFile:
    encoded = content.encode() if isinstance(content, str) else content
    return name_files.uploaded(io.BytesIO(encoded), name, len(encoded))


def names_and_column(file: NameFile) -> tuple[list[str], str]:
    return file.names, file.column


# --- The column -----------------------------------------------------------------------------------


def test_the_promised_heading_goes_before_likely_ones_to_its_left() -> None:
    assert names_and_column(read("用户,用户名\n小爱,alice\n")) == (["alice"], "用户名")
    assert names_and_column(read("account,Username\n小爱,alice\n")) == (["alice"], "Username")


def test_a_column_headed_name_holds_persons_not_accounts() -> None:
    assert names_and_column(read("id,name,username\n7,小爱,alice\n")) == (["alice"], "username")
    assert names_and_column(read("7,name\nalice,小爱\n")) == (["7", "alice"], "第1列")


def test_a_likely_heading_is_taken_where_the_promised_one_is_missing() -> None:
    assert names_and_column(read("姓名,账号\n小爱,alice\n")) == (["alice"], "账号")


def test_blank_rows_above_the_heading_are_passed_over() -> None:
    assert names_and_column(read("\r\n,\r\n姓名,用户名\r\n小爱,alice\r\n")) == (["alice"], "用户名")


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_a_text_file_is_divided_as_its_first_line_is(mark: str) -> None:
    lines = [["姓名", "用户名", "备注"], ["小爱", "alice", "a,b"], ["小波", "bob", "a;b\tc"]]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=mark).writerows(lines)
    assert names_and_column(read(file.getvalue())) == (["alice", "bob"], "用户名")


def test_excels_unicode_text_is_read() -> None:
    content = "姓名\t用户名\r\n小爱\talice\r\n".encode("utf-16")
    assert names_and_column(read(content, "names.txt")) == (["alice"], "用户名")


# --- Sheets ---------------------------------------------------------------------------------------


def xlsx(*rows: tuple[Any, ...], number_format: str = "General") -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for cell in book.active["A"]:
        cell.number_format = number_format
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def saved_by_excel(content: bytes, result: str) -> bytes:
    """The formula's result put where a spreadsheet program saves it."""
    changed = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(changed, "w") as new:
        for part in old.namelist():
            text = old.read(part)
            if part == "xl/worksheets/sheet1.xml":
                text, found = re.subn(
                    rb'<c r="(\w+)"><f>(.*?)</f><v ?/>',
                    rb'<c r="\1" t="str"><f>\2</f><v>%s</v>' % result.encode(),
                    text.replace(b"<v></v>", b"<v/>"),
                )
                assert found
            new.writestr(part, text)
    return changed.getvalue()


def test_a_number_is_read_as_its_zero_padded_format_shows_it() -> None:
    rows = (("用户名",), (123,), (123.0,), (1234567,), ("a1",))
    names = ["00123", "00123", "1234567", "a1"]
    assert read(xlsx(*rows, number_format="00000"), "a.xlsx").names == names
    assert read(xlsx(*rows), "a.xlsx").names == ["123", "123", "1234567", "a1"]


def test_a_formula_without_a_saved_result_is_an_error_that_names_its_row() -> None:
    content = xlsx(("用户名",), ("alice",), (None,), ('="b"&"ob"',))
    with pytest.raises(UnreadableNames, match="第4行的用户名是公式"):
        read(content, "a.xlsx")


def test_a_formula_is_read_by_its_saved_result() -> None:
    content = saved_by_excel(xlsx(("用户名",), ('="b"&"ob"',)), "bob")
    assert read(content, "a.xlsx").names == ["bob"]


def test_a_formula_whose_result_is_empty_is_an_empty_cell() -> None:
    content = saved_by_excel(xlsx(("用户名",), ("alice",), ('=""',)), "")
    assert read(content, "a.xlsx").names == ["alice"]


def test_formulas_in_other_columns_do_not_matter() -> None:
    content = xlsx(("用户名", "合计"), ("alice", "=1+1"), (None, "=2+2"))
    assert read(content, "a.xlsx").names == ["alice"]


# --- Headings that people write -------------------------------------------------------------------


@pytest.mark.parametrize(
    "heading",
    [
        "用户名（必填）",
        "*用户名",
        "＊用户名",
        "用户名*",
        "用户名：",
        "\u200b用户名\ufeff",
        " 用 户 名 ",
        "【必填】用户名",
        "USERNAME",
        "User Name",
        "user_name",
        "ｕｓｅｒｎａｍｅ",
    ],
)
def test_a_heading_is_found_however_it_is_decorated(heading: str) -> None:
    assert read(f"姓名,{heading}\n小爱,alice\n").names == ["alice"]
    assert read(xlsx(("姓名", heading), ("小爱", "alice")), "a.xlsx").names == ["alice"]


def test_a_title_above_the_heading_is_passed_over_and_that_is_said() -> None:
    rows = (
        ("十一月发放名单",),
        ("制表：王", None, "2026"),
        ("序号", "姓名", "用户名"),
        (1, "小爱", "alice"),
    )
    found = read(xlsx(*rows), "a.xlsx")
    assert names_and_column(found) == (["alice"], "用户名")
    assert "标题在第3行" in found.where
    assert "标题上面的2行没有读取" in found.left_out
    assert read("名单\n\n用户名\nalice\n").names == ["alice"]
    assert read("名单,\n姓名,账号\n小爱,alice\n").names == ["alice"]


def test_an_account_that_is_called_like_a_heading_is_no_heading() -> None:
    assert read("alice\nuser\nusername\nbob\n").names == ["alice", "user", "username", "bob"]


def test_a_heading_far_down_is_a_name() -> None:
    rows = "".join(f"u{number}\n" for number in range(10))
    assert len(read(f"{rows}用户名\nalice\n").names) == 12


# --- What is hidden -------------------------------------------------------------------------------


def edited(edit: Any, *rows: tuple[Any, ...]) -> NameFile:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    edit(book)
    file = io.BytesIO()
    book.save(file)
    return read(file.getvalue(), "a.xlsx")


NAMES = (("用户名",), ("alice",), ("bob",), ("carol",))


def test_hidden_rows_are_left_out_and_that_is_said() -> None:
    def hide(book: Workbook) -> None:
        book.active.row_dimensions[3].hidden = True

    found = edited(hide, *NAMES)
    assert (found.names, found.left_out) == (["alice", "carol"], ("隐藏的1行没有读取",))


def test_rows_of_no_height_are_hidden() -> None:
    book, flat = Workbook(), io.BytesIO()
    for row in NAMES:
        book.active.append(row)
    book.active.row_dimensions[2].height = 77
    book.save(file := io.BytesIO())
    with ZipFile(file) as old, ZipFile(flat, "w") as new:
        for part in old.namelist():
            new.writestr(part, old.read(part).replace(b'ht="77"', b'ht="0"'))
    assert read(flat.getvalue(), "a.xlsx").names == ["bob", "carol"]


def test_where_rows_are_hidden_by_default_those_that_are_shown_are_read() -> None:
    def hide(book: Workbook) -> None:
        book.active.sheet_format.zeroHeight = True
        for row in (1, 4):
            book.active.row_dimensions[row].height = 15

    assert edited(hide, *NAMES).names == ["carol"]


def test_a_hidden_column_is_left_out_and_that_is_said() -> None:
    def hide(book: Workbook) -> None:
        book.active.column_dimensions["A"].hidden = True

    found = edited(hide, ("用户名", "账号"), ("alice", "alice2"))
    assert names_and_column(found) == (["alice2"], "账号")
    assert found.left_out == ("隐藏的列没有读取：A列",)
    assert edited(hide, ("alice", "bob"), ("carol", "dave")).names == ["bob", "dave"]


def test_several_columns_hidden_together_are_all_left_out() -> None:
    def hide(book: Workbook) -> None:
        book.active.column_dimensions.group("A", "B", hidden=True)

    assert edited(hide, ("用户名", "username", "账号"), ("a", "b", "c")).names == ["c"]


def test_a_hidden_sheet_is_left_out_and_that_is_said() -> None:
    def hide(book: Workbook) -> None:
        book.active.title = "旧名单"
        book.active.sheet_state = "hidden"
        for title, name in (("新名单", "dave"), ("其他", "eve")):
            book.create_sheet(title).append((name,))
        book.active = 1

    found = edited(hide, *NAMES)
    assert found.names == ["dave"]
    assert "工作表“新名单”" in found.where
    assert found.left_out == ("其他工作表没有读取：其他", "隐藏的工作表没有读取：旧名单")


def test_a_file_in_which_nothing_is_left_says_what_was_left_out() -> None:
    def hide(book: Workbook) -> None:
        for row in (2, 3, 4):
            book.active.row_dimensions[row].hidden = True

    with pytest.raises(UnreadableNames, match="没有用户名；隐藏的3行没有读取"):
        edited(hide, *NAMES)


# --- What a cell shows ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number_format"),
    [
        (123, '"u"0000'),
        (123, "0.00"),
        (1234, "#,##0"),
        (123, ";;;"),
        (123, "yyyy-mm-dd"),
        (0.5, "0%"),
        ("123", '"u"@'),
        ("alice", ";;;"),
        (True, "General"),
        (-5, "00000"),
        (1.5, "0"),
        (10**15, "General"),
        (123, "0.0E+00"),
        (123, "[>100]0;General"),
        (dt.date(2026, 11, 26), "General"),
        ("#N/A", "General"),
    ],
)
def test_a_cell_that_may_show_something_else_is_refused_with_its_row(
    value: Any, number_format: str
) -> None:
    def change(book: Workbook) -> None:
        cell = book.active["A4"]
        cell.value = value
        if number_format != "General":
            cell.number_format = number_format

    with pytest.raises(UnreadableNames, match="第4行的用户名"):
        edited(change, *NAMES)


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (123, "0", "123"),
        (123, "0_ ", "123"),
        (7, "0000", "0007"),
        (123, "@", "123"),
        (123, "#,##0", "123"),
        (13800138000, "General", "13800138000"),
        (123, "0_);[Red]\\(0\\)", "123"),
        ("0123", "@", "0123"),
        ("u1", "0.00", "u1"),
        (1.5, "General", "1.5"),
        (0, "0", "0"),
    ],
)
def test_a_cell_that_shows_its_value_is_read(value: Any, number_format: str, shown: str) -> None:
    def change(book: Workbook) -> None:
        book.active["A4"].value, book.active["A4"].number_format = value, number_format

    assert edited(change, *NAMES).names == ["alice", "bob", shown]


def test_what_the_other_columns_show_does_not_matter() -> None:
    assert read(xlsx(("用户名", "日期"), ("alice", dt.date(2026, 1, 1))), "a.xlsx").names == [
        "alice"
    ]
