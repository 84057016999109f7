from stream.heartbeat import PULSE_EVERY_S, STUCK_AFTER_S, Heartbeat


def test_it_beats_at_once_and_then_every_two_seconds() -> None:
    heart = Heartbeat(100.0, completed=-1)

    assert heart.is_due(100.0)
    assert heart.beats(100.0, -1, is_triggering=False)
    assert not heart.is_due(100.0 + PULSE_EVERY_S - 0.1)
    assert heart.is_due(100.0 + PULSE_EVERY_S)


def test_a_late_look_does_not_shift_those_that_follow() -> None:
    heart = Heartbeat(0.0, completed=-1)
    heart.beats(0.5, -1, is_triggering=False)

    assert heart.is_due(PULSE_EVERY_S)


def test_looks_that_were_missed_are_not_made_up_for() -> None:
    heart = Heartbeat(0.0, completed=-1)
    heart.beats(60.0, -1, is_triggering=False)
    heart.beats(60.1, -1, is_triggering=False)

    assert not heart.is_due(60.2)


def test_it_falls_silent_while_a_trigger_is_stuck() -> None:
    heart = Heartbeat(0.0, completed=5)
    heart.beats(0.0, 5, is_triggering=False)

    assert heart.beats(STUCK_AFTER_S - 0.1, 5, is_triggering=True)
    assert not heart.beats(STUCK_AFTER_S, 5, is_triggering=True)


def test_it_beats_again_when_the_stuck_trigger_is_done() -> None:
    heart = Heartbeat(0.0, completed=5)
    assert not heart.beats(STUCK_AFTER_S, 5, is_triggering=True)

    assert heart.beats(STUCK_AFTER_S + 1, 6, is_triggering=True)


def test_one_long_trigger_after_another_is_life_if_each_is_completed() -> None:
    heart = Heartbeat(0.0, completed=0)

    for count in range(1, 10):
        assert heart.beats(count * (STUCK_AFTER_S - 1), count, is_triggering=True)


def test_an_idle_system_lives_without_triggers() -> None:
    heart = Heartbeat(0.0, completed=0)

    assert heart.beats(3600.0, 0, is_triggering=False)
