"""What `python -m tests.faults` publishes, with lanes that only say what they found."""

import signal

import pytest

from tests.faults import __main__ as command
from tests.faults import lanes, report
from tests.faults.results import Group, Result

WHOLE = Result(seed=8, taken_at="2026-11-22T03:00:00+00:00")
CUT = Result(
    seed=8,
    taken_at="2026-11-22T03:00:00+00:00",
    groups=(Group(setting="default", part="spark", left_out=("8/spark/kill -9/5",)),),
)


@pytest.mark.parametrize(
    ("found", "options", "published"),
    [
        ((WHOLE, False), [], [WHOLE]),
        ((WHOLE, False), ["--trials", "4"], []),
        ((WHOLE, True), [], []),
        ((CUT, False), [], []),
    ],
)
def test_only_a_whole_run_is_published(
    found: tuple[Result, bool],
    options: list[str],
    published: list[Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Result] = []
    monkeypatch.setattr(lanes, "run", lambda _options: found)
    monkeypatch.setattr(report, "publish", lambda result, _raw: seen.append(result))
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    command.main(options)

    assert seen == published
