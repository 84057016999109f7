import pytest

from stream.auditor.intake import BadWord, Heard, Word, Worker, hear, miss, read


def word(seq: int, *, closed: bool = False) -> Word:
    return Word(1, "ab", seq, closed, {})


def known(seq: int, last_ms: int = 1000, *, silent: bool = False) -> Worker:
    return Worker(seq, last_ms, is_closed=False, is_silent=silent)


def test_words_in_a_row_are_exact() -> None:
    assert hear(None, word(0), 1000) == Heard(known(0), None)
    assert hear(known(0), word(1), 2000) == Heard(known(1, 2000), None)


def test_a_word_that_was_heard_is_passed_over() -> None:
    assert hear(known(1), word(1), 2000) is None


def test_a_missing_word_makes_the_time_since_the_last_inexact_and_stays_missing() -> (
    None
):
    heard = hear(known(1), word(3), 2000)

    assert heard is not None
    assert heard.inexact_ms == (1000, 2000)
    assert heard.worker.is_lacking


def test_a_worker_that_is_met_in_the_middle_lacks_its_first_words() -> None:
    heard = hear(None, word(3), 2000)

    assert heard is not None
    assert heard.inexact_ms == (2000, 2000)
    assert heard.worker.is_lacking


def test_a_worker_that_falls_silent_makes_the_time_since_its_last_word_inexact() -> (
    None
):
    assert miss(known(4), 11_000) is None
    assert miss(known(4), 11_001) == Heard(known(4, silent=True), (1000, 11_000))


def test_silence_is_noticed_once_and_not_after_leave() -> None:
    assert miss(known(4, silent=True), 99_000) is None
    assert miss(Worker(4, 1000, is_closed=True), 99_000) is None


def test_a_worker_that_speaks_again_lacks_nothing_but_the_time_between_is_inexact() -> (
    None
):
    heard = hear(known(4, silent=True), word(5), 90_000)

    assert heard == Heard(known(5, 90_000), (1000, 90_000))


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"[]",
        b"\xff",
        b'{"v":2,"worker":"a","seq":0,"closed":false,"rooms":{}}',
        b'{"v":1,"worker":"a","seq":"0","closed":false,"rooms":{}}',
    ],
)
def test_what_is_no_word_is_refused(raw: bytes | None) -> None:
    with pytest.raises(BadWord):
        read(raw)
