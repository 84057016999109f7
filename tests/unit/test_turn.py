"""Who scales at this moment, as the others are told."""

import os
import time
from pathlib import Path

import pytest

from compose.layout import Layout
from compose.scaling import turn


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    return layout


def told(layout: Layout) -> str:
    with turn.taken(layout, turn.BY_START) as somebody_has_it:
        return somebody_has_it


def test_who_has_the_turn_is_named_with_a_way_out(layout: Layout) -> None:
    with turn.taken(layout, turn.BY_HAND):
        by_hand = told(layout)
    with turn.taken(layout, turn.BY_LOAD):
        by_load = told(layout)

    process = f"(process {os.getpid()}) has been changing the system for 0 s:"
    assert by_hand == (
        f"`emostream scale` {process} wait until it is done, or end it with Ctrl-C."
    )
    assert by_load == (
        f"The auto-scaler {process} wait until it is done; `emostream logs scaler`"
        " tells what it does."
    )
    assert told(layout) == ""


def test_it_is_told_for_how_long(layout: Layout) -> None:
    with turn.taken(layout, turn.BY_HAND):
        text = layout.scaling.read_text()
        since_s = time.time() - 34
        layout.scaling.write_text(
            f'{{"by":"`emostream scale`","pid":1,"since_s":{since_s}}}'
        )

        assert "`emostream scale`" in text
        assert "(process 1) has been changing the system for 34 s:" in told(layout)


@pytest.mark.parametrize("text", ["", '{"by'])
def test_who_has_not_said_who_it_is_has_the_turn_all_the_same(
    layout: Layout, text: str
) -> None:
    with turn.taken(layout, turn.BY_HAND):
        layout.scaling.write_text(text)

        assert told(layout) == (
            "Another command changes the system at this moment: wait until it is done."
        )
