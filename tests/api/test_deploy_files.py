"""deploy/: what Prometheus and Grafana are told to ask for is what the service shows."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.utils import timezone
from prometheus_client import Metric

from api.management.commands import metrics  # noqa: F401  it knows all that there is
from api.models import JobRun
from api.services import waiting
from api.services.jobs import JOBS
from utils.metrics.values import OWN

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "alerts.yml"
DASHBOARD = DEPLOY / "dashboard.json"
USE = re.compile(r"\b(luffy_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")

pytestmark = pytest.mark.django_db


def rules() -> dict[str, str]:
    """What each alert asks."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def shown() -> Iterator[tuple[str, str]]:
    """What each panel of the dashboard asks, with its title."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def families() -> list[Metric]:
    JobRun.objects.get_or_create(name=JOBS[0].name, defaults={"at": timezone.now()})
    return [*OWN.collect(), *waiting.read(now=timezone.now())]


def exported() -> dict[str, set[str]]:
    """The names that the service shows, with their labels."""
    found: dict[str, set[str]] = {}
    for family in families():
        of_own = getattr(OWN._names_to_collectors.get(family.name), "_labelnames", ())
        labels = {label for sample in family.samples for label in sample.labels} | set(of_own)
        match family.type:
            case "counter":
                found[f"{family.name}_total"] = labels
            case "histogram":
                for suffix in ("_bucket", "_sum", "_count"):
                    found[family.name + suffix] = labels | {"le"}
            case _:
                found[family.name] = labels
    return found


def asked() -> list[str]:
    return [*rules().values(), *(expression for _, expression in shown())]


def promtool(*arguments: str | Path) -> None:
    run = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool") and not os.environ.get("REQUIRE_PROMTOOL"),
    reason="promtool is not here: Debian's package prometheus has it",
)


def test_every_number_that_is_asked_for_is_there_and_has_the_labels():
    there = exported()
    assert len(asked()) > 30  # they are found

    for expression in asked():
        for name, labels in USE.findall(expression):
            assert name in there, expression
            assert set(LABEL.findall(re.sub(r'"[^"]*"', "", labels))) <= there[name], expression


def test_every_label_that_is_summed_by_is_one_of_the_number():
    there = exported()

    for expression in asked():
        of_all = set().union(*(there[name] for name, _ in USE.findall(expression)), {"job"})
        for names in re.findall(r"\bby \(([^)]*)\)", expression):
            assert set(re.split(r",\s*", names)) <= of_all, expression


def test_every_number_that_is_there_is_shown_or_watched():
    used = {name for expression in asked() for name, _ in USE.findall(expression)}

    unused = {name for name in exported() if name not in used}
    assert unused == set()


def test_every_alert_is_explained():
    pages = (DEPLOY.parent / "docs" / "operations.md").read_text()

    assert len(rules()) > 10  # they are found
    assert [name for name in rules() if f"| `{name}` |" not in pages] == []


@needs_promtool
def test_promtool_finds_nothing_wrong_with_the_configuration_and_the_rules():
    promtool("check", "config", DEPLOY / "prometheus.yml")


@needs_promtool
def test_the_alerts_come_when_they_should():
    promtool("test", "rules", DEPLOY / "alerts_test.yml")


@needs_promtool
def test_promtool_understands_what_the_dashboard_asks(tmp_path: Path):
    asked = {
        f"panel:number_{number}": expression.replace("$__rate_interval", "1m")
        for number, (_, expression) in enumerate(shown())
    }
    recorded = [{"record": name, "expr": expression} for name, expression in asked.items()]
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))

    promtool("check", "rules", file)
