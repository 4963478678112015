"""What people wrote is text on every page of the desk, whatever it looks like."""

import re

import pytest
from django.contrib.auth.models import Group
from django.db.models import CharField, Model, TextField
from django.test import Client
from django.urls import reverse

from tests.admin.rows import MAKERS, degree
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory

pytestmark = pytest.mark.django_db
MARKUP = '"><img src=x onerror=alert(1)>'
EVERY_MODEL = pytest.mark.parametrize(
    "model", sorted(MAKERS, key=lambda model: model.__name__), ids=lambda model: model.__name__
)


def is_harmless(page: str) -> bool:
    return not re.search(r"<img src=x", page)


def marked_up(row: Model) -> None:
    """Writes it into every text of the row that it fits into."""
    texts = {
        field.name: f"{MARKUP}{row.pk}"
        for field in row._meta.concrete_fields
        if isinstance(field, (CharField, TextField))
        and not field.choices
        and (field.max_length or 1_000) > len(MARKUP) + 5
        and field.name not in {"token", "password"}
    }
    if texts:
        type(row)._base_manager.filter(pk=row.pk).update(**texts)


def mark_up_everything() -> None:
    for model in (*MAKERS, Group):
        for row in model._base_manager.all():
            marked_up(row)


@pytest.mark.slow
@EVERY_MODEL
def test_no_page_of_a_row_runs_what_is_written_in_it_or_around_it(
    chief: Client, model: type[Model]
) -> None:
    row = MAKERS[model]()
    mark_up_everything()
    name = f"admin:api_{model._meta.model_name}_"
    urls = [reverse(f"{name}changelist"), reverse(f"{name}add")]
    urls += [reverse(f"{name}{page}", args=[row.pk]) for page in ("change", "history", "delete")]
    for url in urls:
        assert is_harmless(chief.get(url, follow=True).content.decode()), url


def test_the_form_of_a_coupon_names_what_it_is_bound_to_as_text(manager: Client) -> None:
    bound = degree()
    marked_up(bound)
    coupon = CouponFactory(content_object=bound)
    page = manager.get(f"/admin/api/coupon/{coupon.pk}/change/").content.decode()
    assert is_harmless(page)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "已绑定" in page


def test_home_and_issuing_show_names_as_text(manager: Client) -> None:
    record = CouponRecordFactory(coupon=CouponFactory(content_object=degree()), status=1)
    mark_up_everything()
    assert is_harmless(manager.get("/admin/").content.decode())
    url = f"/admin/api/coupon/{record.coupon_id}/issue/"
    assert is_harmless(manager.get(url).content.decode())
    fields = {"source": "pasted", "names": f"{MARKUP}\n{record.account.username}"}
    assert is_harmless(manager.post(url, fields).content.decode())


def test_a_message_is_text(chief: Client, manager: Client) -> None:
    account = AccountFactory(username=f"{MARKUP}")
    chief.post(f"/admin/api/account/{account.pk}/revoke_token/", {"_form_submitted": "True"})
    answer = chief.get("/admin/api/account/")
    assert [str(message) for message in answer.context["messages"]] == [f"{MARKUP} 没有Token。"]
    assert is_harmless(answer.content.decode())
    answer = manager.get("/admin/api/couponrecord/", {"q": MARKUP})
    assert is_harmless(answer.content.decode())
