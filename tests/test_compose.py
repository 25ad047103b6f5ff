"""compose.yaml fits together: its settings, commands and limits are those of the service. No engine starts it here."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.__main__ import parse
from app.settings import Settings

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROXY = (ROOT / "deploy/proxy.conf").read_text(encoding="utf-8")
SCALED = {name for name, service in SERVICES.items() if "scaled" in service.get("profiles", [])}


def filled_in(text: str) -> str:
    """Put the defaults of variables in their places."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_the_plain_service_is_what_starts_without_a_profile() -> None:
    assert SERVICES.keys() - SCALED == {"image-diff"}


def test_the_scaled_profile_has_two_of_what_works_and_one_of_what_joins_them() -> None:
    assert {"web", "worker", "scheduler", "objects", "proxy"} <= SCALED
    replicas = {name: SERVICES[name].get("deploy", {}).get("replicas", 1) for name in SCALED}
    assert {name for name, count in replicas.items() if count == 2} == {"web", "worker"}


def test_starting_the_proxy_starts_all_that_it_needs() -> None:
    started, todo = set(), ["proxy"]
    while todo:
        name = todo.pop()
        started.add(name)
        todo += SERVICES[name].get("depends_on", {})
    assert started == SCALED


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_and_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in service or name == "bucket", "one command that ends"
    assert "build" in service or re.search(r":[\w.-]*\d[\w.-]*$", service["image"]), "a version, not whatever is newest"


@pytest.mark.parametrize("name", SERVICES)
def test_only_this_machine_reaches_what_is_published(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert not ports or name in ("image-diff", "proxy")
    assert name in ("image-diff", "proxy") or SERVICES[name]["networks"] == ["inside"]


def test_the_inside_has_no_way_out() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_the_settings_are_settings_and_name_the_services_beside_them() -> None:
    environment = {name: filled_in(value) for name, value in SERVICES["web"]["environment"].items()}
    settings = Settings.from_environment(environment)
    assert settings.store.startswith("s3://")
    for address in (settings.scheduler, environment["AWS_ENDPOINT_URL"]):
        assert re.split(r"://|:", address)[1] in SERVICES
    bucket = settings.store.removeprefix("s3://")
    assert f"mkdirs('{bucket}'" in SERVICES["bucket"]["command"][-1]


def test_the_worker_s_command_is_understood_and_finds_the_scheduler() -> None:
    arguments = parse(SERVICES["worker"]["command"][3:])
    assert arguments.scheduler == SERVICES["web"]["environment"]["IMAGE_DIFF_SCHEDULER"]
    assert arguments.slots == SERVICES["worker"]["cpus"]
    port = SERVICES["scheduler"]["command"][SERVICES["scheduler"]["command"].index("--port") + 1]
    assert arguments.scheduler == f"tcp://scheduler:{port}"


def test_the_proxy_takes_what_the_service_takes_and_waits_as_long() -> None:
    settings = Settings()
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", PROXY)
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", PROXY)
    assert int(megabytes) * 1_000_000 == settings.max_request_bytes
    assert int(seconds) > 2 * settings.deadline
    assert "http://web:8000" in PROXY
    assert re.search(r"location = /metrics \{\s+return 404;", PROXY)
    (volume,) = SERVICES["proxy"]["volumes"]
    assert (ROOT / volume.split(":")[0]).is_file()
