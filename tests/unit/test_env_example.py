""".env.example names every setting that there is, with the default that it has."""

import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from luffy.settings import environment

ROOT = Path(__file__).parents[2]
EXAMPLE = dict(
    re.findall(r"^#([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
)

# Asks for every setting there is, and notes what was asked for and with what default.
READ_BY_SETTINGS = """
import environ, os
asked, ask = {}, environ.Env.get_value
class Noting(dict):
    def get(self, name, default=None):
        asked.setdefault(name, default)
        return super().get(name, default)
environ.Env.ENVIRON = Noting(os.environ)
def noting(env, name, cast=None, default=environ.Env.NOTSET, parse_default=False):
    asked.setdefault(name, default)
    return ask(env, name, cast, default, parse_default)
environ.Env.get_value = noting
import luffy.settings
print(*(f"{name}={default}" for name, default in asked.items()), sep="\\n")
"""
# What an empty value stands for, where the settings ask for one and go on from there.
STANDS_FOR = {"DEBUG": "off", "LOG_LEVEL": "INFO", "HTTPS": "on", "BEHIND_PROXY": "off"}
STANDS_FOR |= {"HSTS_INCLUDE_SUBDOMAINS": "off", "HSTS_PRELOAD": "off", "REDIS_CLUSTER": "off"}
STANDS_FOR |= {"SHOP": "on", "LOG_FORMAT": "json"}


def settings_with_defaults() -> dict[str, str]:
    """What production's settings ask the environment for."""
    required = {"SECRET_KEY": "secret", "REDIS_URL": "redis://127.0.0.1:6379/0"}
    required["DATABASE_URL"] = "postgres://luffy@127.0.0.1/luffy"
    run = subprocess.run(
        [sys.executable, "-c", READ_BY_SETTINGS],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ENV_FILE": os.devnull} | required,
        capture_output=True,
        text=True,
        check=True,
    )
    asked = dict(line.split("=", 1) for line in run.stdout.splitlines())
    del asked["ENV_FILE"]  # says where this file is
    return {
        name: STANDS_FOR.get(name, "" if default == "[]" else default)
        for name, default in asked.items()
    }


def test_it_has_every_setting_with_its_default():
    assert settings_with_defaults() == EXAMPLE


def test_its_values_can_be_read(tmp_path):
    """As they are once the # is gone."""
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in EXAMPLE.items()))

    with patch.dict(os.environ, clear=True):
        environment.env.read_env(file)
        assert dict(os.environ) == EXAMPLE
