"""What the environment, or a `.env` file beside manage.py, says. A value that cannot work stops the
start with a sentence that says what to set."""

import io
import re
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from utils.environment import whole_number

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = BASE_DIR / "var"

LARGEST_NUMBER = 10**9  # 31 years in seconds; Redis fails half-way through a write on far more
LONGEST_WAIT = 2_000_000  # seconds; sockets and PostgreSQL count milliseconds in 31 bits


# django-environ has no types.
class Environment(environ.Env):  # type: ignore[misc]
    """django-environ's, where `$OTHER` stands for what the variable OTHER holds."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        if var in self.ENVIRON and self.ENVIRON[var].startswith("$"):
            other = self.ENVIRON[var].lstrip("$")
            if other == var or other not in self.ENVIRON:
                raise ImproperlyConfigured(  # without what follows: a secret may begin with $
                    f"{var} begins with $, and so stands for another variable, which is not set. "
                    "Let it begin with another character."
                )
        return super().get_value(var, *args, **options)

    def verbatim(self, var: str, default: str = "") -> str:
        """What the variable holds, as it stands there, whatever it begins with."""
        value: str = self.ENVIRON.get(var, default)
        return value


def read_file(file: Path) -> None:
    """Puts what the file says into the environment, which wins where both name a variable. Raises
    ImproperlyConfigured for what cannot be read, and never repeats a line: it may be a secret."""
    try:
        text = file.read_text("utf-8-sig")  # some editors put a mark before the first line
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{file} must be saved as UTF-8.") from None
    except OSError as error:
        raise ImproperlyConfigured(f"ENV_FILE: {file} cannot be read: {error.strerror}.") from None
    lines = [line.strip() for line in text.splitlines()]
    for number, line in enumerate(lines, 1):
        understood = re.match(r"(export )?[A-Za-z_0-9]+=|#|$", line)
        if not understood or "\0" in line:
            raise ImproperlyConfigured(f"{file}, line {number}: must be as in NAME=value.")
    env.read_env(io.StringIO("\n".join(lines)))


env = Environment()
if _named := env.verbatim("ENV_FILE"):
    read_file(Path(_named))
elif (BASE_DIR / ".env").exists():
    read_file(BASE_DIR / ".env")

ON, OFF = {"on", "true", "yes", "1"}, {"off", "false", "no", "0"}


def number(name: str, default: int, *, at_least: int = 0, at_most: int = LARGEST_NUMBER) -> int:
    """The whole number in the environment variable `name`."""
    text: str = env.str(name, default=str(default))
    return whole_number(name, text, at_least=at_least, at_most=at_most)


def switch(name: str, default: bool) -> bool:
    """Whether the environment variable `name` says on. Anything else than on or off
    is refused: a typing error must not switch HTTPS off."""
    value: str = env.str(name, default="").strip().lower()
    if value not in {"", *ON, *OFF}:
        raise ImproperlyConfigured(f"{name} must be on or off.")
    return value in ON if value else default


def folder(name: str, default: Path) -> Path:
    """The folder in the environment variable `name`, which need not be there yet."""
    path = Path(env.str(name, default="") or default)
    if not path.is_absolute() or (path.exists() and not path.is_dir()):
        raise ImproperlyConfigured(f"{name} must be a folder, with its whole path: {str(path)!r}")
    return path


HOST = r"\[[0-9a-fA-F:]+\]|[^/:\s]+", "shop.example.com"
ORIGIN = r"https?://[^/?#*\s]+", "https://shop.example.com"
ON_THIS_MACHINE = r"https?://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?\Z"  # an origin there
ORIGINS = r"https?://(\*\.)?[^/?#*\s]+", "https://*.example.com"


def several(name: str, default: list[str], form: tuple[str, str]) -> list[str]:
    """The values in the environment variable `name`, comma-separated, each of the form: a pattern
    and an example. Django's own checks would find a wrong one, but a server does not run
    them."""
    values = [value.strip() for value in env.list(name, default=default)]
    pattern, example = form
    for value in values:
        if not re.fullmatch(pattern, value):
            raise ImproperlyConfigured(f"{name} needs values as in {example}: {value!r}")
    return values
