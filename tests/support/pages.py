"""What a browser would send from a page."""

from html.parser import HTMLParser
from typing import Any


class _Form(HTMLParser):
    """Collects the fields of the form whose id ends with `_form`, or is `id`."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside = form_id, False
        self.fields: dict[str, Any] = {}
        self.select = self.area = ""
        self.many = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = dict(attrs)
        if tag == "form":
            self.inside = str(have.get("id", "")).endswith(self.form_id)
        name = have.get("name")
        if not self.inside or (tag != "option" and (not name or "disabled" in have)):
            return
        if tag == "input":
            self._input(str(name), have)
        elif tag == "textarea":
            self.area = str(name)
            self.fields[self.area] = ""
        elif tag == "select":
            self.select, self.many = str(name), "multiple" in have
            self.fields.setdefault(self.select, [] if self.many else "")
        elif tag == "option" and self.select and "selected" in have:
            chosen = have.get("value") or ""
            self.fields[self.select] = [*self.fields[self.select], chosen] if self.many else chosen

    def _input(self, name: str, have: dict[str, str | None]) -> None:
        kind = have.get("type", "text")
        if kind in ("submit", "button", "file") or (
            kind in ("checkbox", "radio") and "checked" not in have
        ):
            return
        self.fields[name] = have.get("value") or ("on" if kind == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        elif tag == "select":
            self.select = ""
        elif tag == "form":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.area:
            # A browser leaves out the line end that stands right behind the tag.
            self.fields[self.area] += data


def form_of(page: str, form_id: str = "_form") -> dict[str, Any]:
    """The fields of a page's form with what they hold, as a browser sends them."""
    parser = _Form(form_id)
    parser.feed(page)
    return {
        name: value.removeprefix("\r\n").removeprefix("\n") if isinstance(value, str) else value
        for name, value in parser.fields.items()
        if "__prefix__" not in name
    }
