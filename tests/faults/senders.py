"""Those who react, as two processes of their own, and the book of what they say.

Nothing of the product runs in them. A process that dies leaves its book behind: what
it had sent and knew no answer of is unknown.
"""

import json
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

from tests.faults.book import Book, Ledger

ROOMS = 3
PROCESSES = 2

HELD_WITHIN_S = 90.0
"""A batch is repeated for 40 s, and its last answer may take ten."""

_ROOT = Path(__file__).parents[2]
_POLL_S = 0.02
_MODULE = [sys.executable, "-m", "tests.faults.sender"]


class SenderGone(Exception):
    """A sender ended by itself, which none ever should."""


class _Process:
    """One sender, and what it has on its way."""

    def __init__(self, command: list[str], hear: Callable[[list[Any]], None]) -> None:
        self._running = subprocess.Popen(
            command,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for its parent
        )
        self.keys: set[str] = set()
        self.is_held = threading.Event()
        self._hear = hear
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def has_ended(self) -> bool:
        return self._running.poll() is not None

    def order(self, words: str) -> None:
        assert self._running.stdin
        self._running.stdin.write(words.encode() + b"\n")
        self._running.stdin.flush()

    def kill(self) -> None:
        """End it as a crash does, and hear its last words."""
        self._running.kill()
        self._running.wait()
        self._reading.join()
        assert self._running.stdin
        self._running.stdin.close()

    def _read(self) -> None:
        assert self._running.stdout
        lines: IO[bytes] = self._running.stdout
        with lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    return  # it was killed while it spoke; nothing was sent yet
                said = json.loads(line)
                if said == ["held"]:
                    self.is_held.set()
                    continue
                (self.keys.add if said[0] == "sent" else self.keys.discard)(said[1])
                self._hear(said)


class Senders:
    """All who react: silent until `release`, and while they are held."""

    def __init__(self, url: str, seed: int, rooms: int = ROOMS) -> None:
        self.url = url
        self.rooms = tuple(f"fire-{uuid.uuid4().hex[:8]}" for _ in range(rooms))
        self._seed, self._started = seed, 0
        self._ledger, self._lock = Ledger(), threading.Lock()
        self._processes: list[_Process] = []
        self._is_going = False

    def __enter__(self) -> Self:
        """Start them."""
        for _ in range(PROCESSES):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        """End them, whatever is on its way."""
        for process in self._processes:
            process.kill()

    def release(self) -> None:
        """Let them react."""
        self._is_going = True
        self.order("go")

    def hold(self, within_s: float = HELD_WITHIN_S) -> None:
        """Let nobody begin anything, and wait until the fate of everything is known.

        Raises:
            SenderGone: If one has ended by itself.
            TimeoutError: If that takes longer.
        """
        self._is_going = False
        for process in self._processes:
            process.is_held.clear()
        self.order("hold")
        deadline = time.monotonic() + within_s
        while not self._are_held():
            if time.monotonic() > deadline:
                raise TimeoutError(f"senders had no answer within {within_s:.0f} s")
            time.sleep(_POLL_S)

    def order(self, words: str) -> None:
        """Tell all of them: `copies 100`, `clock -86400000`.

        Raises:
            SenderGone: If one has ended by itself.
        """
        for process in self._processes:
            if process.has_ended:
                raise SenderGone(f"a sender ended by itself, process {process.pid}")
            process.order(words)

    def kill_one(self) -> None:
        """Kill -9 one of them, and start another in its place."""
        process = self._processes.pop(0)
        process.kill()
        with self._lock:
            for key in process.keys:
                self._ledger.settled(key, "unknown", time.monotonic())
        self._start()

    def book(self) -> Book:
        """Add up what became of everything since the last cut."""
        with self._lock:
            return self._ledger.book(self.rooms)

    def cut(self) -> None:
        """Begin the book anew."""
        with self._lock:
            self._ledger.cut()

    def may_be_stored(self, until_s: float) -> Counter[str]:
        """Return the reactions first sent until then that a total may have, by room."""
        with self._lock:
            return self._ledger.may_be_stored(until_s)

    def accepted_after(self, at_s: float) -> int:
        """Return the reactions whose 202 came after a moment."""
        with self._lock:
            return self._ledger.accepted_after(at_s)

    def longest_silence_s(self, since_s: float, until_s: float) -> float:
        """Return the longest time in which there was no 202."""
        with self._lock:
            return self._ledger.longest_silence_s(since_s, until_s)

    def _start(self) -> None:
        self._started += 1
        seed = f"{self._seed}-{self._started}"
        process = _Process([*_MODULE, self.url, seed, *self.rooms], self._hear)
        self._processes.append(process)
        if self._is_going:
            process.order("go")

    def _are_held(self) -> bool:
        held = all(process.is_held.is_set() for process in self._processes)
        with self._lock:
            return held and not self._ledger.on_their_way()

    def _hear(self, said: list[Any]) -> None:
        with self._lock:
            match said:
                case ["sent", key, at_s, room, emoji]:
                    self._ledger.sent(key, room, Counter(emoji), at_s)
                case [fate, key, at_s]:
                    self._ledger.settled(key, fate, at_s)
