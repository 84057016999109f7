import signal
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import psutil
import pytest

from tests.system.crowd import Crowd, answer_to
from tests.system.observer import Observer
from tests.system.stack import Stack, listeners_on


@pytest.fixture
def edge(stack: Stack) -> Iterator[psutil.Process]:
    """The broker of cluster-2; it runs on after the test, whatever that did."""
    yield from broker_at(stack.cluster_ports[1])


@pytest.fixture
def main(stack: Stack) -> Iterator[psutil.Process]:
    """The main broker, likewise."""
    yield from broker_at(stack.main_port)


def broker_at(port: int) -> Iterator[psutil.Process]:
    [process] = listeners_on(port)
    yield process
    if process.is_running():
        process.send_signal(signal.SIGCONT)


def test_an_edge_that_hangs_and_dies_is_no_matter_to_the_others(
    stack: Stack, http: httpx.Client, room: str, edge: psutil.Process
) -> None:
    crowd = Crowd(http, room)
    with ExitStack() as watching:
        first, second, third = (
            watching.enter_context(Observer(port, room)) for port in stack.cluster_ports
        )
        crowd.react("🔥")
        second.wait_for_total(1)

        edge.send_signal(signal.SIGSTOP)
        crowd.react("🔥", "❤️")
        for observer in (first, third):
            assert observer.wait_for_total(3)["totals"] == crowd.book
        assert max(frame["total"] for frame in second.frames) == 1

        edge.kill()  # the runner starts it again, and viewers come back by themselves
        assert second.wait_for_total(3)["totals"] == crowd.book
        crowd.react("❤️")
        for observer in (first, second, third):
            assert observer.wait_for_total(4)["totals"] == crowd.book


def test_without_main_reactions_are_stored_and_shown_when_it_is_back(
    stack: Stack, http: httpx.Client, room: str, main: psutil.Process
) -> None:
    crowd = Crowd(http, room)
    with Observer(stack.cluster_ports[0], room) as observer:
        main.send_signal(signal.SIGSTOP)
        crowd.react("🔥", "❤️")
        ready = answer_to(lambda: http.get("/readyz"))
        assert ready.status_code == httpx.codes.OK

        main.send_signal(signal.SIGCONT)
        assert observer.wait_for_total(2)["totals"] == crowd.book
