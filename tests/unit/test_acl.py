import pytest

from mosquitto import topic
from mosquitto.acl import (
    ANYONE,
    BRIDGE,
    OPERATOR,
    OWN,
    WEB,
    WORKER,
    Access,
    Right,
    cluster_rights,
    edge_user,
    main_rights,
    render,
)

CLUSTERS = ["cluster-1", "cluster-2"]
MATRICES = [main_rights(CLUSTERS), cluster_rights("cluster-1")]


def filters(rights: list[Right], user: str, access: Access) -> set[str]:
    return {
        right.filter
        for right in rights
        if right.user == user and right.access in (access, Access.BOTH)
    }


@pytest.mark.parametrize("rights", MATRICES)
def test_nobody_is_granted_everything(rights: list[Right]) -> None:
    assert not [right for right in rights if right.filter.startswith(("#", "+"))]


def test_nobody_without_a_name_has_any_right_on_main() -> None:
    assert not [right for right in main_rights(CLUSTERS) if right.user == ANYONE]


def test_only_the_bridge_writes_frames_to_main() -> None:
    writers = {
        right.user
        for right in main_rights(CLUSTERS)
        if right.filter == topic.room_frame("+") and right.access != Access.READ
    }
    assert writers == {BRIDGE}


def test_nobody_on_a_cluster_writes_what_flows_down_from_main() -> None:
    written = {
        right.filter
        for right in cluster_rights("cluster-1")
        if right.access != Access.READ
    }
    assert not [one for one in written if one.startswith(("rooms/", "control/"))]


def test_an_edge_writes_its_own_health_and_nothing_else() -> None:
    written = filters(main_rights(CLUSTERS), edge_user("cluster-2"), Access.WRITE)

    assert written == {"workers/cluster-2/+/status", "clusters/cluster-2/link"}


def test_a_stranger_writes_nothing_but_its_own_join_and_leave() -> None:
    written = filters(cluster_rights("cluster-1"), ANYONE, Access.WRITE)

    assert written == {f"clients/{OWN}/join", f"clients/{OWN}/leave"}


def test_only_workers_and_the_operator_put_a_client_out() -> None:
    writers = {
        right.user
        for right in cluster_rights("cluster-1")
        if right.filter == topic.client_evict("+") and right.access != Access.READ
    }
    assert writers == {WORKER, OPERATOR}


def test_what_a_worker_hears_of_clients_it_may_also_clear() -> None:
    rights = cluster_rights("cluster-1")
    wishes = {f"clients/+/{wish}" for wish in topic.Wish}

    for access in (Access.READ, Access.WRITE):
        assert wishes <= filters(rights, WORKER, access)


def test_a_stranger_reads_no_wish_and_no_membership() -> None:
    read = filters(cluster_rights("cluster-1"), ANYONE, Access.READ)

    assert not [one for one in read if one.startswith("members/")]
    assert {one for one in read if one.startswith("clients/")} == {
        f"clients/{OWN}/assignment",
        f"clients/{OWN}/assignment/+",
    }


def test_what_is_denied_comes_first_and_is_for_strangers_only() -> None:
    rights = cluster_rights("cluster-1")
    denied = [right for right in rights if right.access is Access.DENY]

    assert rights[: len(denied)] == denied
    assert {right.user for right in denied} == {ANYONE}


def test_a_worker_writes_the_status_of_its_own_cluster_only() -> None:
    written = filters(cluster_rights("cluster-1"), WORKER, Access.WRITE)

    assert topic.worker_status("cluster-1", "+") in written
    assert topic.worker_status("+", "+") not in written


@pytest.mark.parametrize("user", [WEB, OPERATOR])
def test_who_looks_after_the_system_sees_links_and_workers(user: str) -> None:
    read = filters(main_rights(CLUSTERS), user, Access.READ)

    assert {topic.cluster_link("+"), topic.worker_status("+", "+")} <= read


def test_rights_without_a_user_come_first_and_patterns_last() -> None:
    text = render(
        [
            Right(ANYONE, Access.READ, "a/+"),
            Right("ann", Access.BOTH, "b"),
            Right(ANYONE, Access.WRITE, f"c/{OWN}"),
        ]
    )

    assert text == (
        "topic read a/+\n\nuser ann\ntopic readwrite b\n\npattern write c/%c\n"
    )
