"""The seats' process: registered clients, and what they got.

`python -m clients.crowd.seats` reads an `Invitation` on stdin, then orders; it says
how things stand about each second, and what everybody got when they are to leave.
"""

import gc
import os
import resource
import sys
import time
from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from clients.crowd.hall import Hall
from clients.crowd.latency import latency
from clients.crowd.member import owed
from clients.crowd.pipe import Orders, first_line, say
from clients.crowd.seat import Seat
from clients.crowd.wire import (
    Attended,
    Invitation,
    Leave,
    Mark,
    Measure,
    Order,
    SeatedNow,
    Taps,
)
from clients.registrar import Registrar
from clients.server import clients_url, http_client
from clients.worker.wire import Join

_TELL_EVERY_S = 1.0
_NICENESS = 15
_COLLECTED_AFTER = (50_000, 20, 100)
"""Next to nothing here is in a ring: to look for that all the time is a waste."""


class Seats:
    """Serves a hall, and answers orders.

    Args:
        hall: Whose clients they are.
        steps_back: Whether all others go first from `Measure` on.
    """

    def __init__(self, hall: Hall, *, steps_back: bool) -> None:
        self._hall = hall
        self._is_leaving = False
        self._may_step_back = steps_back
        self._marked_s = float("-inf")
        self._orders = Orders(self._take)
        self._file = sys.stdin.fileno()
        hall.poller.listen(self._file, self._read)
        self._begin_to_measure()

    def run(self) -> None:
        """Serve until all are to leave, then say what they got."""
        while not self._is_leaving:
            say(self._seated())
            self._hall.serve(_TELL_EVERY_S)
        busy_s = time.process_time() - self._cpu_s
        say(self._attended(busy_s, time.monotonic() - self._began_s))

    def _read(self) -> None:
        if not self._orders.feed(os.read(self._file, 4096)):
            os._exit(1)  # nobody is there any more to tell

    def _take(self, order: Order) -> None:
        match order:
            case Leave():
                self._is_leaving = True
            case Mark(at_s=at_s):
                self._marked_s = at_s
                self._hall.book.mark(self._marked_s)
            case Measure():
                self._hall.book.measure()
                self._step_back()
                self._begin_to_measure()

    def _step_back(self) -> None:
        """Let what the system still has to send come before what is read here.

        A thousand real clients have processors of their own; the kernel notes when a
        frame came. Before all have joined, others wait for what is done here.
        """
        if self._may_step_back:
            self._may_step_back = False
            os.nice(_NICENESS)

    def _begin_to_measure(self) -> None:
        self._cpu_s, self._began_s = time.process_time(), time.monotonic()
        self._messages = self._hall.poller.messages

    def _seated(self) -> SeatedNow:
        hall = self._hall
        served = sum(seat.is_served for seat in hall.here)
        return SeatedNow(
            expected=len(hall.here),
            joined=served,
            clients_joined=sum(seat.is_served for seat in hall.clients),
            ever_joined=len(hall.joins),
            frames=hall.book.frames,
            deliveries=hall.book.deliveries,
            total=hall.book.newest,
            moves=hall.moves + sum(seat.moves for seat in hall.here),
            reconnects=hall.reconnects + sum(seat.reconnects for seat in hall.here),
            put_out=hall.put_out,
            problem=hall.problem or hall.put_off_for,
            is_hopeless=hall.is_hopeless,
        )

    def _attended(self, busy_s: float, lasted_s: float) -> Attended:
        hall, book = self._hall, self._hall.book
        here = [*hall.here]
        not_joined = hall.not_joined
        members = [seat.member for seat in here]
        not_newer = self._not_newer(here)
        unserved = sum(seat.is_lost for seat in here)
        lost = [one for one in members if one.was_lost_after(self._marked_s)]
        hall.close()
        owed_from_s, owed_until_s = owed(members, book.made_s)
        return Attended(
            members=len(hall.joins),
            not_joined=not_joined,
            put_out=hall.put_out,
            problem=hall.problem or (hall.put_off_for if not_joined else ""),
            frames=book.frames,
            deliveries=book.deliveries,
            missed=hall.gone.frames,
            missed_by=hall.gone.missed_by,
            missed_away=hall.gone.away,
            total=book.newest,
            moves=hall.moves,
            reconnects=hall.reconnects,
            joins=latency(hall.joins),
            relay=book.relay.latency(),
            spread=book.spread(),
            arrivals=book.arrivals(),
            everywhere=book.everywhere(),
            reach=book.reach(),
            relayed=book.relayed(),
            last_s=book.last_s,
            lag_s=book.lag_s,
            put_off=hall.put_off,
            lost=len(lost),
            unserved=unserved,
            newer_lost=book.newer(lost),
            newer=book.newer(members),
            not_newer=not_newer,
            connects_busiest=self._busiest(hall.connects),
            reached_busiest=self._busiest(hall.poller.reached),
            owed_from_s=owed_from_s,
            owed_until_s=owed_until_s,
            taps=[_taps(seat) for seat in hall.clients],
            cpu_share=busy_s / lasted_s,
            us_per_message=busy_s / max(1, hall.poller.messages - self._messages) * 1e6,
        )

    def _busiest(self, times_s: Iterable[float]) -> int:
        return busiest_second([at_s for at_s in times_s if at_s >= self._marked_s])

    def _not_newer(self, seats: list[Seat]) -> int:
        was_there = [
            seat.member
            for seat in seats
            if any(since_s < self._marked_s for since_s, _ in seat.member.was_there)
            or (seat.member.since_s or self._marked_s) < self._marked_s
        ]
        return sum(one.newer_s is None for one in was_there)


def busiest_second(times_s: list[float]) -> int:
    """Return how many of these are in the second that has most."""
    ordered = sorted(times_s)
    return max(
        (at - bisect_left(ordered, last_s - 1) for at, last_s in enumerate(ordered, 1)),
        default=0,
    )


def _taps(seat: Seat) -> Taps:
    return Taps([*seat.member.totals], [*seat.member.arrived_s])


def main() -> None:
    """Do what the invitation on stdin says."""
    invitation = msgspec.json.decode(first_line(), type=Invitation)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    place = clients_url(invitation.url)
    with http_client(place) as http:
        registrar = Registrar(http, place, Join(room=invitation.room))
        seats = Seats(Hall(invitation, registrar), steps_back=invitation.steps_back)
        gc.freeze()
        gc.set_threshold(*_COLLECTED_AFTER)
        seats.run()
    os._exit(0)  # threads that still wait for an answer are not waited for


if __name__ == "__main__":
    main()
