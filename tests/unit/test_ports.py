from compose.ports import Wanted, clashes, table
from compose.processes import PortClaim, Process


def test_every_port_of_every_process_is_in_the_table() -> None:
    broker = Process(
        name="cluster-1",
        command=("mosquitto",),
        ready=lambda: True,
        ports=(
            PortClaim(1885, "EMOSTREAM_CLUSTER_PORT"),
            PortClaim(9885, "EMOSTREAM_W"),
        ),
    )

    assert table([broker]) == [
        Wanted(1885, "cluster-1", "EMOSTREAM_CLUSTER_PORT"),
        Wanted(9885, "cluster-1", "EMOSTREAM_W"),
    ]


def test_it_is_told_which_ports_a_network_reaches_too() -> None:
    web = Process(
        name="web",
        command=("web",),
        ready=lambda: True,
        ports=(PortClaim(8080, "EMOSTREAM_HTTP_PORT", "wall.example"),),
    )

    assert table([web]) == [Wanted(8080, "web", "EMOSTREAM_HTTP_PORT", "wall.example")]


def test_a_port_wanted_twice_is_told_with_both_settings() -> None:
    wanted = [Wanted(1884, "main", "MAIN"), Wanted(1884, "cluster-1", "CLUSTER")]

    assert clashes(wanted) == [
        "port 1884 is wanted by main and cluster-1: change MAIN or CLUSTER"
    ]


def test_a_port_beyond_the_last_is_told() -> None:
    (complaint,) = clashes([Wanted(65536, "cluster-2", "CLUSTER")])

    assert "65536, which does not exist: lower CLUSTER" in complaint


def test_different_ports_do_not_clash() -> None:
    assert clashes([Wanted(1884, "main", "MAIN"), Wanted(1885, "c", "C")]) == []
