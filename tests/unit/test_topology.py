from pathlib import Path

import pytest

from compose import topology
from compose.native import DOWN_WITHIN_S, System
from compose.processes import layers, process_layers
from compose.settings import Settings, variable


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path, clusters=3)


def native(settings: Settings) -> System:
    return topology.native(settings, say=lambda _: None)


def order(system: System) -> dict[str, int]:
    return {
        part.name: index
        for index, layer in enumerate(layers(system.parts))
        for part in layer
    }


def test_everything_on_the_path_of_a_reaction_is_there(settings: Settings) -> None:
    names = {process.name for process in native(settings).processes}

    assert names == {
        *("kafka", "stream", "bridge", "web", "mosquitto-main"),
        *("cluster-1", "cluster-2", "cluster-3"),
        *(
            f"cluster-{cluster}-worker-{worker}"
            for cluster in (1, 2, 3)
            for worker in (1, 2, 3)
        ),
    }


def test_what_uses_topics_starts_after_them_and_they_after_kafka(
    settings: Settings,
) -> None:
    at = order(native(settings))

    assert at["kafka-format"] < at["kafka"] < at["topics"]
    for user in ("stream", "bridge", "web"):
        assert at["topics"] < at[user]
    for user in ("bridge", "web", "cluster-1", "cluster-3"):
        assert at["mosquitto-main"] < at[user]
    assert at["cluster-3"] < at["cluster-3-worker-1"]


def test_a_kafka_elsewhere_is_used_and_none_started(settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"kafka_servers": "kafka:9092"})

    at = order(native(elsewhere))

    assert "kafka" not in at
    assert "kafka-format" not in at
    assert at["topics"] < at["web"]


def test_each_port_is_moved_by_a_setting_that_exists(settings: Settings) -> None:
    known = {variable(name) for name in Settings.model_fields}
    claims = [
        claim for process in native(settings).processes for claim in process.ports
    ]

    assert {claim.setting for claim in claims} <= known
    assert len({claim.port for claim in claims}) == len(claims)


def test_clusters_listen_side_by_side(settings: Settings) -> None:
    ports = {p.name: [c.port for c in p.ports] for p in native(settings).processes}

    assert ports["cluster-1"] == [settings.cluster_port, settings.cluster_ws_port]
    assert ports["cluster-3"] == [
        settings.cluster_port + 2,
        settings.cluster_ws_port + 2,
    ]


def test_a_stop_ends_in_time_though_one_of_each_layer_hangs(settings: Settings) -> None:
    stopping = process_layers(native(settings).parts)
    supervisor_notices_s = 1  # once a second it looks what has ended

    longest = [max(process.stop_within_s for process in layer) for layer in stopping]

    assert sum(longest) + len(longest) * supervisor_notices_s <= DOWN_WITHIN_S


def test_secrets_are_in_files_that_only_their_owner_reads(settings: Settings) -> None:
    files = {file.path.name: file for file in native(settings).files}
    secret = [name for name in files if name.endswith((".passwd", ".conf"))]

    assert secret
    for name in secret:
        assert files[name].mode == 0o600


def test_the_same_settings_give_the_same_files(settings: Settings) -> None:
    assert native(settings).files == native(settings).files
