from collections import Counter

from tests.faults.book import Book
from tests.faults.promises import is_settled, judged
from tests.faults.sight import Shown, Sight

ROOM = "final"
BEFORE = {ROOM: Counter({"❤️": 10})}


def frame(seq: int, **totals: int) -> Shown:
    counts = Counter(
        {{"heart": "❤️", "fire": "🔥"}[one]: n for one, n in totals.items()}
    )
    return Shown(ROOM, ("epoch", seq, 0), counts.total(), counts)


def sight(*frames: Shown, who: str = "somebody") -> Sight:
    viewer = Sight(who)
    for at_s, one in enumerate(frames):
        viewer.take(one, at_s)
    return viewer


def book(accepted: dict[str, int], unknown: dict[str, int] | None = None) -> Book:
    return Book({ROOM: Counter(accepted)}, {ROOM: Counter(unknown or {})})


def test_what_was_accepted_since_the_trial_began_is_what_must_be_shown() -> None:
    sights = {ROOM: [sight(frame(1, heart=15))]}
    verdict = judged(book({"❤️": 5}), BEFORE, sights)

    assert is_settled(book({"❤️": 5}), BEFORE, sights)
    assert (verdict.lost, verdict.twice, verdict.broken) == (0, 0, ())


def test_one_that_is_missing_is_lost_and_one_too_many_counted_twice() -> None:
    sights = {ROOM: [sight(frame(1, heart=14, fire=2))]}
    verdict = judged(book({"❤️": 5, "🔥": 1}), BEFORE, sights)

    assert (verdict.lost, verdict.twice) == (1, 1)
    assert verdict.broken == (f"{ROOM}: 1 ❤️ lost", f"{ROOM}: 1 🔥 counted twice")
    assert not is_settled(book({"❤️": 5, "🔥": 1}), BEFORE, sights)


def test_what_nobody_can_tell_of_may_be_in_the_total_or_not() -> None:
    doubtful = book({"❤️": 5}, {"❤️": 2})
    for total in (15, 16, 17):
        verdict = judged(doubtful, BEFORE, {ROOM: [sight(frame(1, heart=total))]})
        assert verdict.broken == ()

    assert judged(doubtful, BEFORE, {ROOM: [sight(frame(1, heart=18))]}).twice == 1
    assert judged(doubtful, BEFORE, {ROOM: [sight(frame(1, heart=14))]}).lost == 1


def test_a_viewer_that_is_shown_less_than_another_is_a_broken_promise() -> None:
    up_to_date, behind = sight(frame(2, heart=15)), sight(frame(1, heart=12), who="Bo")
    verdict = judged(book({"❤️": 5}), BEFORE, {ROOM: [up_to_date, behind]})

    assert verdict.lost == 0
    assert verdict.broken == (f"Bo is shown 12 of {ROOM}, not 15",)
    assert not is_settled(book({"❤️": 5}), BEFORE, {ROOM: [up_to_date, behind]})


def test_a_room_that_nobody_sees_has_lost_everything() -> None:
    assert judged(book({"❤️": 5}), BEFORE, {ROOM: [sight()]}).lost == 5


def test_a_total_that_is_not_the_sum_of_its_emoji_is_a_broken_promise() -> None:
    odd = Shown(ROOM, ("epoch", 1, 0), 16, Counter({"❤️": 15}))

    assert judged(book({"❤️": 5}), BEFORE, {ROOM: [sight(odd)]}).broken


def test_an_answer_that_no_good_batch_should_get_is_told() -> None:
    refused = Book({ROOM: Counter()}, {ROOM: Counter()}, ("refused 422 bad_json",))

    assert judged(refused, BEFORE, {ROOM: [sight(frame(1, heart=10))]}).broken == (
        "refused 422 bad_json",
    )


def test_a_frame_that_comes_again_is_no_step_back_but_an_older_one_is() -> None:
    viewer = sight(frame(2, heart=15), frame(2, heart=15))
    assert viewer.faults == []

    viewer.take(frame(1, heart=15), 9)

    assert len(viewer.faults) == 1
    assert viewer.newest[ROOM].position[1] == 2


def test_a_total_that_falls_is_noticed_though_its_frame_is_newer() -> None:
    viewer = sight(frame(1, heart=15), frame(2, heart=14))

    assert len(viewer.faults) == 1
    assert "fell to 14" in viewer.faults[0]


def test_a_viewer_knows_when_it_was_first_shown_more_than_a_total() -> None:
    viewer = sight(frame(1, heart=10), frame(2, heart=12), frame(3, heart=15))

    assert viewer.first_above(ROOM, 10) == 1
    assert viewer.first_above(ROOM, 12) == 2
    assert viewer.first_above(ROOM, 15) is None
