"""Fields that hold a picture: shown in list and form, uploaded there, or named by hand."""

from typing import Any

from django import forms
from django.contrib.admin import display
from django.contrib.admin.options import BaseModelAdmin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Field
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from api.admin.desk.forms import DeskForm
from api.services import pictures

NOT_KEPT = "图片没有保存：服务器现在不能写入文件。请稍后再试，或联系管理员。"
HELP = "上传JPEG、PNG或WebP图片，最大2 MB；也可以直接填写图片的路径或网址。"


class PictureInput(forms.MultiWidget):
    """The picture as it is, a text that holds its name, and a file to take its place."""

    template_name = "admin/picture_input.html"

    def __init__(self, attrs: Any = None) -> None:
        text = UnfoldAdminTextInputWidget()
        file = UnfoldAdminFileFieldWidget({"accept": "image/jpeg,image/png,image/webp"})
        super().__init__({"": text, "file": file}, attrs)

    def decompress(self, value: Any) -> list[Any]:
        return [value, None]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The file where there is one, otherwise the text."""
        return files.get(f"{name}_file") or data.get(name)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}_file" not in files

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0" if id_ else id_

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["picture"] = pictures.address_of(str(value or ""))
        return context


class PictureField(forms.CharField):
    """A text; an uploaded picture becomes its name. Whoever saves the form keeps the file."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "required": False, "widget": PictureInput, "help_text": HELP})

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, UploadedFile):
            return super().to_python(value)
        try:
            return pictures.name_of(value)
        except pictures.NotAPicture as error:
            raise ValidationError(str(error), code="picture") from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        # A browser does not send a file again: the form that comes back has the saved name.
        return initial if isinstance(data, UploadedFile) else data


class PictureForm(DeskForm):
    def clean(self) -> Any:
        """Keeps the files where nothing else is wrong with the form. A file whose row is then not
        saved after all lies there unused, under a name of its own."""
        data = super().clean()
        for name, field in self.fields.items():
            file = self.files.get(f"{self.add_prefix(name)}_file")
            if not isinstance(field, PictureField) or not file or self.errors:
                continue
            try:
                pictures.keep(file, self.cleaned_data[name])
            except OSError:
                self.add_error(name, NOT_KEPT)
        return data


class WithPictures(BaseModelAdmin[Any]):
    """For an admin whose rows have such a field; who may only look sees the picture too."""

    form = PictureForm
    picture_field: str

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == self.picture_field:
            kwargs["form_class"] = PictureField
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fields
        asked = [one for one in fields if one != "picture"]  # Django adds what is only read
        return ["picture" if one == self.picture_field else one for one in asked]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fields
        return [*fields, "picture"]

    @display(description="图片")
    def picture(self, row: Any) -> SafeString | str:
        """The picture, small; the text, where it cannot be shown here."""
        name = getattr(row, self.picture_field)
        address = pictures.address_of(name)
        if not address:
            return str(name) or "—"
        return format_html('<img class="picture" src="{}" alt="" loading="lazy">', address)
