"""docker-compose.yml, as far as it can be seen without containers."""

import importlib
import re
import subprocess
from pathlib import Path

import yaml

from flowguard.settings import PREFIX, Settings
from flowguard_tests.require import require

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"


def test_docker_compose_accepts_it() -> None:
    require("docker-compose")
    answer = subprocess.run(
        ["docker-compose", "-f", FILE, "config", "-q"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert answer.returncode == 0, answer.stderr


def test_every_setting_and_module_that_it_names_exists() -> None:
    text = FILE.read_text()
    named = {name.removeprefix(PREFIX).lower() for name in re.findall(rf"{PREFIX}[A-Z_]+", text)}
    assert named and named <= Settings.model_fields.keys()
    modules = set(re.findall(r"python -m (\S+)", text))
    assert {"flowguard.gateway", "flowguard.dashboard", "dagster"} <= modules
    for module in modules:
        assert importlib.util.find_spec(module), module


def test_only_pages_are_published_and_only_on_loopback() -> None:
    services = yaml.safe_load(FILE.read_text())["services"]
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {
        "webserver": ["127.0.0.1:3000:3000"],
        "gateway": ["127.0.0.1:8080:8080"],
        "dashboard": ["127.0.0.1:8501:8501"],
    }


def test_the_dashboard_reads_the_tables_that_the_runs_write() -> None:
    services = yaml.safe_load(FILE.read_text())["services"]
    assert services["dashboard"]["volumes"] == services["code-server"]["volumes"]


def test_what_the_image_runs_is_among_its_requirements() -> None:
    pinned = (ROOT / "requirements" / "deploy.txt").read_text()
    assert "\nstreamlit==" in pinned and "\ndagster-postgres==" in pinned
