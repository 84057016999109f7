from pathlib import Path

import pytest

from compose import brokers, topology
from compose.layout import Layout
from compose.native import DOWN_WITHIN_S
from compose.processes import System, layers, process_layers
from compose.scaling import drains
from compose.settings import BadSetting, Settings, variable


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
        *("kafka", "stream", "bridge", "auditor", "web", "mosquitto-main"),
        *("cluster-1", "cluster-2", "cluster-3"),
        *(
            f"cluster-{cluster}-worker-{worker}"
            for cluster in (1, 2, 3)
            for worker in (1, 2, 3)
        ),
    }


def test_processes_do_not_listen_to_a_network(settings: Settings) -> None:
    open_to_all = settings.model_copy(update={"bind_host": "0.0.0.0"})  # noqa: S104

    with pytest.raises(BadSetting, match="EMOSTREAM_BIND_HOST is for containers"):
        native(open_to_all)


def test_the_scaler_runs_where_it_is_wanted_and_after_all_others(
    settings: Settings,
) -> None:
    wanted = settings.model_copy(update={"auto_scale": True})

    others = {process.name for process in native(settings).processes}
    at = order(native(wanted))

    assert at.keys() - order(native(settings)).keys() == {"scaler"}
    assert at["scaler"] > max(at[name] for name in others)


def test_what_uses_topics_starts_after_them_and_they_after_kafka(
    settings: Settings,
) -> None:
    at = order(native(settings))

    assert at["kafka-format"] < at["kafka"] < at["topics"]
    for user in ("stream", "bridge", "auditor", "web"):
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
    supervisor_notices_s = 0.2  # it is asked ten times a second what has ended

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


def test_a_cluster_and_a_worker_more_change_nothing_of_the_others(
    settings: Settings,
) -> None:
    more = settings.model_copy(update={"clusters": 4, "workers": 4})

    before, after = (
        {one.name: (one.command, one.environment) for one in native(size).processes}
        for size in (settings, more)
    )

    assert {name: after[name] for name in before} == before
    assert all(brokers.is_clusters(name) for name in after.keys() - before.keys())
    assert not any(map(brokers.is_clusters, ("web", "kafka", "cluster-1-x", "reviver")))


def test_a_worker_knows_its_cluster_though_the_system_began_with_fewer(
    settings: Settings,
) -> None:
    for process in native(settings).processes:
        if "-worker-" in process.name:
            cluster = process.name.partition("-worker-")[0]
            began = settings.model_copy(update={"clusters": 1}).as_environment()
            read = Settings.from_environment({**began, **process.environment})
            assert cluster in brokers.cluster_names(read)


def test_a_drained_clusters_processes_are_at_rest(settings: Settings) -> None:
    drain = drains.begun("cluster-2", 0)
    drains.add(Layout(settings.state_dir), drain)
    assert native(settings).at_rest == set()

    drains.add(Layout(settings.state_dir), drains.as_stopped(drain))

    resting = {"cluster-2", *(f"cluster-2-worker-{number}" for number in (1, 2, 3))}
    assert native(settings).at_rest == resting
    wanted = {part.name for part in native(settings).wanted}
    assert not resting & wanted
    layers(native(settings).wanted)  # and nothing that runs needs them
