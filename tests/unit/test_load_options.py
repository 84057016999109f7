import pytest

from tests.load import options
from tests.load.cases import CASES, NoSuchCase
from tests.load.order import Order

BENCH_MAX_S = 45 * 60


def order(*words: str) -> Order:
    return options.order(options.parser().parse_args(words))


def names(found: Order) -> list[str]:
    return [case.name for case in found.cases]


def test_without_a_name_everything_is_measured_three_times() -> None:
    whole = order()

    assert names(whole) == [case.name for case in CASES]
    assert whole.repeats == 3
    assert whole.reference_s > 0
    assert whole.is_all


def test_a_whole_bench_is_to_take_less_than_three_quarters_of_an_hour() -> None:
    assert order().estimate_s() < BENCH_MAX_S


def test_named_cases_come_in_the_usual_order_and_are_not_everything() -> None:
    some = order("--only", "singles", "--only", "idle")

    assert names(some) == ["idle", "singles"]
    assert some.reference_s == 0
    assert not some.is_all


def test_references_can_be_measured_alone_or_beside_a_case() -> None:
    assert names(order("--only", "references")) == []
    assert order("--only", "references").reference_s > 0
    assert names(order("--only", "references", "--only", "idle")) == ["idle"]


def test_a_bad_name_is_one_error_that_lists_the_good_ones() -> None:
    with pytest.raises(NoSuchCase, match=r"no case '10k'.*20k-by-100.*references"):
        order("--only", "10k")


@pytest.mark.parametrize(
    "words", [("--repeats", "0"), ("--repeats", "x"), ("--seconds", "nan")]
)
def test_a_bad_number_is_an_error(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit):
        order(*words)


@pytest.mark.parametrize("words", [("--repeats", "1"), ("--seconds", "5")])
def test_a_quick_look_at_everything_is_not_what_is_committed(
    words: tuple[str, ...],
) -> None:
    assert not order(*words).is_all


def test_what_takes_long_is_measured_less_often() -> None:
    whole = order()
    times = {case.name: whole.times(case) for case in whole.cases}

    assert (times["singles"], times["fan-out-9000"], times["auto-scale"]) == (3, 2, 1)
    assert {order("--repeats", "1").times(case) for case in whole.cases} == {1}


def test_seconds_are_those_of_every_case() -> None:
    assert {case.seconds for case in order("--seconds", "60").cases} == {60}


def test_cases_that_one_system_can_have_share_it_and_the_defaults_come_first() -> None:
    together = order().by_settings

    assert [settings for settings, _ in together] == [
        {},
        {"WEB_WORKERS": "2"},
        {"PRESET": "reference"},
        {"CLUSTER_CAPACITY": "9000"},
    ]
    assert "start-up" not in {case.name for _, cases in together for case in cases}


def test_a_room_of_clients_takes_its_time_to_fill() -> None:
    (audience,) = order("--only", "audience").cases
    (alike,) = order("--only", "20k-by-100").cases

    assert (audience.members, audience.rooms) == (1_000, 1)
    assert audience.estimate_s() > alike.estimate_s() + 5


def test_a_case_with_settings_of_its_own_says_why() -> None:
    assert all(bool(case.settings) == bool(case.why) for case in CASES)


def test_a_running_system_is_posted_to_and_not_restarted() -> None:
    found = order("--url", "http://localhost:8080", "--broker", "edge:1885")

    assert found.running
    assert (found.running.port, found.running.broker_port) == (8080, 1885)
    assert {case.kind for case in found.cases} == {"load", "maximum"}
    assert not any(case.settings for case in found.cases)
    assert found.reference_s == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--url", "http://localhost:8080"),
        ("--broker", "localhost"),
        ("--url", "localhost", "--broker", "localhost"),
        ("--url", "http://a", "--broker", "b", "--only", "idle"),
        ("--url", "http://a", "--broker", "b", "--only", "references"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        order(*words)


def test_the_list_names_every_case() -> None:
    assert all(case.name in options.names() for case in CASES)
