"""What cannot be recounted is refused before anybody is asked."""

import pytest

from compose.errors import Refused
from compose.recount import show
from compose.settings import Settings


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("", "20:00", "--to needs a --from."),
        ("soon", "", "'soon' is no moment"),
        ("2026-01-01T10:00", "2026-01-01T10:00:59", "no whole minute"),
        ("2026-01-01T10:00", "2126-01-01T09:00", "not over for 10 s"),
        ("25:00", "", "'25:00' is no moment"),
    ],
)
def test_a_time_that_cannot_be_recounted_is_refused(
    since: str, until: str, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        show(Settings(), "final", since, until, as_json=False)


def test_what_is_no_room_is_refused() -> None:
    with pytest.raises(Refused, match="'Final' is no room"):
        show(Settings(), "Final", "", "", as_json=False)
