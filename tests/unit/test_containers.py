"""The Compose file, and what the containers are started with."""

import re
import struct
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ingest.openapi
from compose import brokers, probe, topology
from compose.containers import gateway, proxy, render
from compose.containers.place import settings_inside, socket_of
from compose.credentials import Credentials
from compose.settings import BadSetting, Settings
from compose.web import wsgi
from ingest.refusal import Refusal

ROOT = Path(__file__).parents[2]
FILE = ROOT / "compose" / "compose.yaml"
DOCKERFILE = ROOT / "compose" / "Dockerfile"
NOBODY = Credentials(dict.fromkeys(brokers.broker_users(), ""), "", "")


def rendered(**chosen: object) -> dict[str, Any]:
    return rendered_of(settings(**chosen))


def rendered_of(chosen: Settings) -> dict[str, Any]:
    return msgspec.yaml.decode(render.text(chosen).encode(), type=dict[str, Any])


def settings(**chosen: object) -> Settings:
    return Settings.model_validate(chosen)


def system(**chosen: object) -> list[str]:
    inside = settings_inside(settings(**chosen))
    parts = topology.contained(inside, NOBODY, lambda _: None).parts
    return [part.name for part in parts]


def test_the_compose_file_is_that_of_the_default_settings() -> None:
    assert FILE.read_text() == render.text(Settings()), "make compose-file"


def test_each_part_of_the_topology_has_a_container() -> None:
    beside = {"prepare", "nginx", "emostream"}

    assert {*rendered()["services"]} - beside == {*system()} - {topology.FORMAT}
    assert {topology.INGEST, topology.WEB} <= {*system()}


def test_as_many_clusters_and_workers_as_the_settings_say() -> None:
    found = rendered(clusters=2, workers=4)["services"]

    ours = [name for name in found if name.startswith("cluster-")]
    workers = [f"cluster-{c}-worker-{w}" for c in (1, 2) for w in (1, 2, 3, 4)]
    assert sorted(ours) == sorted(["cluster-1", "cluster-2", *workers])
    assert found["cluster-2"]["ports"] == ["127.0.0.1:1886:1886", "127.0.0.1:9886:9886"]


def test_an_image_is_built_for_one_service_and_where_it_is_needed_first() -> None:
    """Built for several, it is another for each: Compose writes into it for whom."""
    services = rendered()["services"]
    tool = services.pop("emostream")
    built = {
        name: (one["build"]["target"], one["image"])
        for name, one in services.items()
        if "build" in one
    }

    targets = {"prepare": "plain", "kafka": "kafka", "stream": "spark"}
    targets["nginx"] = "nginx"
    assert built == {
        name: (target, f"emostream-{target}:${{IMAGE_TAG:-latest}}")
        for name, target in targets.items()
    }
    assert {one["image"] for one in services.values()} == {
        image for _, image in built.values()
    }
    for name, one in services.items():
        assert ("pull_policy" in one) is (name not in built), name
    # It is run alone, too, before there is anything.
    assert tool["build"] == services["prepare"]["build"]


def test_what_was_chosen_is_told_to_all_containers() -> None:
    environment = rendered(stream_window_ms=1000)["services"]["stream"]["environment"]

    assert environment["EMOSTREAM_STREAM_WINDOW_MS"] == "1000"
    assert environment["EMOSTREAM_KAFKA_HOST"] == "kafka"
    read = Settings.from_environment(environment)
    assert read == settings_inside(settings(stream_window_ms=1000))


def test_a_preset_and_what_was_chosen_against_it_are_both_told() -> None:
    chosen = settings(
        preset="reference", stream_trigger_ms=Settings().stream_trigger_ms
    )
    environment = rendered_of(chosen)["services"]["stream"]["environment"]

    read = Settings.from_environment(environment)
    assert read.preset == "reference"
    assert read.stream_trigger_ms == Settings().stream_trigger_ms


def test_the_command_finds_what_is_published_and_knows_that_it_is_in_a_container() -> (
    None
):
    as_in_all = {"EMOSTREAM_PROCESS_HOST": "{process}"}
    elsewhere = rendered(http_port=9000)["services"]["emostream"]["environment"]

    assert elsewhere == as_in_all | {"EMOSTREAM_HTTP_PORT": "9000"}
    assert rendered()["services"]["emostream"]["environment"] == as_in_all


@pytest.mark.parametrize(
    ("name", "value"), [("auto_scale", True), ("main_host", "elsewhere")]
)
def test_what_containers_do_not_have_is_refused_by_name(
    name: str, value: object
) -> None:
    with pytest.raises(BadSetting, match=f"EMOSTREAM_{name.upper()}"):
        rendered(**{name: value})


def test_no_container_may_do_more_than_it_has_to() -> None:
    for name, service in rendered()["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["mem_limit"].endswith("m"), name
    for image in ("plain", "kafka", "spark", "nginx"):
        assert last_user(image) == "10001"


def last_user(image: str) -> str:
    """Return as whom an image of the Dockerfile runs."""
    (stage,) = re.findall(
        rf"^FROM \w+ AS {image}$(.*?)(?=^FROM |\Z)",
        DOCKERFILE.read_text(),
        re.MULTILINE | re.DOTALL,
    )
    users: list[str] = re.findall(r"^USER (\w+)$", stage, re.MULTILINE)
    return users[-1] if users else "root"


def test_who_runs_on_is_asked_and_started_again_and_who_ends_is_waited_for() -> None:
    services = rendered()["services"]

    for name, service in services.items():
        ends = name in {"prepare", "topics", "emostream"}
        assert ("healthcheck" in service) is not ends, name
        assert (service["restart"] == "no") is ends, name
    needed = services["stream"]["depends_on"]
    assert needed["topics"] == {"condition": "service_completed_successfully"}


def test_who_starts_last_is_asked_soonest_and_no_two_together() -> None:
    found = rendered()["services"].values()
    every = [one["healthcheck"]["interval"] for one in found if "healthcheck" in one]

    assert every == sorted(set(every), key=lambda text: -int(text.removesuffix("s")))


def test_who_takes_reactions_goes_first_then_who_counts_them() -> None:
    found = rendered()["services"]
    shares = {name: one.get("cpu_shares") for name, one in found.items()}

    first = {shares[name] for name in ("nginx", topology.INGEST, topology.KAFKA)}
    others = {*shares} - {"nginx", topology.INGEST, topology.KAFKA, topology.STREAM}
    assert first == {4096}
    assert shares[topology.STREAM] == 2048
    assert {shares[name] for name in others} == {None}


def test_only_what_people_use_is_published_and_to_this_machine_alone() -> None:
    services = rendered()["services"]

    ports = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert ports.keys() == {"nginx", "cluster-1", "cluster-2", "cluster-3"}
    assert all(port.startswith("127.0.0.1:") for of in ports.values() for port in of)


def test_the_public_host_has_http_and_websockets_and_no_mqtt() -> None:
    services = rendered(public_host="127.0.0.2")["services"]

    assert services["nginx"]["ports"] == ["127.0.0.1:8080:8080", "127.0.0.2:8080:8080"]
    assert services["cluster-1"]["ports"] == [
        "127.0.0.1:1885:1885",
        "127.0.0.1:9885:9885",
        "127.0.0.2:9885:9885",
    ]


def test_no_secret_is_in_the_file() -> None:
    assert "password" not in FILE.read_text()
    assert "credentials" not in FILE.read_text()


def test_a_dollar_stays_one() -> None:
    text = render.text(settings(kafka_servers="kafka$1.example:9092"))

    assert '"kafka$$1.example:9092"' in text
    own = re.findall(r"(?<!\$)\$(?!\$)\S*?}", text)
    assert {*own} == {"${BASE_IMAGE:-debian:bookworm-slim}", "${IMAGE_TAG:-latest}"}


def test_the_proxy_gives_ingest_what_ingests_document_has() -> None:
    text = proxy.text(Settings(), None)

    (paths,) = re.findall(r"~\^\((.*)\)\$ ingest;", text)
    for path in ingest.openapi.document()["paths"]:
        assert re.fullmatch(paths, path.replace("{room}", "final")), path
    for path in ("/", "/v1/clients", "/v1/rooms/final/frame", "/v1/reactions/more"):
        assert not re.fullmatch(paths, path), path
    assert f"server unix:{socket_of(topology.INGEST)};" in text


def test_the_proxy_refuses_as_the_servers_do() -> None:
    text = proxy.text(Settings(), None)

    assert "error_page 413 = @body_too_large;" in text
    assert "error_page 502 = @unknown;" in text
    assert f'"help":"{Refusal.BODY_TOO_LARGE.help}"' in text
    assert "Retry-After 1 always" in text


def test_what_strangers_say_of_themselves_is_handed_on_if_proxies_say_it() -> None:
    handed_on = '~. "$http_x_forwarded_for, ";'

    alone, behind = (settings_inside(settings(web_proxies=n)) for n in (0, 1))
    assert (alone.web_proxies, behind.web_proxies) == (1, 2)
    assert handed_on not in proxy.text(alone, None)
    assert handed_on in proxy.text(behind, None)


def test_a_part_of_a_second_is_a_patience_that_the_proxy_knows() -> None:
    assert "client_header_timeout 2500ms;" in proxy.text(
        settings(web_head_within_s=2.5), None
    )


def test_who_comes_from_this_machine_is_known_as_such() -> None:
    assert "192.0.2.1 127.0.0.1;" in proxy.text(Settings(), "192.0.2.1")


def test_the_gateway_is_where_the_default_route_leads(tmp_path: Path) -> None:
    gateway_hex = f"{struct.unpack('=L', bytes([172, 18, 0, 1]))[0]:08X}"
    routes = tmp_path / "route"
    routes.write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\n"
        "eth0\t000012AC\t00000000\t0001\t0\n"
        f"eth0\t00000000\t{gateway_hex}\t0003\t0\n"
    )

    assert gateway.host_address(routes) == "172.18.0.1"
    routes.write_text("Iface\tDestination\tGateway\tFlags\n")
    assert gateway.host_address(routes) is None


@pytest.mark.parametrize("answers", [[True], [False, False, True]])
def test_a_part_is_well_as_soon_as_it_says_so(
    answers: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_FILE", tmp_path / "probe")
    monkeypatch.setattr(probe, "_WELL_UNTIL", tmp_path / "until")
    monkeypatch.setattr(probe, "_AGAIN_AFTER_S", 0.0)
    probe.leave(Answers(answers))

    assert not (tmp_path / "until").exists()
    assert probe.main() == 0
    now_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert 80 < int((tmp_path / "until").read_text()) - now_s < 151
    probe.leave(Answers(answers))
    assert not (tmp_path / "until").exists()


def test_a_part_that_does_not_say_so_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_FILE", tmp_path / "probe")
    monkeypatch.setattr(probe, "_WELL_UNTIL", tmp_path / "until")
    monkeypatch.setattr(probe, "ASKED_FOR_S", 0.0)
    probe.leave(Answers([]))

    assert probe.main() == 1
    assert not (tmp_path / "until").exists()


class Answers:
    """Says one after the other, and then no."""

    def __init__(self, answers: list[bool]) -> None:
        self._answers = answers

    def __call__(self) -> bool:
        return self._answers.pop(0) if self._answers else False


def test_every_probe_can_be_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_FILE", tmp_path / "probe")
    monkeypatch.setattr(probe, "_WELL_UNTIL", tmp_path / "until")
    inside = settings_inside(Settings())

    for process in topology.contained(inside, NOBODY, lambda _: None).parts:
        if hasattr(process, "ready"):
            probe.leave(process.ready)


def test_both_servers_show_the_document_of_both() -> None:
    document = wsgi.document()

    assert {"/v1/reactions", "/v1/clients"} <= document["paths"].keys()
