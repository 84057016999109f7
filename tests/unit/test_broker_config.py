import stat
from pathlib import Path
from typing import Any

import pytest

from compose.brokers import broker_files, broker_users, cluster_names, config_path
from compose.credentials import Credentials
from compose.settings import CLUSTERS_MAX, WORKERS_MAX, BadSetting, Settings
from mosquitto.brokers import VIEWERS_MAX, cluster_broker
from mosquitto.config import Broker, Listener, Pull
from mosquitto.examples import FOLDER, examples
from mosquitto.password import password_line

REFRESH = "the committed example is old: run `python -m mosquitto`"


@pytest.mark.parametrize("name", examples())
def test_the_committed_examples_are_current(name: str) -> None:
    assert (FOLDER / name).read_text() == examples()[name], REFRESH


def broker(pull: Pull | None = None) -> Broker:
    return Broker(
        title="a broker",
        listeners=(Listener(1885), Listener(9885, websockets=True)),
        acl_file=Path("/x/acl"),
        password_file=Path("/x/passwd"),
        anonymous=True,
        queued_max=8,
        pull=pull,
    )


def test_every_broker_keeps_nothing_and_lets_duplicates_pass() -> None:
    lines = broker().render().splitlines()

    assert "persistence false" in lines
    assert "allow_duplicate_messages true" in lines


def test_a_listener_is_on_loopback_and_names_its_protocol() -> None:
    text = broker().render()

    assert "listener 1885 127.0.0.1\nsocket_domain ipv4\nprotocol mqtt\n" in text
    assert "listener 9885 127.0.0.1\nsocket_domain ipv4\nprotocol websockets\n" in text


@pytest.mark.parametrize(
    ("told", "limit"), [({}, VIEWERS_MAX), ({"connections_max": 7}, 7)]
)
def test_a_cluster_lets_in_as_many_as_it_is_told_or_one_core_serves(
    told: dict[str, Any], limit: int
) -> None:
    pull = Pull("cluster-1", "127.0.0.1:1884", "secret", "00ff")
    described = cluster_broker(
        port=1, websocket_port=2, folder=Path("/x"), user="", pull=pull, **told
    )

    lines = described.render().splitlines()
    assert lines.count(f"max_connections {limit}") == 2


def test_no_topic_flows_both_ways() -> None:
    pull = Pull("cluster-1", "127.0.0.1:1884", "secret", "00ff")
    flows = [line for line in pull.lines() if line.startswith("topic")]

    assert flows == [
        "topic rooms/# in 0",
        "topic control/# in 0",
        "topic workers/cluster-1/+/status out 0",
    ]


def test_a_password_line_has_the_form_that_mosquitto_reads() -> None:
    line = password_line("ann", "secret", salt=bytes(12))

    user, _, digest = line.partition(":")
    assert user == "ann"
    assert digest.split("$")[1:4] == ["7", "101", "AAAAAAAAAAAAAAAA"]
    assert "secret" not in line


def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path, clusters=2, main_port=2000, cluster_port=2001)


def credentials(chosen: Settings) -> Credentials:
    return Credentials.load_or_make(chosen.state_dir, broker_users())


def test_each_cluster_has_its_own_ports_and_its_own_name_on_main(
    tmp_path: Path,
) -> None:
    chosen = settings(tmp_path)
    made = credentials(chosen)
    texts = {file.path: file.text for file in broker_files(chosen, made)}

    second = texts[config_path(chosen, "cluster-2")]
    assert "listener 2002 127.0.0.1" in second
    assert f"listener {chosen.cluster_ws_port + 1} 127.0.0.1" in second
    assert "address 127.0.0.1:2000" in second
    assert "remote_username edge-cluster-2" in second
    assert f"remote_clientid edge-cluster-2-{made.instance}" in second


def test_clusters_look_for_main_where_the_settings_say(tmp_path: Path) -> None:
    chosen = settings(tmp_path).model_copy(update={"main_host": "main.example"})
    texts = {file.path: file.text for file in broker_files(chosen, credentials(chosen))}

    assert "address main.example:2000" in texts[config_path(chosen, "cluster-1")]


def test_a_password_stands_in_clear_only_where_its_user_needs_it(
    tmp_path: Path,
) -> None:
    chosen = settings(tmp_path)
    made = credentials(chosen)
    edges = {f"edge-{name}" for name in cluster_names(chosen)}
    files = broker_files(chosen, made)

    for user, password in made.passwords.items():
        holders = {file.path.name for file in files if password in file.text}
        own = f"{user.removeprefix('edge-')}.conf"
        assert holders == ({own} if user in edges else set())


def test_broker_files_are_for_their_owner_only(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    files = broker_files(chosen, credentials(chosen))

    for file in files:
        file.write()

    modes = {stat.S_IMODE(file.path.stat().st_mode) for file in files}
    assert modes == {0o600}


def test_a_public_host_opens_websockets_there_and_nothing_else(
    tmp_path: Path,
) -> None:
    closed = settings(tmp_path)
    open_ = closed.model_copy(update={"public_host": "127.0.0.2"})
    before, after = (
        {file.path: file.text for file in broker_files(chosen, credentials(chosen))}
        for chosen in (closed, open_)
    )

    websockets = "socket_domain ipv4\nprotocol websockets\n"
    for index, name in enumerate(cluster_names(open_)):
        port = open_.cluster_ws_port + index
        before_text, text = (
            texts.pop(config_path(open_, name)) for texts in (before, after)
        )
        assert f"listener {port} 127.0.0.1\n{websockets}" in text
        assert text.count("127.0.0.2") == 1
        assert f"listener {port} 127.0.0.2\n{websockets}" in text
        assert "127.0.0.2" not in before_text
    assert after == before


def test_a_public_host_that_is_no_address_of_ours_is_refused(tmp_path: Path) -> None:
    elsewhere = settings(tmp_path).model_copy(update={"public_host": "203.0.113.7"})

    with pytest.raises(BadSetting, match=r"PUBLIC_HOST=203\.0\.113\.7 is no address"):
        broker_files(elsewhere, credentials(elsewhere))


def test_the_same_settings_give_the_same_files(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    made = credentials(chosen)

    assert broker_files(chosen, made) == broker_files(chosen, made)


def test_a_cluster_more_changes_nothing_at_main(tmp_path: Path) -> None:
    few = settings(tmp_path)
    many = few.model_copy(update={"clusters": CLUSTERS_MAX, "workers": WORKERS_MAX})
    before, after = (
        [
            file
            for file in broker_files(chosen, credentials(chosen))
            if "main." in file.path.name
        ]
        for chosen in (few, many)
    )

    assert len(before) == 3
    assert before == after
