"""The doctor, on this machine and on one where much is broken."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose import running
from compose.doctor import jars as doctor_jars
from compose.doctor import machine as doctor_machine
from compose.doctor import versions
from compose.doctor.finding import Check, Finding, Level
from compose.settings import Settings
from compose.setup.jars import SPARK
from compose.supervision.orphans import MARKER
from tests.integration.kafka_server import JARS_DIR
from tests.integration.machine import machine_in_a_short_folder
from tests.integration.processes import (
    LOOPBACK,
    absent,
    accepts,
    end,
    free_port,
    free_ports,
    spawn,
    wait_until,
)

SERVER = Path(__file__).with_name("little_server.py")

# None in sys.modules is how Python itself says that a module cannot be had.
LOST = ("psutil", "confluent_kafka", "flask", "packaging")
BROKEN = f"import sys; sys.modules.update(dict.fromkeys({LOST!r}));"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    names = ("http", "kafka", "kafka_controller", "main", "auditor")
    ports = {f"{name}_port": free_port() for name in names}
    ports |= {f"{name}_metrics_port": free_port() for name in ("stream", "bridge")}
    ports |= {"cluster_port": free_ports(3), "cluster_ws_port": free_ports(3)}
    return Settings.model_validate({"state_dir": tmp_path / "state", **ports})


def only(check: Check, settings: Settings) -> Finding:
    (finding,) = check(settings)
    return finding


def test_free_ports_are_ok(settings: Settings) -> None:
    finding = only(doctor_machine.ports, settings)

    assert finding.level is Level.OK
    assert finding.text == "All 13 can be had; 0 are in use by us."


def test_a_port_of_somebody_else_is_named_with_its_holder_and_setting(
    settings: Settings,
) -> None:
    with socket.create_server((LOOPBACK, settings.cluster_port + 1)):
        finding = only(doctor_machine.ports, settings)

    assert finding.level is Level.WRONG
    assert f"{settings.cluster_port + 1} (cluster-2) is in use by" in finding.text
    assert f"(process {os.getpid()})" in finding.text
    assert "EMOSTREAM_CLUSTER_PORT" in finding.remedy


def test_ports_of_clusters_that_the_load_may_add_are_looked_at(
    settings: Settings,
) -> None:
    few = {"clusters": 1, "clusters_min": 1, "clusters_max": 3}
    bounded = settings.model_copy(update=few)
    scaling = bounded.model_copy(update={"auto_scale": True})

    with socket.create_server((LOOPBACK, settings.cluster_port + 2)):
        assert only(doctor_machine.ports, bounded).level is Level.OK
        finding = only(doctor_machine.ports, scaling)

    assert finding.level is Level.WRONG
    assert f"{settings.cluster_port + 2} (cluster-3) is in use by" in finding.text


def test_ports_of_clusters_that_were_added_by_hand_are_looked_at(
    settings: Settings,
) -> None:
    with (
        machine_in_a_short_folder() as here,
        socket.create_server((LOOPBACK, settings.cluster_port + 2)),
    ):
        few = {"clusters": 1, "state_dir": here.layout.root}
        chosen = settings.model_copy(update=few)
        here.up(here.server("first"))
        running.note(here.layout, chosen.model_copy(update={"clusters": 3}))

        finding = only(doctor_machine.ports, chosen)
        here.native.down()
        ended = only(doctor_machine.ports, chosen)

    assert f"{settings.cluster_port + 2} (cluster-3) is in use by" in finding.text
    assert ended.level is Level.OK  # a start has the chosen number


@pytest.fixture
def web(settings: Settings, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours on the web server's port."""
    command = [sys.executable, str(SERVER), "web", str(tmp_path / "journal")]
    process = spawn(
        [*command, str(settings.http_port)],
        tmp_path / "web.log",
        {**os.environ, MARKER: str(settings.state_dir)},
    )
    wait_until(lambda: accepts(settings.http_port), within_s=30, what="the server")
    yield process
    end(process, within_s=5)


@pytest.mark.usefixtures("web")
def test_a_port_of_ours_is_ok(settings: Settings) -> None:
    finding = only(doctor_machine.ports, settings)

    assert finding.level is Level.OK
    assert "1 are in use by us" in finding.text


@pytest.mark.usefixtures("web")
def test_a_port_of_another_installation_is_not_ours(
    settings: Settings, tmp_path: Path
) -> None:
    other = settings.model_copy(update={"state_dir": tmp_path / "other"})

    finding = only(doctor_machine.ports, other)

    assert finding.level is Level.WRONG
    assert f"of the EmoStream in {settings.state_dir}" in finding.text


def test_ports_that_clash_are_told(settings: Settings) -> None:
    clashing = settings.model_copy(update={"http_port": settings.main_port})

    finding = only(doctor_machine.ports, clashing)

    assert finding.level is Level.WRONG
    assert finding.text.endswith("is wanted by mosquitto-main and web.")
    assert finding.remedy == "Change EMOSTREAM_MAIN_PORT or EMOSTREAM_HTTP_PORT."


def test_memory_and_disk_of_this_machine_are_looked_at(settings: Settings) -> None:
    huge = settings.model_copy(
        update={"kafka_heap_mb": 10**9, "reactions_retention_bytes": 10**18}
    )

    assert only(doctor_machine.memory, huge).level is Level.WRONG
    assert only(doctor_machine.disk, huge).level is not Level.OK


def test_a_stream_that_wrote_in_the_future_betrays_the_clock(
    settings: Settings,
) -> None:
    settings.stream_dir.mkdir(parents=True)
    epoch = settings.stream_dir / "epoch.json"
    epoch.touch()
    assert only(doctor_machine.clock, settings).level is Level.OK

    os.utime(epoch, (time.time() + 3600,) * 2)

    assert only(doctor_machine.clock, settings).level is Level.WRONG


def test_a_wrong_jar_among_sparks_is_found(tmp_path: Path) -> None:
    real = JARS_DIR.parent / "spark"
    if not real.exists():
        absent(f"needs jars in {real}")
    shutil.copytree(real, tmp_path / "spark")
    assert [f.level for f in doctor_jars.look(SPARK, tmp_path)] == [Level.OK]

    clients = next((tmp_path / "spark").glob("kafka-clients-*.jar"))
    clients.rename(clients.with_name("kafka-clients-3.4.1.jar"))

    texts = [finding.text for finding in doctor_jars.look(SPARK, tmp_path)]
    assert f"{clients.name} is missing, kafka-clients-3.4.1.jar lies" in texts[0]
    assert texts[1] == "kafka-clients-3.4.1.jar does not belong there."


OLD = [
    (
        "java",
        "echo 'openjdk version \"11.0.1\"' >&2",
        "java is Java 11, which is too old.",
    ),
    ("java", "exit 1", "java cannot be run."),
    ("mosquitto", "echo mosquitto version 1.5.7; exit 3", "1.5.7 is too old."),
]


@pytest.mark.parametrize(("program", "script", "text"), OLD)
def test_an_old_program_that_comes_first_is_found(
    program: str,
    script: str,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / program
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("JAVA_HOME", raising=False)

    check = {"java": versions.java, "mosquitto": versions.mosquitto}
    finding = only(check[program], Settings())

    assert (finding.level, finding.text) == (Level.WRONG, text)


def doctor(code: str, *, folder: Path, **variables: str) -> dict[str, dict[str, str]]:
    """Run `emostream doctor --json`; return its findings by their subjects."""
    call = "import sys; sys.argv = ['emostream', 'doctor', '--json'];"
    call += " from compose.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", f"{code} {call}".strip()],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "EMOSTREAM_STATE_DIR": str(folder / "state"), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert done.returncode == (0 if document["is_well"] else 1)
    return {finding["subject"]: finding for finding in document["findings"]}


def test_where_almost_all_is_broken_each_fault_is_told(tmp_path: Path) -> None:
    found = doctor(
        BROKEN,
        folder=tmp_path,
        PATH=str(tmp_path),
        JAVA_HOME="",
        EMOSTREAM_JARS_DIR=str(tmp_path / "no-jars"),
    )

    wrong = {s for s, finding in found.items() if finding["level"] == "wrong"}
    assert {"Java", "Python's modules", "Kafka's jars", "Spark's jars"} <= wrong
    modules = found["Python's modules"]["text"]
    assert modules.startswith("flask is not there; confluent_kafka cannot be loaded")
    assert "psutil cannot be loaded" in modules
    assert found["lock"]["level"] == "warning"
    assert "packaging" in found["lock"]["text"]
    assert all(found[subject]["remedy"] for subject in wrong)
    assert found["credentials"]["level"] == "ok"


def test_a_bad_setting_is_told_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    found = doctor("", folder=tmp_path, EMOSTREAM_CLUSTERS="many")

    assert found["settings"]["level"] == "wrong"
    assert "EMOSTREAM_CLUSTERS='many'" in found["settings"]["text"]
    assert "disk" in found
