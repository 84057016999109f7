"""Whatever is tapped, repeated and killed, in whatever order: each reaction once.

Hypothesis draws the order, always the same one; TEST_SEED=8 tries another.
"""

import os
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.integration.processes import accepts
from tests.system.crowd import post, reactions
from tests.system.observer import Observer, position
from tests.system.stack import RETURNS_WITHIN_S, Stack, listeners_on

SEED = int(os.environ.get("TEST_SEED", "15"))
EMOJI = ("❤️", "😂", "🔥", "👏", "😮")
PAUSES_S = (0.0, 0.3, 1.0, 3.0)
LONG_S = 3600
BALANCED = ("unreadable", "late", "overdue", "difference")

CLUSTER = "CLUSTER_PORT"
PARTS = (
    "HTTP_PORT",
    "KAFKA_PORT",
    "STREAM_METRICS_PORT",
    "BRIDGE_METRICS_PORT",
    "AUDITOR_PORT",
    "MAIN_PORT",
    CLUSTER,
)
"""Each by the setting that says where it listens."""


@dataclass(slots=True)
class Batch:
    """A POST: the same bytes under the same key, however often it is sent."""

    key: str
    body: list[dict[str, Any]]
    emoji: Counter[str]
    is_accepted: bool = False


class AnyOrder(RuleBasedStateMachine):
    """Keeps the book of one room, while people react there and parts are killed."""

    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        super().__init__()
        self._stack, self._http = stack, http
        self._room = f"room-{uuid.uuid4().hex[:12]}"
        self._batches: list[Batch] = []
        self._is_ill = True
        """Whether something may have changed since all was well."""
        self._watching = ExitStack()
        self._observers = [
            self._watching.enter_context(Observer(port, self._room))
            for port in stack.cluster_ports
        ]
        _say(f"a new room, {self._room}")

    @rule(emoji=st.lists(st.sampled_from(EMOJI), min_size=1, max_size=20))
    def tap(self, emoji: list[str]) -> None:
        """Send a batch once, whatever comes of it."""
        batch = Batch(uuid.uuid4().hex, reactions(emoji), Counter(emoji))
        self._batches.append(batch)
        self._post(batch)

    @precondition(lambda self: self._batches)
    @rule(which=st.integers(min_value=0, max_value=999), times=st.integers(1, 3))
    def repeat(self, which: int, times: int) -> None:
        """Send a batch again, whether it was answered or not."""
        batch = self._batches[which % len(self._batches)]
        for _ in range(times):
            self._post(batch)

    @rule(part=st.sampled_from(PARTS), which=st.integers(0, 2))
    def kill(self, part: str, which: int) -> None:
        """Kill -9 a part, if it is there; what is to start it again is left alone."""
        _say(f"kill who listens on {part}")
        self._is_ill = True
        for process in listeners_on(self._port_of(part, which)):
            with suppress(psutil.NoSuchProcess):
                process.kill()

    @rule(seconds=st.sampled_from(PAUSES_S))
    def be_idle(self, seconds: float) -> None:
        """Let time pass, and whatever is under way."""
        time.sleep(seconds)

    @rule()
    def heal(self) -> None:
        """Let everything return, and repeat what has no answer: then T is A."""
        if not self._is_ill:
            return
        _say("heal")
        if not self._batches:
            self.tap([EMOJI[0]])  # else there is nothing to see
        for batch in self._batches:
            if not batch.is_accepted:
                self._until(partial(self._post, batch))
        book = self._sent()
        for port in self._stack.cluster_ports:
            self._until(partial(accepts, port))
            with Observer(port, self._room) as observer:
                frame = observer.wait_for_total(book.total(), RETURNS_WITHIN_S)
            assert frame["totals"] == book
        self._until(self._is_balanced)
        self._is_ill = False

    @invariant()
    def no_more_is_shown_than_was_sent(self) -> None:
        """Hold T ≤ A + I at every cluster at any time, and no total falls."""
        for observer in self._observers:
            totals = [one["total"] for one in sorted([*observer.frames], key=position)]
            assert totals == sorted(totals)
            assert not totals or totals[-1] <= self._sent().total()

    def teardown(self) -> None:
        """Heal what is still ill."""
        with self._watching:
            self.heal()
            self.no_more_is_shown_than_was_sent()

    def _sent(self) -> Counter[str]:
        return sum((batch.emoji for batch in self._batches), Counter())

    def _post(self, batch: Batch) -> bool:
        """Post once; tell whether the batch is stored for certain."""
        self._is_ill = True
        try:
            answer = post(self._http, self._room, batch.body, key=batch.key)
        except httpx.TransportError as error:
            _say(f"no answer: {error!r}")
            return False
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            _say(f"put off: {answer.text}")
            return False
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        assert answer.json() == {"accepted": len(batch.body), "rejected": []}
        batch.is_accepted = True
        return True

    def _is_balanced(self) -> bool:
        """Tell whether the ledger says the same as the book."""
        try:
            answer = self._http.get(f"/v1/rooms/{self._room}/ledger")
        except httpx.TransportError:
            return False
        if answer.status_code != httpx.codes.OK:
            return False
        line, total = answer.json()["sum"], self._sent().total()
        _say(f"ledger {line}")
        return line["stored"] - line["repeated"] == line["counted"] == total and [
            line[name] for name in BALANCED
        ] == [0] * len(BALANCED)

    def _port_of(self, part: str, which: int) -> int:
        if part == CLUSTER:
            return self._stack.cluster_ports[which]
        return self._stack.port_of(part)

    def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + RETURNS_WITHIN_S
        while not done():
            assert time.monotonic() < deadline, f"not in {RETURNS_WITHIN_S} s"
            time.sleep(0.3)


@pytest.mark.parametrize(
    ("examples", "steps"),
    [
        (2, 14),
        pytest.param(6, 30, marks=[pytest.mark.long, pytest.mark.timeout(LONG_S)]),
    ],
)
def test_each_reaction_counts_once_whatever_happens(
    stack: Stack, http: httpx.Client, examples: int, steps: int
) -> None:
    class Here(AnyOrder):
        def __init__(self) -> None:
            super().__init__(stack, http)

    run_state_machine_as_test(
        seed(SEED)(Here),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=[Phase.generate],  # what fails takes minutes: it is not made smaller
            database=None,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        ),
    )


def _say(words: str) -> None:
    """Tell what happens, for when the test fails."""
    print(f"{time.strftime('%H:%M:%S')} {words}")
