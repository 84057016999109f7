from pathlib import Path

from compose.kafka import format_command, server_properties, start_command


def properties() -> dict[str, str]:
    text = server_properties(port=1, controller_port=2, data_dir=Path("/data"))
    return dict(line.split("=", 1) for line in text.splitlines())


def test_kafka_listens_on_loopback_only() -> None:
    listeners = properties()["listeners"].split(",")

    assert [one.rpartition(":")[0] for one in listeners] == [
        "PLAINTEXT://127.0.0.1",
        "CONTROLLER://127.0.0.1",
    ]


def test_one_node_is_enough_for_every_topic_of_its_own() -> None:
    known = properties()
    factors = {v for k, v in known.items() if k.endswith(("replication.factor", "isr"))}

    assert factors == {"1"}


def test_a_topic_is_never_made_by_asking_for_it() -> None:
    assert properties()["auto.create.topics.enable"] == "false"


def test_formatting_leaves_a_formatted_folder_alone() -> None:
    command = format_command(Path("/jars"), Path("/p"), "an-id")

    assert "--ignore-formatted" in command
    assert command[command.index("-t") + 1] == "an-id"


def test_the_heap_is_what_was_chosen() -> None:
    command = start_command(Path("/jars"), Path("/p"), Path("/l"), heap_mb=300)

    assert "-Xmx300m" in command
