"""A course's picture, from the desk to the shop."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from api.models import Course
from tests.browser.conftest import PASSWORD, log_in
from tests.support.pictures import PNG
from tests.support.shop_front import course

pytestmark = pytest.mark.django_db(transaction=True)
# Once it has come; where it cannot be shown, the promise is rejected.
LOADED = "picture => picture.decode().then(() => picture.naturalWidth > 0)"


def test_a_picture_that_is_uploaded_at_the_desk_is_seen_there_and_in_the_shop(
    page: Any, manager: User, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    User.objects.update(is_superuser=True)
    made = course("爬虫", 99.0)
    log_in(page, PASSWORD)
    page.wait_for_url("**/admin/")
    page.goto(f"/admin/api/course/{made.pk}/change/")
    photo = tmp_path / "photo.png"
    photo.write_bytes(PNG)
    page.locator("[name=course_img_file]").set_input_files(photo)
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url("**/course/")
    assert Course.objects.get().course_img.startswith("pictures/")
    assert page.locator("#result_list img.picture").evaluate(LOADED)

    page.goto(f"/admin/api/course/{made.pk}/change/")
    assert page.get_by_alt_text("现在的图片").evaluate(LOADED)

    page.goto("/")
    cover = page.locator("a.course img")
    cover.wait_for()
    assert cover.evaluate(LOADED)
