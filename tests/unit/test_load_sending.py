import pytest

from clients.crowd.sending import REPEAT_FOR_S, Batch, Sent

NOT_STORED = b'{"error":"not_stored"}'
UNKNOWN = b'{"error":"unknown"}'


class Desk:
    """A clock that pauses move, and a line that takes everything at once."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.posted = 0

    def now_s(self) -> float:
        return self.time_s

    def post(self, batch: Batch) -> None:
        self.posted += 1
        batch.sent()

    def post_later(self, pause_s: float, batch: Batch) -> None:
        self.time_s += pause_s
        self.post(batch)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def booked() -> list[Sent]:
    return []


@pytest.fixture
def batch(desk: Desk, booked: list[Sent]) -> Batch:
    desk.time_s = 0.25  # the generator is late
    batch = Batch(
        room="final",
        reactions=5,
        due_s=0.0,
        request=b"",
        desk=desk,
        done=booked.append,
    )
    desk.time_s = 0.5  # no line was free until now
    desk.post(batch)
    return batch


def test_an_accepted_batch_is_booked_with_its_times(
    desk: Desk, batch: Batch, booked: list[Sent]
) -> None:
    desk.time_s = 0.75
    batch.answered(202, b"{}")

    assert booked == [Sent("final", 5, 0.0, 0.25, 0.5, 0.75, "202", "accepted")]


def test_what_is_unanswered_is_repeated_and_its_first_answer_stays_none(
    desk: Desk, batch: Batch, booked: list[Sent]
) -> None:
    batch.unanswered()
    batch.answered(202, b"{}")

    assert desk.posted == 2
    assert (booked[0].first, booked[0].outcome) == ("none", "accepted")
    assert booked[0].sent_s == 0.5


def test_a_bad_request_is_refused_at_once(
    desk: Desk, batch: Batch, booked: list[Sent]
) -> None:
    batch.answered(422, b"{}")

    assert desk.posted == 1
    assert (booked[0].first, booked[0].outcome) == ("422", "refused")


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (503, NOT_STORED, "refused"),
        (429, b"{}", "refused"),
        (503, UNKNOWN, "unknown"),
        (500, b"", "unknown"),
    ],
)
def test_it_gives_up_in_time_and_says_what_is_certain(  # noqa: PLR0913, PLR0917
    desk: Desk,
    batch: Batch,
    booked: list[Sent],
    status: int,
    body: bytes,
    outcome: str,
) -> None:
    while not booked:
        batch.answered(status, body)

    assert desk.posted > 10
    assert desk.time_s <= 0.5 + REPEAT_FOR_S
    assert booked[0].outcome == outcome


def test_one_silent_try_makes_the_outcome_unknown_whatever_came_later(
    batch: Batch, booked: list[Sent]
) -> None:
    batch.unanswered()
    while not booked:
        batch.answered(503, NOT_STORED)

    assert booked[0].outcome == "unknown"


def test_it_is_not_repeated_before_the_server_wants_to_be_asked(
    desk: Desk, batch: Batch
) -> None:
    batch.answered(429, b"{}", 3)

    assert desk.posted == 2
    assert 0.5 + 3 <= desk.time_s <= 0.5 + 3 + 2


def test_a_wait_that_leads_past_the_last_moment_is_not_begun(
    desk: Desk, batch: Batch, booked: list[Sent]
) -> None:
    batch.answered(503, NOT_STORED, REPEAT_FOR_S)

    assert desk.posted == 1
    assert booked[0].outcome == "refused"
