"""Joins as nobody sends them by chance: ids, rooms, payloads, response topics."""

import random
from dataclasses import dataclass

from clients.worker.profiles import PROFILES
from clients.worker.wire import Join

LETTERS = "aZ09_-"
HOSTILE_LETTERS = LETTERS + "/$%. é\u202e\U0001f525"
HOSTILE_IDS = [
    *("+", "#", "/", "$SYS", "a/b", "victim/join", "victim/", "/victim", "../victim"),
    *("%c", "victim ", "VICTIM", "clients", "x" * 64, "x" * 65, "x" * 2000),
]
ROOMS = ["main", "final", "a", "0-0", "x" * 63]
BAD_ROOMS = [
    *("", "+", "#", "/", "a/b", "final/", "$SYS", "Final", "é", "-a", "x" * 64, "a\0b"),
]
BAD_PROFILES = ["", "+", "#", "full/x", "FULL", "lite\0", "huge", "../full"]
BAD_PAYLOADS = [
    *(b"{", b"\xff\xfe", b"null", b"[]", b"0", b'"final"', b'{"room":1}', b"\0"),
    *(b'{"room":null}', b"[" * 10_000, b'{"room":"\\ud800"}', b'{"profile":["lite"]}'),
    b'{"room":"' + b"x" * 15_000 + b'"}',
]


@dataclass(frozen=True, slots=True)
class Asked:
    """A join as it is sent, and whose member its sender is by it."""

    payload: bytes
    makes: Join | None


class Generator:
    """Makes strangers and what they ask for, the same in each run."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def client_id(self, number: int) -> str:
        letters = self._dice.choice([LETTERS, LETTERS, HOSTILE_LETTERS])
        made = "".join(self._dice.choices(letters, k=self._dice.randint(1, 70)))
        return HOSTILE_IDS[number] if number < len(HOSTILE_IDS) else made

    def asked(self) -> Asked:
        room, profile = self._dice.choice(ROOMS), self._dice.choice([*PROFILES])
        good = Join(room, profile)
        return self._dice.choice(
            [
                Asked(good.encode(), good),
                Asked(b"", Join("main", "full")),
                Asked(b'{"new":{"er":1}}', Join("main", "full")),
                Asked(self._dice.choice(BAD_PAYLOADS), None),
                Asked(Join(self._dice.choice(BAD_ROOMS), profile).encode(), None),
                Asked(Join(room, self._dice.choice(BAD_PROFILES)).encode(), None),
            ]
        )

    def reply_to(self, own: str) -> str:
        places = [
            *("", own, f"{own}/1", f"{own}/", f"{own}/a/b", f"{own}s", f"{own}/é"),
            *(
                "clients/healthy/assignment",
                "clients/healthy/join",
                "members/1/healthy",
            ),
            *("relay/1/final/full", "rooms/final/frame", "$SYS/x", "/", "x" * 500),
            *("workers/cluster-1/worker-1/status", f"{own}/$SYS", f"{own}/{'x' * 99}"),
        ]
        return self._dice.choice(places)

    def is_retained(self) -> bool:
        return self._dice.random() < 0.1

    def correlation(self) -> bytes:
        return self._dice.randbytes(self._dice.choice([0, 8, 200, 1500]))
