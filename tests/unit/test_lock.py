"""What is deployed (requirements.lock) beside what is asked for (requirements.txt)."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def asked_for() -> set[tuple[str, str]]:
    return {named(pin) for pin in PIN.finditer((ROOT / "requirements.txt").read_text())}


def locked() -> Iterator[tuple[tuple[str, str], str]]:
    """Each package with all that the lock says of it."""
    text = (ROOT / "requirements.lock").read_text()
    pins = list(PIN.finditer(text))
    ends = [pin.start() for pin in pins[1:]] + [len(text)]
    for pin, end in zip(pins, ends, strict=True):
        yield named(pin), text[pin.start() : end]


def named(pin: re.Match[str]) -> tuple[str, str]:
    return re.sub(r"[-_.]+", "-", pin[1]).lower(), pin[2]


def test_the_lock_is_not_older_than_what_is_asked_for() -> None:
    """`make lock` writes it anew."""
    for_us = {package for package, said in locked() if "-r requirements.txt" in said}

    assert len(for_us) > 15  # they are found
    assert for_us == asked_for()


def test_every_package_of_the_lock_has_hashes() -> None:
    assert [package for package, said in locked() if "--hash=sha256:" not in said] == []
