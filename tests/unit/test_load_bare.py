"""Viewers of a bare broker are let know of the time as those of a crowd are."""

from collections import Counter

from tests.load.crowds.bare_viewers import SHARES, TURN_S, Shares

VIEWERS = 3 * SHARES + 7


class Viewer:
    def __init__(self, number: int, ticked: list[int]) -> None:
        self._number, self._ticked = number, ticked

    def tick(self) -> None:
        self._ticked.append(self._number)


def test_each_is_told_once_while_all_have_their_turn_and_only_a_share_at_a_time() -> (
    None
):
    shares, ticked = Shares(0.0), list[int]()
    for number in range(VIEWERS):
        shares.add(Viewer(number, ticked))
    at_a_time = list[int]()
    for _ in range(SHARES):
        before = len(ticked)
        shares.let_time_pass(shares.due_s)
        at_a_time.append(len(ticked) - before)

    assert set(Counter(ticked).values()) == {1}
    assert len(ticked) == len(shares) == VIEWERS
    assert max(at_a_time) - min(at_a_time) <= 1


def test_before_a_turn_is_due_nobody_is_told() -> None:
    shares, ticked = Shares(0.0), list[int]()
    for number in range(VIEWERS):
        shares.add(Viewer(number, ticked))

    for _ in range(SHARES):
        shares.let_time_pass(TURN_S / 2)

    assert len(ticked) < VIEWERS / SHARES + 1
