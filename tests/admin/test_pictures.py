"""Pictures at the desk: shown, uploaded, and nothing kept that is none."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from api.models import Course
from api.rules.pictures import MOST_BYTES
from tests.admin.rows import course
from tests.admin.test_courses import course_fields
from tests.support.pictures import JPEG, PNG, SVG, WEBP, upload

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ADD = "/admin/api/course/add/"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT  # type: ignore[no-any-return]  # the settings have no types


def kept(media: Path) -> list[Path]:
    return [file for file in media.rglob("*") if file.is_file()]


@pytest.mark.parametrize(("content", "suffix"), [(JPEG, ".jpg"), (PNG, ".png"), (WEBP, ".webp")])
def test_an_uploaded_picture_is_kept_and_the_course_holds_its_name(
    course_manager: Client, media: Path, content: bytes, suffix: str
) -> None:
    file = upload(content, "../../etc/爬 虫.exe")
    course_manager.post(ADD, course_fields(course_img="", course_img_file=file))

    name = Course.objects.get().course_img
    assert name.startswith("pictures/")
    assert name.endswith(suffix)
    assert (media / name).read_bytes() == content
    assert len(kept(media)) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (SVG, "这个文件不是JPEG、PNG或WebP图片"),
        (b"GIF89a" + bytes(20), "这个文件不是JPEG、PNG或WebP图片"),
        (b"RIFF\x1a\x00\x00\x00WAVEfmt " + bytes(20), "这个文件不是JPEG、PNG或WebP图片"),
        (b"", "这个文件不是JPEG、PNG或WebP图片"),
        (PNG + bytes(MOST_BYTES + 1 - len(PNG)), "图片有2.0 MB，最多2 MB"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused_beside_its_field_and_not_kept(
    course_manager: Client, media: Path, content: bytes, says: str
) -> None:
    answer = course_manager.post(ADD, course_fields(course_img_file=upload(content)))

    assert says in answer.content.decode()
    assert "photo.png" not in answer.content.decode()  # of the form; the text stays what it was
    assert not Course.objects.exists()
    assert kept(media) == []


def test_the_largest_picture_is_taken(course_manager: Client, media: Path) -> None:
    content = PNG + bytes(MOST_BYTES - len(PNG))
    course_manager.post(ADD, course_fields(course_img_file=upload(content)))
    assert (media / Course.objects.get().course_img).stat().st_size == MOST_BYTES


def test_a_picture_is_not_kept_where_the_form_is_wrong_otherwise(
    course_manager: Client, media: Path
) -> None:
    course_manager.post(ADD, course_fields(name="", course_img_file=upload(PNG)))
    assert not Course.objects.exists()
    assert kept(media) == []


def test_the_same_picture_is_kept_once_and_another_takes_nothing_away(
    course_manager: Client, media: Path
) -> None:
    for name in ("一", "二"):
        course_manager.post(ADD, course_fields(name=name, course_img_file=upload(PNG)))
    first = Course.objects.earliest("pk")
    course_manager.post(
        f"/admin/api/course/{first.pk}/change/",
        course_fields(name="一", course_img=first.course_img, course_img_file=upload(JPEG)),
    )
    names = set(Course.objects.values_list("course_img", flat=True))
    assert len(names) == 2
    assert {str(file.relative_to(media)) for file in kept(media)} == names


def test_a_course_may_have_no_picture_or_one_named_by_hand(
    course_manager: Client, media: Path
) -> None:
    for name, img in (("一", ""), ("二", "https://img.example.com/2.jpg")):
        course_manager.post(ADD, course_fields(name=name, course_img=img))
        assert Course.objects.get(name=name).course_img == img
    assert kept(media) == []


def test_a_folder_that_cannot_be_written_to_is_told_beside_the_field(
    course_manager: Client, media: Path
) -> None:
    media.write_text("no folder")
    answer = course_manager.post(ADD, course_fields(course_img_file=upload(PNG)))
    assert "图片没有保存：服务器现在不能写入文件" in answer.content.decode()
    assert not Course.objects.exists()


def test_whoever_may_only_look_sees_the_picture_and_uploads_none(
    manager: Client, media: Path
) -> None:
    shown = course()
    Course.objects.filter(pk=shown.pk).update(course_img="爬虫.jpg")
    for path in ("", f"{shown.pk}/change/"):
        page = manager.get(f"/admin/api/course/{path}").content.decode()
        assert page.count('src="/media/%E7%88%AC%E8%99%AB.jpg"') == 1
        assert 'type="file"' not in page

    fields = course_fields(course_img_file=upload(PNG))
    answer = manager.post(f"/admin/api/course/{shown.pk}/change/", fields)

    assert answer.status_code == 403
    assert kept(media) == []


def test_a_picture_of_another_host_is_named_and_not_loaded(course_manager: Client) -> None:
    shown = course()
    Course.objects.filter(pk=shown.pk).update(course_img="https://img.example.com/1.jpg")
    for path in ("", f"{shown.pk}/change/"):
        page = course_manager.get(f"/admin/api/course/{path}").content.decode()
        assert "https://img.example.com/1.jpg" in page
        assert 'src="https://img' not in page


@pytest.mark.parametrize("model", ["degreecourse", "teacher", "article"])
def test_degrees_teachers_and_articles_take_pictures_too(chief: Client, model: str) -> None:
    page = chief.get(f"/admin/api/{model}/add/").content.decode()
    assert 'accept="image/jpeg,image/png,image/webp"' in page
    assert 'enctype="multipart/form-data"' in page


def test_a_developer_s_desk_without_pictures_asks_for_none(
    chief: Client, settings: Any, media: Path
) -> None:
    settings.DEBUG, address = True, f"/admin/api/course/{course().pk}/change/"
    for url in (address, "/admin/api/course/"):
        assert "<img" not in chief.get(url).content.decode()
    media.mkdir()
    for url in (address, "/admin/api/course/"):
        assert 'src="/media/course.jpg"' in chief.get(url).content.decode()
