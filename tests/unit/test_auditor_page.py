"""What the auditor answers, from books in a file."""

import json
from pathlib import Path

import pytest

from stream.auditor.books import Books
from stream.auditor.page import Answer, Sources, answer
from stream.auditor.reader import Reader
from stream.auditor.store import Store
from tests.auditing import RULES, at, frame_bytes, framed, posted


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Books of a room that lost two reactions, and one in which all is well."""
    books = Books(Store(tmp_path / "books.sqlite"), RULES)
    books.take(posted(1, 5))
    books.take(posted(2, 3, room="well", offset=1))
    books.take(posted(70, 1, room="well", offset=2))
    frames = [
        frame_bytes(0, 3, seq=1, total=3),
        frame_bytes(2, 3, seq=1, room="well", total=3),
        frame_bytes(70, 1, seq=2, room="well", total=4),
    ]
    for offset, frame in enumerate(frames):
        books.take(framed(frame, offset))
    books.complete()
    books.commit(at(600), 0)
    reader = Reader(tmp_path / "books.sqlite")
    return Sources(reader, lambda: True, lambda: 1.5)


def body(found: Answer) -> dict[str, object]:
    decoded: dict[str, object] = json.loads(found.body)
    return decoded


def test_a_room_has_its_ledger(sources: Sources) -> None:
    found = answer("/ledger/well?minutes=1", sources)

    assert found.status == 200
    said = body(found)
    assert (said["room"], said["total"], said["is_wrong"]) == ("well", 4, False)
    assert len(said["minutes"]) == 1  # type: ignore[arg-type]


def test_all_rooms_have_an_overview_the_wrong_ones_first(sources: Sources) -> None:
    said = body(answer("/ledger", sources))

    rooms = said["rooms"]
    assert isinstance(rooms, list)
    assert [(one["room"], one["difference"]) for one in rooms] == [
        ("final", 2),
        ("well", 0),
    ]
    assert (said["rooms_wrong"], said["worst"]) == (1, "final")


def test_metrics_say_how_much_is_missing(sources: Sources) -> None:
    text = answer("/metrics", sources).body.decode()

    assert "auditor_rooms_wrong 1.0" in text
    assert "auditor_difference_reactions 2.0" in text
    assert "auditor_published_age_seconds 1.5" in text


@pytest.mark.parametrize(
    ("path", "status", "label"),
    [
        ("/ledger/other", 404, "no_ledger"),
        ("/ledger/", 404, "no_ledger"),
        ("/ledger/well?minutes=0", 400, "bad_minutes"),
        ("/ledger/well?minutes=1441", 400, "bad_minutes"),
        ("/ledger/well?minutes=x", 400, "bad_minutes"),
        ("/ledger/well?minutes=-1", 400, "bad_minutes"),
        ("/", 404, "not_found"),
        ("/ledgers", 404, "not_found"),
    ],
)
def test_a_question_without_an_answer_has_a_label(
    sources: Sources, path: str, status: int, label: str
) -> None:
    found = answer(path, sources)

    assert (found.status, body(found)) == (status, {"error": label})


def test_it_is_ready_when_it_has_caught_up(sources: Sources) -> None:
    assert answer("/readyz", sources).status == 200
    waiting = Sources(sources.reader, lambda: False, lambda: None)
    assert answer("/readyz", waiting).status == 503


def test_before_the_first_commit_there_is_an_empty_overview(tmp_path: Path) -> None:
    Store(tmp_path / "new.sqlite").commit()
    sources = Sources(Reader(tmp_path / "new.sqlite"), lambda: True, lambda: None)

    assert body(answer("/ledger", sources))["rooms"] == []
    assert (
        "auditor_published_age_seconds -1.0"
        in answer("/metrics", sources).body.decode()
    )
