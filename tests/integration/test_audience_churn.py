"""Clients come and go at random while frames flow: who is counted, who gets what."""

import random
from collections import Counter
from pathlib import Path

from clients.worker.wire import Join
from tests.frames import frame
from tests.integration.audience_clients import Attendee
from tests.integration.audience_crowd import Crowd, crowd
from tests.integration.fleet import Audience, Fleet, audience_of, fleet

ROOMS = [f"room-{number}" for number in range(6)]
ROUNDS = 120
ROUND_S = 0.25
NEW_EPOCH_AT = 60
"""A lost checkpoint: `seq` begins anew, in a higher epoch."""

COMING, GOING = 8, 5
"""As many as come and go in a round, at most."""


class Churn:
    """A crowd of which each round some come and some go."""

    def __init__(self, served_by: Fleet, turned: Crowd, seed: int) -> None:
        self.staying: list[Attendee] = []
        self.going: list[Attendee] = []
        self.gone: list[tuple[Attendee, int]] = []
        """Who has left, and the last frame before that."""
        self.total = 0
        """The frames of each room so far: all rooms have as many."""
        self._fleet, self._crowd = served_by, turned
        self._dice = random.Random(seed)
        self._came = 0

    def round(self) -> None:
        """Have one frame in each room, and some clients coming and going."""
        self.total += 1
        epoch, before = (2, NEW_EPOCH_AT) if self.total > NEW_EPOCH_AT else (1, 0)
        seq = self.total - before
        for room in ROOMS:
            made = frame(room, seq, self.total, epoch=epoch, total=self.total)
            self._fleet.play(made)
        for _ in range(self._dice.randint(0, COMING)):
            self._come()
        served = [one for one in self.staying if one.is_served]
        for one in self._dice.sample(
            served, min(len(served), self._dice.randint(0, GOING))
        ):
            self.staying.remove(one)
            self.going.append(one)
        self._crowd.turn_for(ROUND_S)
        self.let_go()

    def let_go(self) -> bool:
        """Let those go who have what was sent so far; tell whether all have gone."""
        for one in [*self.going]:
            if one.total >= self.total:
                self.going.remove(one)
                self.gone.append((one, self.total))
                self._dice.choice([one.leave, one.cut])()
        return not self.going

    def _come(self) -> None:
        self._came += 1
        profile = self._dice.choice(["full", "full", "full", "lite"])
        self.staying.append(
            Attendee(
                self._crowd,
                f"client-{self._came}",
                self._fleet.ports,
                Join(self._dice.choice(ROOMS), profile),
                newest=lambda: self.total,
            )
        )


def missed(one: Attendee, last: int) -> set[int]:
    """Return what a client was not sent of what came while it was served."""
    assert one.since is not None
    return {*range(one.since + 1, last + 1)} - one.totals


def counted(audience: Audience) -> dict[str, dict[str, int]]:
    """Return the members of each room by profile."""
    sums: dict[str, dict[str, int]] = {}
    for (room, profile), number in Counter(audience.values()).items():
        sums.setdefault(room, {})[profile] = number
    return sums


def test_members_seen_are_members_true_and_nobody_misses_a_frame(
    tmp_path: Path,
) -> None:
    with fleet(tmp_path) as served_by, crowd() as turned:
        churn = Churn(served_by, turned, seed=5)
        for _ in range(ROUNDS):
            churn.round()
        turned.turn_until(churn.let_go, "leave")
        turned.turn_until(
            lambda: all(one.total == churn.total for one in churn.staying),
            "newest frame for everybody",
        )

        true = audience_of(churn.staying)
        turned.turn_until(lambda: served_by.members() == true, "true members")
        turned.turn_until(
            lambda: served_by.relayed_rooms() == counted(true), "true numbers"
        )
        served = [(one, churn.total) for one in churn.staying] + churn.gone

        assert len(churn.gone) > ROUNDS / 2
        assert len(true) > COMING
        for one, last in served:
            assert one.join.profile == "lite" or not missed(one, last), one.client_id
            positions = [frame.position for frame in one.came]
            assert positions == sorted(positions), one.client_id
        assert not [one.losses for one, _ in served if one.losses]


def test_who_comes_to_a_quiet_room_gets_its_newest_frame(tmp_path: Path) -> None:
    """Also who is not the room's first, or not in its profile."""
    with fleet(tmp_path) as served_by, crowd() as turned:
        served_by.play(*(frame(room, 1, 1, total=1) for room in ROOMS))
        came: list[Attendee] = []
        for wave, profile in enumerate(["full", "full", "lite"]):
            for number, room in enumerate(ROOMS * 2):
                join, client_id = Join(room, profile), f"client-{wave}-{number}"
                came.append(Attendee(turned, client_id, served_by.ports, join))

            turned.turn_until(
                lambda: all(one.total == 1 for one in came), "newest frame"
            )


def test_relays_and_rooms_go_with_their_last_members(tmp_path: Path) -> None:
    with fleet(tmp_path) as served_by, crowd() as turned:
        came = [
            Attendee(turned, f"client-{number}", served_by.ports, Join(room))
            for number, room in enumerate(ROOMS * 4)
        ]
        served_by.play(*(frame(room, 1, 1, total=1) for room in ROOMS))
        turned.turn_until(lambda: all(one.total == 1 for one in came), "newest frame")
        assert served_by.kept("relay/#")
        for number, one in enumerate(came):
            (one.leave, one.cut)[number % 2]()

        turned.turn_until(lambda: not served_by.members(), "end of the members")
        turned.turn_until(lambda: not served_by.kept("relay/#"), "end of the relays")
        turned.turn_until(lambda: served_by.relayed_rooms() == {}, "end of the rooms")
