"""Which names are read out of a file: the column, whatever program has written it."""

import csv
import io
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from utils.spreadsheets import names as name_files
from utils.spreadsheets.names import NameFile, UnreadableNames


def read(content: bytes | str, name: str = "names.csv") -> NameFile:
    encoded = content.encode() if isinstance(content, str) else content
    return name_files.uploaded(io.BytesIO(encoded), name, len(encoded))


# --- The column -----------------------------------------------------------------------------------


def test_the_promised_heading_goes_before_likely_ones_to_its_left() -> None:
    assert read("用户,用户名\n小爱,alice\n") == (["alice"], "用户名")
    assert read("account,Username\n小爱,alice\n") == (["alice"], "Username")


def test_a_column_headed_name_holds_persons_not_accounts() -> None:
    assert read("id,name,username\n7,小爱,alice\n") == (["alice"], "username")
    assert read("7,name\nalice,小爱\n") == (["7", "alice"], "第1列")


def test_a_likely_heading_is_taken_where_the_promised_one_is_missing() -> None:
    assert read("姓名,账号\n小爱,alice\n") == (["alice"], "账号")


def test_blank_rows_above_the_heading_are_passed_over() -> None:
    assert read("\r\n,\r\n姓名,用户名\r\n小爱,alice\r\n") == (["alice"], "用户名")


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_a_text_file_is_divided_as_its_first_line_is(mark: str) -> None:
    lines = [["姓名", "用户名", "备注"], ["小爱", "alice", "a,b"], ["小波", "bob", "a;b\tc"]]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=mark).writerows(lines)
    assert read(file.getvalue()) == (["alice", "bob"], "用户名")


def test_excels_unicode_text_is_read() -> None:
    content = "姓名\t用户名\r\n小爱\talice\r\n".encode("utf-16")
    assert read(content, "names.txt") == (["alice"], "用户名")


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


def test_a_formula_is_found_across_the_border_of_two_reads(tmp_path: Path) -> None:
    for length in range(20):
        file = tmp_path / f"{length}.xlsx"
        with ZipFile(file, "w") as package:
            package.writestr(
                "xl/worksheets/sheet1.xml", "x" * (1024 * 1024 - length) + "<x:f a=''>"
            )
        with ZipFile(file) as package:
            assert name_files._has_formulas(package)
