"""Which names are read out of a file: the column, whatever program has written it."""

import io

from api.services import name_files
from api.services.name_files import NameFile


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
