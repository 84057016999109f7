"""What the operator's commands print, and what they read for it."""

from pathlib import Path

import pytest

from compose import banner, logtail
from compose.layout import Layout, PathTooLong
from compose.running import NothingNoted, differences, note, noted
from compose.scaling import drains
from compose.settings import Settings


def test_the_commands_that_up_prints_have_the_real_ports(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, http_port=18080, cluster_port=11885)

    text = banner.ready_text(settings)

    assert "curl http://127.0.0.1:18080/v1/reactions --json '{" in text
    for port in (11885, 11886, 11887):
        assert f"mosquitto_sub -h 127.0.0.1 -t rooms/main/frame -p {port}" in text
    assert "tap ❤️ --url http://127.0.0.1:18080" in text
    assert "watch --broker 127.0.0.1:11885" in text
    assert "join --url http://127.0.0.1:18080" in text
    assert f"EMOSTREAM_STATE_DIR={tmp_path}" in text
    assert str(tmp_path / "log") in text


def test_with_the_defaults_commands_are_short() -> None:
    defaults = {name: about.default for name, about in Settings.model_fields.items()}

    text = banner.ready_text(Settings.model_validate(defaults))

    assert "tap ❤️\n" in text
    assert "watch\n" in text
    assert "join  # as a registered client\n" in text
    assert "EMOSTREAM_STATE_DIR" not in text


def test_the_end_of_a_log_is_what_was_written_since(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("before\n")
    begin = logtail.size(log)
    log.write_text("before\none\ntwo\nthree\n")

    assert logtail.tail(log, lines=2, since=begin) == ["two", "three"]
    assert logtail.tail(log, lines=9, since=begin) == ["one", "two", "three"]


def test_a_log_that_was_rotated_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("new\n")

    assert logtail.tail(log, lines=5, since=1000) == ["new"]


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert logtail.size(tmp_path / "no.log") == 0
    assert logtail.tail(tmp_path / "no.log", lines=5) == []


def test_a_folder_too_deep_for_a_socket_is_told_with_its_setting(
    tmp_path: Path,
) -> None:
    deep = Layout(tmp_path / ("x" * 100))

    with pytest.raises(PathTooLong, match="EMOSTREAM_STATE_DIR"):
        deep.make()

    assert not deep.root.exists()


def test_what_the_system_runs_with_is_read_back(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    settings = Settings(state_dir=tmp_path, clusters=7)

    note(layout, settings)

    assert noted(layout) == settings


def test_without_a_note_the_system_has_to_go_down_first(tmp_path: Path) -> None:
    with pytest.raises(NothingNoted, match="`down` first"):
        noted(Layout(tmp_path))


def test_each_setting_that_differs_is_told_and_how_to_apply_it() -> None:
    old, new = (
        Settings(cluster_port=1885, http_port=8080),
        Settings(cluster_port=2885, http_port=8080),
    )

    assert differences(old, new) == [
        "EMOSTREAM_CLUSTER_PORT is '2885', but what runs was started with '1885'",
        "To apply: `down`, then `up`.",
    ]
    assert differences(old, old) == []


def test_what_can_be_changed_while_it_runs_is_told_with_its_command() -> None:
    old, new = Settings(clusters=3, workers=3), Settings(clusters=4, workers=2)

    assert differences(old, new) == [
        f"EMOSTREAM_{name.upper()} is '{wanted}', but what runs has '3':"
        f" `emostream scale --{name} {wanted}` changes that."
        for name, wanted in (("clusters", 4), ("workers", 2))
    ]


def test_the_commands_that_up_prints_leave_a_drained_cluster_out(
    tmp_path: Path,
) -> None:
    settings = Settings(state_dir=tmp_path, cluster_port=11885)
    drain = drains.as_stopped(drains.begun("cluster-2", 0))

    drains.add(Layout(tmp_path), drain)

    text = banner.ready_text(settings)
    assert "-p 11885  # cluster-1" in text
    assert "-p 11887  # cluster-3" in text
    assert "cluster-2" not in text
