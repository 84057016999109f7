import pytest

from mosquitto.acl import (
    ANYONE,
    OPERATOR,
    OWN,
    WEB,
    WORKER,
    Access,
    Right,
    cluster_rights,
    main_rights,
)
from mosquitto.matrix import cell, inserted, tables

ON_MAIN, ON_CLUSTER = main_rights(["c"]), cluster_rights("c")


@pytest.mark.parametrize(
    ("user", "filter_", "shown"),
    [
        (ANYONE, "rooms/+/frame", "r"),
        (ANYONE, "members/+/+", "-"),
        (ANYONE, f"clients/{OWN}/join", "w"),
        (ANYONE, "clients/+/join", "-"),
        (WORKER, "clients/+/join", "rw"),
        (WORKER, "clients/+/assignment", "w"),
        (WORKER, f"clients/{OWN}/assignment", "rw"),
        (WORKER, "workers/+/+/status", "-"),
        (WORKER, "workers/c/+/status", "rw"),
        (OPERATOR, "clients/+/evict", "rw"),
        (OPERATOR, "workers/c/+/status", "r"),
    ],
)
def test_a_cell_shows_what_all_rights_of_a_user_allow_together(
    user: str, filter_: str, shown: str
) -> None:
    assert cell(ON_CLUSTER, user, filter_) == shown


def test_who_writes_only_is_not_shown_to_read() -> None:
    assert cell(ON_MAIN, OPERATOR, "control/move") == "rw"
    assert cell(ON_MAIN, WEB, "control/move") == "r"
    assert cell(ON_MAIN, "edge-c", "clusters/c/link") == "w"


@pytest.mark.parametrize("rights", [ON_MAIN, ON_CLUSTER], ids=["main", "cluster"])
def test_everybody_and_everything_that_is_granted_is_shown(rights: list[Right]) -> None:
    shown = tables().replace("{own id}", OWN).replace("{cluster}", "c")

    for right in rights:
        assert right.access is Access.DENY or f"| `{right.filter}` |" in shown
        assert f"| {right.user or 'anybody'} |" in shown


def test_tables_replace_the_older_ones_and_nothing_else() -> None:
    once = inserted(
        "before\n<!-- rights: written by `python -m mosquitto` -->\nold\n"
        "<!-- end of rights -->\nafter\n"
    )

    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert inserted(once) == once
