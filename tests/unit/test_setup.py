from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from compose.setup.environment import Stamp, Work, work
from compose.setup.jars import JarSet
from compose.setup.postgresql import PROGRAMS, find_postgresql
from compose.setup.remedy import explain, failed_artifact
from compose.setup.steps import CommandFailed
from compose.setup.system import (
    Need,
    Purpose,
    advice,
    install_command,
    java_major,
    needs,
)


def need(what: str, package: str, met: Callable[[], bool] = lambda: False) -> Need:
    return Need(what, Purpose.RUNNING, (package,), met)


@pytest.mark.parametrize(
    ("banner", "major"),
    [
        ('openjdk version "17.0.17" 2025-10-21\nOpenJDK Runtime', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_392"', 8),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "11.0.2"', 11),
        ("bash: java: command not found", None),
    ],
)
def test_the_version_of_java_is_read_from_its_banner(
    banner: str, major: int | None
) -> None:
    assert java_major(banner) == major


def test_what_is_missing_is_told_with_one_command() -> None:
    missing = [need("Maven", "maven"), need("Mosquitto", "mosquitto")]

    text = advice(missing, ["maven", "mosquitto"], apt="/usr/bin/apt-get")

    assert "Missing on this system: Maven, Mosquitto" in text
    (command,) = [line for line in text.splitlines() if "apt-get install" in line]
    assert command.endswith("maven mosquitto'")


def test_without_apt_no_command_is_made_up() -> None:
    text = advice([need("Maven", "maven")], ["maven"], apt=None)

    assert "Maven" in text
    assert "apt-get" not in text


def test_installing_asks_nothing_and_brings_nothing_needless() -> None:
    command = install_command(["maven"])

    assert {"--yes", "--no-install-recommends", "maven"} <= set(command)


def test_every_part_of_the_path_is_looked_for() -> None:
    packages = [package for wanted in needs() for package in wanted.packages]

    for package in ("openjdk-17-jre-headless", "maven", "mosquitto"):
        assert package in packages


def test_the_checks_of_the_code_need_python_alone() -> None:
    python = [wanted.what for wanted in needs() if wanted.purpose is Purpose.PYTHON]

    assert "Python's venv" in python
    assert not {"Maven", "Mosquitto"} & set(python)


def test_of_several_postgresqls_the_newest_whole_one_is_taken(tmp_path: Path) -> None:
    for version, programs in {"9.6": PROGRAMS, "15": PROGRAMS, "17": ["psql"]}.items():
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for program in programs:
            (folder / program).touch()

    assert find_postgresql(tmp_path) == tmp_path / "15" / "bin"


def test_postgresql_is_for_the_benchmarks_alone() -> None:
    assert Purpose.COMPARING not in {wanted.purpose for wanted in needs()}


@dataclass(frozen=True)
class Failure:
    """What a tool wrote, and what is to be read from it."""

    output: str
    artifact: str | None
    remedy: str


FAILURES = [
    Failure(
        "Could not transfer artifact org.apache.kafka:kafka_2.13:jar:4.3.0 from/to x:"
        " PKIX path building failed: unable to find valid certification path",
        artifact="org.apache.kafka:kafka_2.13:jar:4.3.0",
        remedy="Java does not trust",
    ),
    Failure(
        "Could not find artifact g:a:jar:1 in central",
        artifact="g:a:jar:1",
        remedy="does not have it",
    ),
    Failure(
        "Could not transfer artifact g:a:pom:1: Connect to h: Connection refused",
        artifact="g:a:pom:1",
        remedy="No connection",
    ),
    Failure(
        "SSLError(SSLCertVerificationError('CERTIFICATE_VERIFY_FAILED'))\n"
        "ERROR: No matching distribution found for pyspark==4.2.0",
        artifact="pyspark==4.2.0",
        remedy="PIP_CERT",
    ),
    Failure(
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n"
        "    flask==3.1.3 from x/flask.whl:\n        Expected sha256 1",
        artifact="flask==3.1.3",
        remedy="not the one that was pinned",
    ),
    Failure(
        "error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'\n"
        "Failed to build gunicorn-h1c",
        artifact="gunicorn-h1c",
        remedy="C compiler",
    ),
    Failure(
        "npm error code ENOTFOUND\n"
        "npm error network request to https://registry.example/preact failed, reason:"
        " getaddrinfo ENOTFOUND registry.example",
        artifact="https://registry.example/preact",
        remedy="npm read https_proxy",
    ),
    Failure(
        "npm error code SELF_SIGNED_CERT_IN_CHAIN\n"
        "npm error request to https://registry.example/vite failed, reason: self-signed"
        " certificate in certificate chain",
        artifact="https://registry.example/vite",
        remedy="NODE_EXTRA_CA_CERTS",
    ),
    Failure(
        "npm error code EINTEGRITY\nnpm error sha512-aa== integrity checksum failed"
        " when using sha512: wanted sha512-aa== but got sha512-bb==.",
        artifact=None,
        remedy="not the one that was pinned",
    ),
    Failure(
        "npm error code ETARGET\n"
        "npm error notarget No matching version found for preact@11.2.0.",
        artifact="preact@11.2.0",
        remedy="does not have it",
    ),
    Failure("[Errno 28] No space left on device", None, remedy="disk is full"),
    Failure("something new", None, remedy="The lines above say why."),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.remedy)
def test_a_failed_download_is_named_with_what_may_help(failure: Failure) -> None:
    assert failed_artifact(failure.output) == failure.artifact
    assert failure.remedy in explain(failure.output)
    assert (failure.artifact or "") in explain(failure.output)


def test_what_maven_always_ends_with_is_not_shown() -> None:
    output = "\x1b[1;31m[ERROR]\x1b[m the reason\n[ERROR] \n[INFO] BUILD FAILURE\n"

    assert CommandFailed(["mvn"], output).tail() == "  | [ERROR] the reason"


def test_where_node_was_when_it_failed_is_not_shown() -> None:
    output = (
        "Could not resolve main.tsx in host.html\n"
        "    at #build (file:///x/rolldown.mjs:146:34)\n"
        "    at async file:///x/cli.js:789:3\n"
    )

    shown = "  | Could not resolve main.tsx in host.html"
    assert CommandFailed(["npm"], output).tail() == shown


def test_jars_of_another_pom_are_not_trusted(tmp_path: Path) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text("4.3.0")
    jars = JarSet("kafka", pom, "copy")
    assert not jars.is_whole(tmp_path)
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "half.jar").write_text("")
    assert not jars.is_whole(tmp_path)

    jars.stamp(tmp_path / "kafka")
    assert jars.is_whole(tmp_path)

    pom.write_text("4.3.1")
    assert not jars.is_whole(tmp_path)


MADE = Stamp(made_by="3.11.2 /usr/bin/python3.11 /checkout", made_from="lock 1")


def test_an_environment_that_is_as_the_lock_says_is_left_alone() -> None:
    assert work(MADE, MADE) is Work.NONE


def test_a_half_made_environment_is_made_anew() -> None:
    assert work(None, MADE) is Work.REMAKE


def test_an_environment_of_another_python_or_place_is_made_anew() -> None:
    assert work(replace(MADE, made_by="3.13.0 ..."), MADE) is Work.REMAKE


def test_an_environment_of_another_lock_is_brought_up_to_date() -> None:
    assert work(replace(MADE, made_from="lock 0"), MADE) is Work.INSTALL
