"""Single rules of a room, each in a room of its own."""

import time
import uuid
from contextlib import ExitStack
from functools import partial

import httpx
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.system.crowd import Crowd, answer_to, now_ms, post, reactions
from tests.system.observer import FRAME_WITHIN_S, Frame, Observer
from tests.system.stack import WINDOW_S, Stack

WINDOW_MS = WINDOW_S * 1000


def test_the_last_window_of_a_burst_comes_without_more_traffic(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    crowd = Crowd(http, room)
    with Observer(stack.cluster_ports[0], room) as observer:
        for _ in range(10):
            crowd.react(*["🔥"] * 500)
        frame = observer.wait_for_total(5000)

    assert frame["totals"] == {"🔥": 5000}


def test_an_emoji_that_pauses_within_its_window_still_stands_in_the_frame(
    stack: Stack, http: httpx.Client
) -> None:
    """Two emoji of one window, far enough apart for a trigger between them.

    On a slow machine the first frame may come when its window is over: then once more.
    """
    deadline = time.monotonic() + FRAME_WITHIN_S
    while time.monotonic() < deadline:
        frames = one_after_another(stack, http, f"pause-{uuid.uuid4().hex}")
        if len({frame["window_start_ms"] for frame in frames}) == 1:
            assert [frame["counts"] for frame in frames] == [
                {"😮": 2},
                {"😮": 2, "👏": 1},
            ]
            assert frames[0]["seq"] < frames[1]["seq"]
            return
    pytest.skip("here a frame takes longer than a window, each time")


def one_after_another(stack: Stack, http: httpx.Client, room: str) -> list[Frame]:
    """React as a window begins, and again once the frame of that is here."""
    crowd = Crowd(http, room)
    with Observer(stack.cluster_ports[0], room) as observer:
        time.sleep((WINDOW_MS - now_ms() % WINDOW_MS) / 1000)
        crowd.react("😮", "😮")
        first = observer.wait_for_total(2)
        crowd.react("👏")
        return [first, observer.wait_for_total(3)]


def test_two_rooms_do_not_mix(stack: Stack, http: httpx.Client, room: str) -> None:
    left, right = Crowd(http, f"{room}-l"), Crowd(http, f"{room}-r")
    with Observer(stack.cluster_ports[1]) as observer:
        for _ in range(20):
            left.react("❤️", "😂")
            right.react("😂", "😡", "😡")
        for crowd in (left, right):
            assert last_frame(observer, crowd)["totals"] == crowd.book


def last_frame(observer: Observer, crowd: Crowd) -> Frame:
    total = crowd.book.total()
    return observer.wait_for(
        lambda frame: frame["room"] == crowd.room and frame["total"] >= total
    )


def test_a_room_that_is_not_named_is_main(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    with Observer(stack.cluster_ports[0], "main") as observer:
        body, key = reactions(["🎉"])[0], {"Idempotency-Key": room}
        answer = answer_to(lambda: http.post("/v1/reactions", json=body, headers=key))
        frame = observer.wait_for(lambda frame: "🎉" in frame["counts"])

    assert answer.status_code == 202
    assert frame["room"] == "main"


@pytest.mark.parametrize(
    "protocol", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311]
)
def test_a_late_viewer_of_any_cluster_gets_the_newest_frame_at_once(
    stack: Stack, http: httpx.Client, room: str, protocol: MQTTProtocolVersion
) -> None:
    crowd = Crowd(http, room)
    with ExitStack() as watching:
        early = [
            watching.enter_context(Observer(port, room)) for port in stack.cluster_ports
        ]
        crowd.react("❤️")
        newest = [observer.wait_for_total(1) for observer in early]

    for port, frame in zip(stack.cluster_ports, newest, strict=True):
        with Observer(port, room, protocol) as late:
            late.wait_for_total(1)
            assert late.retained == [frame]


def test_a_batch_sent_five_times_under_its_key_counts_once(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    body, key = reactions(["❤️"] * 7), uuid.uuid4().hex
    crowd = Crowd(http, room)
    with Observer(stack.cluster_ports[2], room) as observer:
        for _ in range(5):
            answer = answer_to(lambda: post(http, room, body, key=key))
            assert answer.status_code == 202
            time.sleep(WINDOW_S / 3)  # in one trigger with another, and in others
        crowd.react("👏")  # all that came before it is counted with it
        frame = observer.wait_for(lambda frame: "👏" in frame["totals"])

    assert frame["totals"] == {"❤️": 7, "👏": 1}


def test_another_body_under_the_same_key_is_another_batch(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    with Observer(stack.cluster_ports[0], room) as observer:
        for size in (1, 2):
            body = reactions(["🎉"] * size)
            answer = answer_to(partial(post, http, room, body, key="same"))
            assert answer.status_code == 202
        observer.wait_for_total(3)
