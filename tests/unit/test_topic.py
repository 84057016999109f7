import random

import pytest

from mosquitto import topic
from mosquitto.topic import BadClientId, BadName, Wish

LETTERS = "aZ0_-/+#$%c. é\0\n"


@pytest.mark.parametrize("client_id", ["a", "A-b_9", "x" * 64])
def test_an_id_that_means_nothing_to_a_broker_may_join(client_id: str) -> None:
    assert topic.check_client_id(client_id) == client_id
    assert topic.wish_of(topic.client_join(client_id)) == (client_id, Wish.JOIN)


@pytest.mark.parametrize(
    "client_id",
    [
        "",
        "x" * 65,
        "a/b",
        "+",
        "#",
        "$SYS",
        "a+b",
        "%c",
        "a\0",
        "a\n",
        "é",
        "a b",
        "a.b",
        "٣",
    ],
)
def test_any_other_id_may_not(client_id: str) -> None:
    with pytest.raises(BadClientId, match="is not a client id"):
        topic.check_client_id(client_id)

    assert topic.wish_of(topic.client_join(client_id)) is None
    assert topic.member_of(topic.member("1", client_id)) is None


def test_no_generated_id_passes_for_another() -> None:
    dice = random.Random(5)
    for _ in range(10_000):
        client_id = "".join(dice.choices(LETTERS, k=dice.randint(1, 70)))
        for wish in (topic.client_join, topic.client_leave, topic.client_evict):
            heard = topic.wish_of(wish(client_id))
            assert heard is None or heard[0] == client_id


@pytest.mark.parametrize("wish", Wish)
def test_a_wish_is_read_as_it_is_spelt(wish: Wish) -> None:
    spelt = {
        Wish.JOIN: topic.client_join,
        Wish.LEAVE: topic.client_leave,
        Wish.EVICT: topic.client_evict,
    }
    assert topic.wish_of(spelt[wish]("ann")) == ("ann", wish)


@pytest.mark.parametrize(
    "other",
    ["clients/ann/assignment", "clients/ann", "clients/ann/join/x", "x/ann/join"],
)
def test_what_is_no_wish_is_none(other: str) -> None:
    assert topic.wish_of(other) is None


def test_what_a_topic_tells_of_is_what_it_was_built_of() -> None:
    assert topic.room_of(topic.room_frame("final")) == "final"
    assert topic.member_of(topic.member("63", "ann")) == ("63", "ann")
    assert topic.worker_of(topic.worker_status("c-1", "w-1")) == ("c-1", "w-1")
    assert topic.linked_cluster(topic.cluster_link("c-1")) == "c-1"


@pytest.mark.parametrize(
    "other",
    ["rooms/final/moment", "members/x/ann", "workers/c/w/status/x", "clusters/C/link"],
)
def test_a_topic_of_another_kind_tells_of_nothing(other: str) -> None:
    readers = (topic.room_of, topic.member_of, topic.worker_of, topic.linked_cluster)

    assert [read(other) for read in readers] == [None] * 4


def test_an_answer_goes_to_its_place_or_one_level_below() -> None:
    place = topic.client_assignment("ann")

    assert topic.is_at_or_below(place, place)
    assert topic.is_at_or_below(f"{place}/1", place)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "clients/ann/assignments",
        "clients/ann",
        "clients/anna/assignment",
        "clients/ann/assignment/1/2",
        "clients/ann/assignment/+",
        "clients/ann/assignment/#",
        "clients/ann/assignment/1+",
        "x/clients/ann/assignment",
        "",
    ],
)
def test_an_answer_goes_nowhere_else(elsewhere: str) -> None:
    assert not topic.is_at_or_below(elsewhere, topic.client_assignment("ann"))


@pytest.mark.parametrize("name", ["", "C", "a/b", "+", "x" * 33, "-a", "a\n"])
def test_a_name_that_no_topic_can_have_is_refused(name: str) -> None:
    with pytest.raises(BadName, match="is not a name"):
        topic.check_name(name)
