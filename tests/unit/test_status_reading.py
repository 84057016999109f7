"""How what parts answer becomes facts."""

import msgspec
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from bridge.metrics import FRAMES, REFUSED, REPLAYED, SUPERSEDED, UNREADABLE
from clients.worker.wire import BrokerAddress, WorkerStatus
from compose.mqtt_reader import BrokerRefused
from compose.settings import Settings
from compose.status.auditor import facts as auditor_facts
from compose.status.auditor_facts import AuditorFacts
from compose.status.brokers import Watched, cluster_facts, worker_facts
from compose.status.metrics import bridge_facts, stream_facts
from compose.status.scrape import Metrics, NoMetrics, parse
from compose.status.usage import used_s
from mosquitto.topic import worker_status
from stream import metrics as stream_metrics
from stream.auditor.ledger import Gap, Overview, RoomSummary
from stream.frame import Pulse
from stream.reject import Reason
from tests.frames import frame

NOW_MS = 1_795_226_378_000


def answered(text: str) -> Metrics:
    return parse(text, 9102, at_s=NOW_MS / 1000)


def dead() -> Metrics:
    raise NoMetrics("no answer on port 9102")


def test_a_metrics_port_that_is_dead_is_a_fact() -> None:
    assert stream_facts(dead).problem == "no answer on port 9102"
    assert bridge_facts(dead).problem == "no answer on port 9102"


@pytest.mark.parametrize("text", ["<html>hello</html>", 'a{b="c} 1', "x y z"])
def test_what_is_no_metrics_is_refused(text: str) -> None:
    with pytest.raises(NoMetrics, match="something else"):
        answered(text)


def test_what_the_stream_says_is_read_as_ages_and_counts() -> None:
    registry = CollectorRegistry()
    for metric in vars(stream_metrics).values():
        if isinstance(metric, Counter | Gauge):
            registry.register(metric)
    late = stream_metrics.LATE_ROWS.labels("dedupe")
    before = late._value.get()  # noqa: SLF001 - other tests count here, too
    late.inc(4)
    stream_metrics.LATE_ROWS.labels("count")
    stream_metrics.REJECTS.labels("bad_json").inc(3)
    stream_metrics.REJECTS.labels("no_room").inc(2)
    rejects = sum(
        stream_metrics.REJECTS.labels(reason)._value.get()  # noqa: SLF001 - as above
        for reason in Reason
    )
    stream_metrics.REJECTS_AWAY.set(0)
    stream_metrics.LAST_PULSE.set(NOW_MS / 1000 - 1.5)
    stream_metrics.LAST_FRAME.set(NOW_MS / 1000 - 12)
    stream_metrics.LAST_TRIGGER.set(NOW_MS / 1000 - 11)
    stream_metrics.LAST_TRIGGER_SECONDS.set(0.25)

    text = generate_latest(registry).decode()
    facts = stream_facts(lambda: answered(text))

    assert facts.problem is None
    assert facts.rows_dropped is not None
    assert facts.rows_dropped["dedupe"] == before + 4
    assert facts.rows_dropped["count"] is not None
    assert facts.last_pulse_age_s == 1.5
    assert facts.last_frame_age_s == 12
    assert facts.last_frame_made_ms == NOW_MS - 12_000
    assert facts.last_trigger_age_s == 11
    assert facts.last_trigger_s == 0.25
    assert facts.rejects == rejects >= 5
    assert facts.rejects_failures is not None
    assert facts.is_looking_for_rejects
    assert facts.triggers is not None
    assert facts.frames is not None


def test_what_never_came_has_no_age() -> None:
    facts = stream_facts(
        lambda: answered(
            "stream_rejects_away 1\n"
            "stream_last_pulse_timestamp_seconds 0\n"
            "stream_last_frame_timestamp_seconds 0\n"
            "stream_last_trigger_timestamp_seconds 0\n"
            "stream_last_trigger_seconds 0\n"
        )
    )

    assert facts.is_looking_for_rejects is False
    assert facts.last_pulse_age_s is None
    assert facts.last_frame_age_s is None
    assert facts.last_frame_made_ms is None
    assert facts.last_trigger_age_s is None
    assert facts.last_trigger_s is None
    assert facts.rows_dropped == {"count": None, "dedupe": None}


def test_what_the_bridge_says_is_read() -> None:
    registry = CollectorRegistry()
    for metric in (FRAMES, SUPERSEDED, REPLAYED, REFUSED, UNREADABLE):
        registry.register(metric)
    UNREADABLE.labels("bad_frame").inc(2)
    UNREADABLE.labels("bad_key").inc(1)
    text = generate_latest(registry).decode()
    text += "bridge_main_up 1.0\nbridge_kafka_up 0.0\n"

    facts = bridge_facts(lambda: answered(text))

    assert (facts.is_main_up, facts.is_kafka_up) == (True, False)
    assert None not in (facts.frames, facts.frames_overtaken, facts.frames_replayed)
    assert facts.frames_refused is not None
    assert facts.records_unreadable is not None
    assert facts.records_unreadable >= 3


def test_what_the_auditor_says_is_read_and_the_worst_room_named() -> None:
    rooms = [
        RoomSummary(
            room=room,
            stored=9,
            counted=9,
            difference=by,
            total_difference=4,
            is_wrong=True,
        )
        for room, by in (("a", 2), ("b", -5))
    ]
    overview = Overview(
        as_of_ms=NOW_MS,
        since_ms=0,
        rooms=rooms,
        rooms_wrong=2,
        worst="b",
        gaps=[Gap(topic="reactions", partition=1, first=5, next=8, seen_ms=NOW_MS)],
    )
    text = "auditor_behind_seconds 0.5\nauditor_difference_reactions 7\n"

    assert auditor_facts(answered(text), overview) == AuditorFacts(
        problem=None,
        behind_s=0.5,
        rooms_wrong=2,
        difference=7,
        worst_room="b",
        worst_difference=-5,
        worst_total_difference=4,
        unread_lost=3,
    )


def pulse(age_ms: int) -> bytes:
    return Pulse(v=1, epoch="e", sent_ms=NOW_MS - age_ms).encode()


def seen(newest: dict[str, bytes]) -> Watched:
    return Watched(newest, NOW_MS)


def test_a_viewer_sees_the_age_of_the_newest_frame_of_any_room() -> None:
    made = msgspec.structs.replace
    old, new = frame("old", 1, 1), frame("new", 1, 1)
    old = made(old, times=made(old.times, made_ms=NOW_MS - 9000))
    new = made(new, times=made(new.times, made_ms=NOW_MS - 4000))
    newest = {
        "rooms/old/frame": old.encode(),
        "rooms/new/frame": new.encode(),
        "rooms/bad/frame": b"{",
        "control/pulse": pulse(500),
    }

    facts = cluster_facts("cluster-1", lambda: seen(newest), is_linked=True)

    assert facts.last_frame_made_ms == NOW_MS - 4000
    assert facts.last_frame_age_s == 4.0
    assert facts.last_pulse_age_s == 0.5
    assert facts.is_linked


@pytest.mark.parametrize("newest", [{}, {"control/pulse": b"{"}])
def test_where_nothing_readable_came_nothing_is_known(
    newest: dict[str, bytes],
) -> None:
    facts = cluster_facts("cluster-1", lambda: seen(newest), is_linked=None)

    assert facts.problem is None
    assert (facts.last_frame_age_s, facts.last_pulse_age_s) == (None, None)


def test_a_pulse_from_a_clock_that_is_ahead_is_new() -> None:
    newest = {"control/pulse": pulse(-700)}

    facts = cluster_facts("cluster-1", lambda: seen(newest), is_linked=True)

    assert facts.last_pulse_age_s == 0


def test_a_broker_that_takes_no_viewers_is_a_fact() -> None:
    def refuse() -> Watched:
        raise BrokerRefused("port 1885: refused")

    facts = cluster_facts("cluster-1", refuse, is_linked=False)

    assert facts.problem == "port 1885: refused"
    assert facts.is_linked is False


def test_cpu_time_is_that_between_two_looks_and_all_of_who_came_since() -> None:
    before = {(1, 10.0): 5.0, (2, 11.0): 3.0}
    after = {(1, 10.0): 5.5, (2, 99.0): 0.25}

    assert used_s(before, after) == 0.75


def test_a_worker_is_what_it_said_last() -> None:
    status = WorkerStatus(
        cluster="cluster-1",
        worker="worker-1",
        at_ms=NOW_MS - 700,
        started_ms=NOW_MS - 60_000,
        broker=BrokerAddress("h", 1, 2),
        capacity=500,
        slots=("1", "5"),
        members=7,
        rooms={"final": {"full": 7}},
        rooms_in_all=1,
        counts={"joined": 7},
    )
    came = {worker_status("cluster-1", "worker-1"): status.encode()}

    said, *_ = worker_facts(Settings(clusters=1, workers=2), came, NOW_MS)

    assert said.name == "cluster-1-worker-1"
    assert said.status_age_s == 0.7
    assert (said.slots, said.members, said.rooms, said.capacity) == (2, 7, 1, 500)
    assert said.counts == {"joined": 7}


@pytest.mark.parametrize("said", [{}, {worker_status("cluster-1", "worker-1"): b"{"}])
def test_of_a_worker_that_said_nothing_there_is_its_name(
    said: dict[str, bytes],
) -> None:
    found = worker_facts(Settings(clusters=1, workers=1), said, NOW_MS)

    assert [(one.name, one.status_age_s) for one in found] == [
        ("cluster-1-worker-1", None)
    ]
