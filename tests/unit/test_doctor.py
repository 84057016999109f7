"""The doctor's judgement: pure, from what was found."""

import resource
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.credentials import Credentials
from compose.doctor import checks, jars, machine, needs, pages
from compose.doctor import folder as doctor_folder
from compose.doctor.finding import Finding, Level, ok, warning, wrong
from compose.doctor.versions import (
    java_finding,
    librdkafka_finding,
    locked_finding,
    locked_here,
    mosquitto_finding,
    pyspark_finding,
    python_finding,
)
from compose.layout import Layout
from compose.ports import table
from compose.processes import PortClaim
from compose.settings import BadSetting, Settings
from compose.setup import page
from compose.setup.jars import SPARK, JarSet
from compose.setup.pom import jar_names
from compose.topology import native

GIB = 1024**3


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 10, 14), Level.WRONG), ((3, 11, 0), Level.OK), ((3, 13, 1), Level.OK)],
)
def test_python_is_new_enough_or_not(version: tuple[int, ...], level: Level) -> None:
    assert python_finding(version).level is level


@pytest.mark.parametrize(
    ("banner", "level", "said"),
    [
        ('openjdk version "17.0.15" 2025-04-15', Level.OK, "17: /bin/java"),
        ('openjdk version "11.0.2" 2019-01-15', Level.WRONG, "Java 11, which is too"),
        ('java version "1.8.0_292"', Level.WRONG, "Java 8, which is too old"),
        ("No such file or directory", Level.WRONG, "/bin/java cannot be run"),
        (None, Level.WRONG, "/bin/java cannot be run"),
    ],
)
def test_java_is_judged_by_what_it_says(
    banner: str | None, level: Level, said: str
) -> None:
    finding = java_finding("/bin/java", banner)

    assert finding.level is level
    assert said in finding.text


@pytest.mark.parametrize(
    ("banner", "level"),
    [
        ("mosquitto version 2.0.11\n", Level.OK),
        ("mosquitto version 2.1.0\n", Level.OK),
        ("mosquitto version 2.0.9\n", Level.WRONG),
        ("mosquitto version 1.6.12\n", Level.WRONG),
        ("segmentation fault", Level.WRONG),
        (None, Level.WRONG),
    ],
)
def test_mosquitto_is_judged_by_what_it_says(banner: str | None, level: Level) -> None:
    assert mosquitto_finding(banner).level is level


@pytest.mark.parametrize(
    ("found", "source", "level"),
    [
        ("4.2.0", "4.2.0", Level.OK),
        ("4.1.1", "4.2.0", Level.WRONG),
        (None, "4.2.0", Level.WRONG),
        (None, None, Level.WRONG),
    ],
)
def test_pyspark_has_the_version_of_its_kafka_source(
    found: str | None, source: str | None, level: Level
) -> None:
    assert pyspark_finding(found, source).level is level


def test_a_foreign_librdkafka_is_told() -> None:
    assert librdkafka_finding("2.16.1", "2.16.0").level is Level.OK
    assert librdkafka_finding("2.16.1", "2.3.0").level is Level.WARNING


def test_a_lock_is_read_for_this_machine() -> None:
    lock = """\
# by a tool
emoji==2.16.0 \\
    --hash=sha256:00
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:00
numpy==2.4.6 ; python_full_version >= '3.11' \\
    --hash=sha256:00
    # via matplotlib
"""

    assert locked_here(lock) == {"emoji": "2.16.0", "numpy": "2.4.6"}


def test_what_differs_from_the_lock_is_named() -> None:
    wanted = {"emoji": "2.16.0", "flask": "3.1.0", "rich": "15.0"}

    finding = locked_finding(
        wanted, {"emoji": "2.16.0", "flask": "3.0.9", "rich": None}
    )

    assert finding.level is Level.WARNING
    assert "flask 3.0.9 instead of 3.1.0, no rich" in finding.text
    assert locked_finding(wanted, wanted).level is Level.OK


def test_of_many_that_differ_from_the_lock_some_are_named() -> None:
    wanted = {f"package{number}": "1" for number in range(9)}

    finding = locked_finding(wanted, dict.fromkeys(wanted))

    assert "no package4, and 4 more" in finding.text


NAMED = ["a-1.0.jar", "b_2.13-4.2.0.jar"]


@pytest.mark.parametrize(
    ("fetched", "there", "faults"),
    [
        ([], NAMED, []),
        ([], [*NAMED, "transitive-3.jar"], []),
        ([], NAMED[:1], ["b_2.13-4.2.0.jar is missing"]),
        (
            [],
            ["a-1.0.jar", "b_2.13-4.1.0.jar"],
            [
                "b_2.13-4.2.0.jar is missing, b_2.13-4.1.0.jar lies in its place",
                "b_2.13-4.1.0.jar does not belong there",
            ],
        ),
        ([], [*NAMED, "a-0.9.jar"], ["a-0.9.jar does not belong there"]),
        ([*NAMED, "c-3.jar"], NAMED, ["c-3.jar is missing"]),
        (NAMED, [*NAMED, "d-1.jar"], ["d-1.jar does not belong there"]),
    ],
)
def test_jars_are_those_of_the_pom_and_those_that_came_with_them(
    fetched: list[str], there: list[str], faults: list[str]
) -> None:
    assert jars.faults_in(NAMED, fetched, there) == faults


def test_the_poms_name_their_jars_with_versions() -> None:
    names = jar_names(SPARK.pom)

    assert "spark-sql-kafka-0-10_2.13-4.2.0.jar" in names
    assert len(names) == 5


@pytest.fixture
def jar_set(tmp_path: Path) -> JarSet:
    pom = tmp_path / "pom.xml"
    pom.write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><dependencies><dependency>'
        "<artifactId>a</artifactId><version>1.0</version>"
        "</dependency></dependencies></project>"
    )
    jar_set = JarSet("kafka", pom, "copy")
    folder = tmp_path / "kafka"
    folder.mkdir()
    for name in ("a-1.0.jar", "b-2.jar"):
        with zipfile.ZipFile(folder / name, "w") as jar:
            jar.writestr("A.class", b"x" * 1000)
    jar_set.stamp(folder)
    return jar_set


def jars_in(jar_set: JarSet, tmp_path: Path) -> list[tuple[Level, str]]:
    return [(f.level, f.text) for f in jars.look(jar_set, tmp_path)]


def test_jars_that_are_as_fetched_are_ok(jar_set: JarSet, tmp_path: Path) -> None:
    ((level, _),) = jars_in(jar_set, tmp_path)

    assert level is Level.OK
    assert jar_set.is_whole(tmp_path)


def test_a_jar_that_is_cut_off_is_named(jar_set: JarSet, tmp_path: Path) -> None:
    jar = tmp_path / "kafka" / "b-2.jar"
    jar.write_bytes(jar.read_bytes()[:-30])

    assert jars_in(jar_set, tmp_path) == [(Level.WRONG, "b-2.jar is no whole jar.")]


def test_a_jar_that_came_with_the_others_is_missed(
    jar_set: JarSet, tmp_path: Path
) -> None:
    (tmp_path / "kafka" / "b-2.jar").unlink()

    assert jars_in(jar_set, tmp_path) == [(Level.WRONG, "b-2.jar is missing.")]
    assert not jar_set.is_whole(tmp_path)


def test_a_pom_that_was_changed_since_is_told(jar_set: JarSet, tmp_path: Path) -> None:
    jar_set.pom.write_text(f"{jar_set.pom.read_text()}\n")

    ((level, text),) = jars_in(jar_set, tmp_path)

    assert level is Level.WRONG
    assert "changed since they were fetched" in text


def test_a_folder_without_jars_is_wrong(jar_set: JarSet, tmp_path: Path) -> None:
    ((level, text),) = jars_in(jar_set, tmp_path / "elsewhere")

    assert (level, text) == (Level.WRONG, "a-1.0.jar is missing.")


def test_the_ports_looked_at_are_those_of_the_processes(tmp_path: Path) -> None:
    for settings in (
        Settings(state_dir=tmp_path, clusters=2),
        Settings(state_dir=tmp_path, kafka_servers="kafka:9092"),
        Settings(state_dir=tmp_path, public_host="127.0.0.2"),
    ):
        system = native(settings, say=lambda _: None)
        wanted = {
            (w.process, w.port, w.setting, w.host) for w in table(system.processes)
        }

        claims = needs.port_claims(settings)

        assert {(name, c.port, c.setting, c.host) for name, c in claims} == wanted
        assert all(isinstance(claim, PortClaim) for _, claim in claims)


def test_pages_that_are_not_there_or_of_other_sources_are_told(tmp_path: Path) -> None:
    def found(root: Path) -> Finding:
        [finding] = pages.built(Settings(), root)
        return finding

    built = tmp_path / page.BUILT
    assert "not built" in found(tmp_path).text
    built.mkdir(parents=True)
    (built / "index.html").touch()
    assert found(tmp_path).level is Level.OK  # an install has no sources
    (tmp_path / page.PAGE).mkdir(parents=True)
    assert "not those of the sources" in found(tmp_path).text
    (built / ".made-from").write_text(page.digest(tmp_path / page.PAGE))
    assert found(tmp_path).level is Level.OK


def test_who_is_let_in_is_told() -> None:
    [closed] = machine.openness(Settings(public_host=""))
    [opened] = machine.openness(Settings(public_host="127.0.0.2"))
    [elsewhere] = machine.openness(Settings(public_host="203.0.113.7"))

    assert "this machine alone" in closed.text
    assert "open to whoever reaches 127.0.0.2" in opened.text
    assert elsewhere.level is Level.WRONG
    assert "EMOSTREAM_PUBLIC_HOST" in elsewhere.remedy


def test_ports_are_looked_at_where_the_public_host_is_none_of_ours(
    tmp_path: Path,
) -> None:
    settings = Settings(state_dir=tmp_path, public_host="203.0.113.7")

    assert all("203.0.113.7" not in one.text for one in machine.ports(settings))


def test_more_heap_clusters_and_workers_need_more_memory() -> None:
    needed = needs.memory_needed_bytes
    default = needed(Settings())

    assert 2 * GIB < default < 3 * GIB
    assert needed(Settings(kafka_heap_mb=1536)) == default + GIB
    assert needed(Settings(spark_driver_memory_mb=896 + 1024)) == default + GIB
    assert needed(Settings(web_workers=4)) > default
    assert needed(Settings(clusters=9)) > default
    assert needed(Settings(workers=9)) > default
    assert needed(Settings(kafka_servers="kafka:9092")) < default


def test_as_much_is_needed_as_may_come_to_run() -> None:
    chosen = Settings(clusters=3, workers=3, clusters_max=6, workers_max=4)
    by_hand = chosen.model_copy(update={"clusters": 8, "workers": 1})
    by_load = chosen.model_copy(update={"auto_scale": True})

    def most(settings: Settings, runs_with: Settings | None = None) -> tuple[int, int]:
        found = needs.at_most(settings, runs_with)
        return found.clusters, found.workers

    assert most(chosen) == (3, 3)
    assert most(chosen, by_hand) == (8, 3)
    assert most(by_load) == most(chosen, by_load) == (6, 4)
    assert most(by_load, by_hand) == (8, 4)


def test_what_is_kept_needs_disk() -> None:
    needed = needs.disk_needed_bytes
    default = needed(Settings())

    assert default > Settings().reactions_retention_bytes
    assert needed(Settings(reactions_retention_bytes=50 * GIB)) == default + 45 * GIB
    assert needed(Settings(reactions_partitions=4)) == default + 2 * GIB
    assert needed(Settings(workers=9)) > default
    assert needed(Settings(kafka_servers="kafka:9092")) < 2 * GIB


def test_too_little_memory_names_the_heaps() -> None:
    finding = machine.memory_finding(2 * GIB, 3 * GIB)

    assert finding.level is Level.WRONG
    assert "EMOSTREAM_SPARK_DRIVER_MEMORY_MB" in finding.remedy
    assert machine.memory_finding(3 * GIB, 3 * GIB).level is Level.OK


@pytest.mark.parametrize(
    ("free", "level"),
    [(GIB - 1, Level.WRONG), (GIB, Level.WARNING), (8 * GIB, Level.OK)],
)
def test_free_disk_is_judged_by_what_will_be_kept(free: int, level: Level) -> None:
    finding = machine.disk_finding(free, 8 * GIB)

    assert finding.level is level
    if level is not Level.OK:
        assert "EMOSTREAM_REACTIONS_RETENTION_BYTES" in finding.remedy


@pytest.mark.parametrize(
    ("hard", "level"),
    [
        (1024, Level.WRONG),
        (4096, Level.WARNING),
        (65_536, Level.OK),
        (resource.RLIM_INFINITY, Level.OK),
    ],
)
def test_few_open_files_are_told(hard: int, level: Level) -> None:
    assert machine.files_finding(hard).level is level


def test_a_clock_that_was_set_back_is_told() -> None:
    assert machine.clock_finding(1000, 1060).level is Level.WRONG
    assert machine.clock_finding(1000, 1001).level is Level.OK
    assert machine.clock_finding(1000, 0).level is Level.OK


def folder_findings(settings: Settings) -> list[Finding]:
    return [
        *doctor_folder.state_folder(settings),
        *doctor_folder.credentials(settings),
    ]


def wrong_texts(settings: Settings) -> list[str]:
    found = folder_findings(settings)
    return [f"{f.text} {f.remedy}" for f in found if f.level is Level.WRONG]


@pytest.fixture
def used(tmp_path: Path) -> Settings:
    """Settings of a state folder that was used."""
    settings = Settings(state_dir=tmp_path / "s")
    Layout(settings.state_dir).make()
    Credentials.load_or_make(settings.state_dir, ["operator"])
    return settings


def test_a_state_folder_of_ours_is_ok_and_so_is_none(
    used: Settings, tmp_path: Path
) -> None:
    assert wrong_texts(used) == []
    assert wrong_texts(Settings(state_dir=tmp_path / "none" / "yet")) == []
    assert not (tmp_path / "none").exists()


def test_credentials_that_others_can_read_are_told(used: Settings) -> None:
    file = used.state_dir / "credentials.json"
    file.chmod(0o640)

    (text,) = wrong_texts(used)

    assert f"chmod 600 {file}" in text


def test_credentials_that_nobody_can_read_are_told(used: Settings) -> None:
    (used.state_dir / "credentials.json").write_text("{")

    (text,) = wrong_texts(used)

    assert "cannot be read" in text
    assert "emostream up" in text


def test_a_folder_that_others_can_enter_is_told(used: Settings) -> None:
    data = Layout(used.state_dir).data
    data.chmod(0o755)

    (text,) = wrong_texts(used)

    assert f"chmod 700 {data}" in text


def test_a_folder_that_is_not_ours_is_told(used: Settings) -> None:
    Layout(used.state_dir).mark.unlink()

    (text,) = wrong_texts(used)

    assert "not made" in text
    assert "EMOSTREAM_STATE_DIR" in text


def test_a_path_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    (text,) = wrong_texts(Settings(state_dir=tmp_path / ("x" * 100)))

    assert "too long a path" in text


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    (text,) = wrong_texts(Settings(state_dir=tmp_path / "file"))

    assert "is no folder" in text


def test_a_bad_setting_is_told_and_the_checks_go_on_with_the_defaults() -> None:
    def load() -> Settings:
        raise BadSetting("EMOSTREAM_HTTP_PORT='x': not a number")

    def look(settings: Settings) -> Iterator[Finding]:
        yield ok("port", str(settings.http_port))

    found = checks.examine(load, [look])

    assert [(f.level, f.subject) for f in found] == [
        (Level.WRONG, "settings"),
        (Level.OK, "port"),
    ]
    assert "EMOSTREAM_HTTP_PORT='x'" in found[0].text
    assert found[1].text == "8080"


def test_a_warning_is_no_failure() -> None:
    warned = [ok("a", "A."), warning("b", "B.", "C.")]

    assert checks.is_well(warned)
    assert not checks.is_well([*warned, wrong("d", "D.", "E.")])


def test_a_program_gets_every_finding_with_its_remedy() -> None:
    found = [ok("a", "A."), wrong("b", "B.", "C.")]

    assert checks.document(found) == {
        "schema": 1,
        "is_well": False,
        "findings": [
            {"subject": "a", "level": "ok", "text": "A.", "remedy": None},
            {"subject": "b", "level": "wrong", "text": "B.", "remedy": "C."},
        ],
    }
