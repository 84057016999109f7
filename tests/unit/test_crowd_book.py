import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.crowd.book import Book, Sight
from clients.crowd.latency import Reservoir
from clients.crowd.member import UNDER_WAY_S, Member

EPOCH = "2026-11-20T18:00:00.000Z"
END_S = 10_000.0


class Room:
    """A book, and members that come, get frames, and go."""

    def __init__(self) -> None:
        self.book = Book()
        self.members: list[Member] = []

    def member(self, since_s: float | None = 0.0, *, keeps: bool = False) -> Member:
        made = Member(keeps)
        if since_s is not None:
            made.come(since_s)
        self.members.append(made)
        return made

    def frame(  # noqa: PLR0913 - all but the first have a usual value
        self,
        seq: int,
        at_s: float,
        *to: Member,
        cluster: str = "one",
        retained: bool = False,
        took_s: float = 0.0,
        made_s: float | None = None,
    ) -> None:
        """A frame is sent at a time, and comes to some."""
        made = at_s if made_s is None else made_s
        number = self.book.number((EPOCH, seq, seq), made)
        sight = Sight(number, total=seq * 10, worker_s=at_s)
        for member in to:
            self.book.take(member, cluster, sight, at_s + took_s, retained=retained)

    def missed(self, end_s: float = END_S) -> tuple[int, int, int]:
        """Have all leave; return frames missed, by how many, and while away."""
        for member in self.members:
            member.go(end_s)
        found = self.book.missed(self.members)
        return found.frames, found.missed_by, found.away


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_frame_that_one_got_is_missed_by_each_that_was_there(room: Room) -> None:
    whole, some = room.member(), room.member()
    room.frame(1, 1.0, whole, some)
    room.frame(2, 2.0, whole)
    room.frame(3, 3.0, whole)

    assert room.missed() == (2, 1, 0)


def test_who_came_later_or_left_before_missed_nothing(room: Room) -> None:
    whole, late, early = room.member(), room.member(5.0), room.member()
    room.frame(1, 4.0, whole, early)
    early.go(4.5)
    room.frame(2, 6.0, whole, late)

    assert room.missed() == (0, 0, 0)


@pytest.mark.parametrize(("left_after_s", "missed"), [(-0.1, 0), (0.1, 1)])
def test_who_leaves_while_a_frame_is_under_way_need_not_have_it(
    room: Room, left_after_s: float, missed: int
) -> None:
    whole, leaver = room.member(), room.member()
    room.frame(1, 5.0, whole)
    leaver.go(5.0 + UNDER_WAY_S + left_after_s)

    assert room.missed()[0] == missed


def test_what_was_missed_can_be_summed_up_in_parts(room: Room) -> None:
    whole, found = room.member(), []
    for turn in range(100):
        guest = room.member(10.0 * turn)
        for seq in range(5):
            at_s = 10.0 * turn + seq + 1
            room.frame(5 * turn + seq, at_s, whole, *([guest] if seq else []))
        guest.go(10.0 * turn + 9)
        found.append(room.book.missed([guest]).frames)

    assert found == [1] * 100
    assert room.book.frames == 500
    assert room.missed() == (100, 100, 0)


def test_what_arrived_first_and_was_read_late_is_still_owed(room: Room) -> None:
    whole, guest = room.member(), room.member(6.5)
    room.frame(2, 7.0, whole)
    room.frame(1, 6.0, whole)
    guest.go(20.0)

    assert room.book.missed([guest]).frames == 1


def test_who_left_before_a_frame_came_to_anybody_did_not_miss_it(room: Room) -> None:
    whole, leaver = room.member(), room.member()
    leaver.go(13.0)
    room.frame(1, 15.0, whole, made_s=10.0)

    assert room.missed() == (0, 0, 0)


def test_frames_of_a_gap_are_told_apart(room: Room) -> None:
    whole, other = room.member(), room.member()
    room.frame(1, 1.0, whole, other)
    other.go(5.0)
    room.frame(2, 6.0, whole)
    other.come(7.0)
    room.frame(3, 8.0, whole)
    room.frame(4, 12.0, whole, other)

    assert room.missed() == (1, 1, 1)


def test_what_comes_after_a_connection_was_lost_for_good_came_while_away(
    room: Room,
) -> None:
    whole, lost = room.member(), room.member()
    lost.go(5.0)
    for seq in (1, 2, 3):
        room.frame(seq, 6.0 + seq, whole)
    lost.leave(8.5 + UNDER_WAY_S)
    lost.leave(END_S)  # as all do in the end

    assert room.missed() == (0, 0, 2)


def test_a_frame_that_comes_in_a_gap_and_is_got_later_is_not_missed(
    room: Room,
) -> None:
    whole, other = room.member(), room.member()
    other.go(5.0)
    room.frame(1, 6.0, whole)
    other.come(7.0)
    room.frame(1, 7.1, other, retained=True)

    assert room.missed() == (0, 0, 0)


def test_to_come_again_while_one_is_there_changes_nothing(room: Room) -> None:
    whole, mover = room.member(), room.member()
    mover.come(5.0)  # on the next connection, before the first is left
    room.frame(1, 4.0, whole)

    assert room.missed() == (1, 1, 0)


def test_what_was_only_kept_for_newcomers_is_owed_to_nobody(room: Room) -> None:
    room.member()
    newcomer = room.member(5.0)
    room.frame(1, 5.1, newcomer, retained=True)

    assert room.missed() == (0, 0, 0)
    assert room.book.frames == 0


def test_an_old_frame_that_is_sent_to_the_first_of_a_slot_is_owed_to_nobody(
    room: Room,
) -> None:
    room.member(5.0)
    first = room.member(5.1)
    room.frame(1, 5.2, first, made_s=1.0)

    assert room.missed() == (0, 0, 0)


def test_a_clock_that_is_wrong_excuses_nobody(room: Room) -> None:
    whole, _ = room.member(100.0), room.member(100.0)
    room.frame(1, 200.0, whole, made_s=300.0)
    room.frame(2, 201.0, whole, made_s=1.0)

    assert room.missed(end_s=250.0) == (2, 1, 0)


def test_what_comes_twice_counts_once(room: Room) -> None:
    one = room.member()
    room.frame(1, 1.0, one)
    room.frame(1, 3.0, one)

    assert room.book.deliveries == 1


def test_a_frame_spreads_from_its_first_arrival_to_its_last(room: Room) -> None:
    near, far, other = (room.member() for _ in range(3))
    for seq in (1, 2):
        room.frame(seq, seq + 0.0, near)
        room.frame(seq, seq + 0.0, far, took_s=0.03)
        room.frame(seq, seq + 0.05, other, cluster="two")
    room.frame(2, 9.0, room.member(8.0))  # to whom it was sent again

    arrivals, everywhere = room.book.arrivals(), room.book.everywhere()
    assert arrivals
    assert everywhere
    assert (arrivals.n, everywhere.n) == (4, 2)
    assert arrivals.max_ms == pytest.approx(30)
    assert everywhere.max_ms == pytest.approx(50)


def test_workers_spread_from_the_first_that_sends_to_the_last(room: Room) -> None:
    one, two = room.member(), room.member()
    for seq in (1, 2):
        room.frame(seq, seq + 0.0, one, took_s=0.1)
        room.frame(seq, seq + 0.02, two, took_s=0.1)

    spread, relay = room.book.spread(), room.book.relay.latency()
    assert spread
    assert relay
    assert spread.max_ms == pytest.approx(20)
    assert relay.p50_ms == pytest.approx(100)


def test_a_frame_reaches_its_last_member_from_its_making_and_from_its_first_worker(
    room: Room,
) -> None:
    near, far = room.member(), room.member()
    for seq in (1, 2):
        room.frame(seq, seq + 0.02, near, made_s=seq + 0.0)
        room.frame(seq, seq + 0.05, far, took_s=0.03, cluster="two", made_s=seq + 0.0)

    reach, relayed = room.book.reach(), room.book.relayed()
    assert reach
    assert relayed
    assert reach.max_ms == pytest.approx(80)
    assert relayed.max_ms == pytest.approx(60)
    assert room.book.last_s == pytest.approx(2.08)


def test_who_was_lost_before_the_mark_was_not_lost_by_what_came_then(
    room: Room,
) -> None:
    before, then, never = room.member(), room.member(), room.member()
    before.go(4.0)
    before.come(4.5)
    then.go(6.0)
    then.come(7.0)

    lost = [member.was_lost_after(5.0) for member in (before, then, never)]
    assert lost == [False, True, False]


def test_what_came_before_measuring_is_in_no_latency_but_can_be_missed(
    room: Room,
) -> None:
    one, two = room.member(), room.member()
    room.frame(1, 1.0, one, took_s=0.5)
    room.book.measure()
    for seq in (2, 3):
        room.frame(seq, seq + 0.0, one, two, took_s=0.1)
    room.frame(1, 1.0, room.member(), took_s=5.0)

    relay = room.book.relay.latency()
    assert relay
    assert relay.max_ms == pytest.approx(100)
    assert room.book.frames == 3
    assert room.missed() == (3, 2, 0)


def test_only_who_taps_keeps_when_it_saw_which_total_and_both_rise(
    room: Room,
) -> None:
    tapper, viewer = room.member(keeps=True), room.member()
    for seq, at_s in ((1, 1.0), (3, 2.0), (2, 2.5), (4, 3.0), (0, 3.5)):
        room.frame(seq, at_s, tapper, viewer)

    assert [*tapper.totals] == [10, 30, 40]
    assert [*tapper.arrived_s] == [1.0, 2.0, 3.0]
    assert len(viewer.totals) == 0
    assert room.book.newest == 40


def test_after_a_mark_the_first_newer_frame_counts(room: Room) -> None:
    quick, slow = room.member(), room.member()
    room.frame(1, 1.0, quick, slow)
    room.frame(2, 2.0, quick)
    room.book.mark(5.0)
    room.frame(2, 6.0, slow)  # no newer than what there was
    room.frame(3, 7.0, quick)
    room.frame(4, 9.0, quick, slow)

    newer = room.book.newer(room.members)
    assert newer
    assert newer.n == 2
    assert newer.max_ms == pytest.approx(4000)
    assert quick.newer_s == 7.0


def test_what_came_between_a_mark_and_its_being_told_is_newer(room: Room) -> None:
    one = room.member()
    room.frame(1, 1.0, one)
    room.frame(2, 6.0, one)
    room.book.mark(5.0)
    room.frame(2, 6.5, room.member())
    room.frame(2, 6.5, room.member())

    newer = room.book.newer(room.members)
    assert newer
    assert newer.n == 2


def test_a_reservoir_is_a_fair_sample_and_says_how_many_there_were() -> None:
    reservoir = Reservoir(most=1000)
    for number in range(50_000):
        reservoir.add(number / 1000)

    found = reservoir.latency()
    assert found
    assert found.n == 50_000
    assert len(reservoir) == 1000
    assert found.p50_ms == pytest.approx(25_000, rel=0.2)
    reservoir.clear()
    assert reservoir.latency() is None


stays = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0.1, 50)), min_size=1, max_size=4
)


@given(st.lists(st.tuples(stays, st.sets(st.integers(0, 19))), min_size=1, max_size=5))
def test_what_is_missed_is_what_was_owed_and_did_not_come(
    members: list[tuple[list[tuple[float, float]], set[int]]],
) -> None:
    room, owed = Room(), 0
    witness = room.member(-1.0)
    begun_s = [5.0 * seq for seq in range(20)]
    for seq in range(20):
        room.frame(seq, begun_s[seq], witness)
    for spells, got in members:
        member, now_s, was_there = room.member(None), 0.0, []
        for away_s, there_s in spells:
            since_s = now_s + away_s
            now_s = since_s + there_s
            was_there.append((since_s, now_s))
        for seq in got:
            room.frame(seq, begun_s[seq], member, retained=True)
        for since_s, left_s in was_there:
            member.come(since_s)
            member.go(left_s)
        owed += sum(
            seq not in got
            and any(a < begun_s[seq] < b - UNDER_WAY_S for a, b in was_there)
            for seq in range(20)
        )

    assert room.missed()[0] == owed
