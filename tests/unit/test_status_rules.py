"""What is wrong, judged from facts: each fault by its label, its cause first."""

from dataclasses import replace

import pytest

from compose.status.auditor_facts import AuditorFacts
from compose.status.facts import (
    ClusterFacts,
    KafkaFacts,
    MainFacts,
    OpenFacts,
    Running,
    Status,
    StreamFacts,
    WebFacts,
    WorkerFacts,
)
from compose.status.rules import RULES
from compose.status.verdict import Verdict, judge
from compose.supervision.rpc import State
from tests.facts import (
    AUDITOR,
    BRIDGE,
    CLUSTER,
    KAFKA,
    NAMES,
    STREAM,
    WELL,
    WORKER,
    lag,
    process,
    with_process,
)


def verdict(status: Status) -> Verdict:
    return judge(status, RULES)


def labels(status: Status) -> list[tuple[str, str]]:
    return [(one.part, one.problem) for one in verdict(status).findings]


def down(name: str, state: State = State.EXITED) -> Status:
    return with_process(WELL, process(name, state, reason="exit status 1", restarts=3))


def stream_is(**changed: object) -> Status:
    return replace(WELL, stream=replace(STREAM, **changed))  # type: ignore[arg-type]


def bridge_is(**changed: object) -> Status:
    return replace(WELL, bridge=replace(BRIDGE, **changed))  # type: ignore[arg-type]


def auditor_is(**changed: object) -> Status:
    return replace(WELL, auditor=replace(AUDITOR, **changed))  # type: ignore[arg-type]


def kafka_is(**changed: object) -> Status:
    return replace(WELL, kafka=replace(KAFKA, **changed))  # type: ignore[arg-type]


def cluster_is(**changed: object) -> Status:
    return replace(WELL, clusters=(replace(CLUSTER, **changed),))  # type: ignore[arg-type]


def test_nothing_is_wrong_where_all_is_well() -> None:
    assert verdict(WELL).is_well
    assert labels(WELL) == []


def test_in_containers_the_remedies_are_dockers() -> None:
    """What it cannot know, whether a process runs, it does not say either."""
    spoilt = replace(
        WELL,
        running=Running.CONTAINED,
        processes=(),
        reviver_look_age_s=None,
        kafka=replace(KAFKA, missing_topics=("rooms",)),
        web=WebFacts(problem=None, workers=2, workers_at_main=0),
        stream=replace(STREAM, last_pulse_age_s=9.0, is_looking_for_rejects=False),
        bridge=replace(BRIDGE, frames_refused=1),
        auditor=replace(AUDITOR, rooms_wrong=1),
        workers=(replace(WORKER, status_age_s=60.0, members=9, capacity=9),),
    )
    texts = [finding.text for finding in verdict(spoilt).findings]

    native = ("emostream up", "emostream down", "emostream logs", "emostream scale")
    assert not any(words in text for text in texts for words in native), texts
    for part in ("web", "stream", WORKER.name):
        assert any(f"`docker compose logs {part}`" in text for text in texts), part
    for words in (
        "`docker compose up --detach --wait` makes it",
        "more clusters makes room",
    ):
        assert any(words in text for text in texts), words
    assert any("`docker compose down` and `up`" in text for text in texts)


@pytest.mark.parametrize(
    ("web", "part", "words"),
    [
        (WebFacts(problem="dead", workers=1, workers_at_main=1), "ingest", "reactions"),
        (
            WebFacts(problem=None, workers=1, workers_at_main=1, proxy_problem="dead"),
            "nginx",
            "Nobody gets through nginx: dead.",
        ),
        (WebFacts(problem=None, workers=1), "web", "metrics"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_in_containers_it_is_said_which_of_the_three_fails(
    web: WebFacts, part: str, words: str
) -> None:
    (found,) = verdict(
        replace(WELL, running=Running.CONTAINED, processes=(), web=web)
    ).findings

    assert found.part == part
    assert words in found.text


def test_ingest_and_web_fail_each_for_itself() -> None:
    both = WebFacts(problem="dead", workers=1)
    spoilt = replace(WELL, running=Running.CONTAINED, processes=(), web=both)

    assert [one.part for one in verdict(spoilt).findings] == ["ingest", "web"]


FAULTS = {
    "not running": (
        Status(at_ms=0, running=Running.NOT),
        ("supervisord", "not_running"),
        "EmoStream is not running: `emostream up` starts it.",
    ),
    "supervisord is gone": (
        replace(WELL, running=Running.UNSUPERVISED, left_over=8),
        ("supervisord", "no_supervisor"),
        "8 processes run",
    ),
    "nothing noted": (
        replace(WELL, problem="settings.json cannot be read"),
        ("supervisord", "cannot_look"),
        "settings.json cannot be read.",
    ),
    "Kafka is silent": (
        kafka_is(problem="nobody at 127.0.0.1:9092"),
        ("kafka", "no_answer"),
        "nobody at 127.0.0.1:9092",
    ),
    "a topic is missing": (
        kafka_is(missing_topics=("rooms",)),
        ("kafka", "topic_missing"),
        "no topic rooms: `emostream up`",
    ),
    "main is silent": (
        replace(WELL, main=MainFacts(problem="no answer on port 1884")),
        ("mosquitto-main", "no_answer"),
        "no answer on port 1884",
    ),
    "web is not ready": (
        replace(WELL, web=WebFacts(problem="Kafka does not answer")),
        ("web", "not_ready"),
        "web cannot take reactions: Kafka does not answer.",
    ),
    "web has no main": (
        replace(WELL, web=WebFacts(problem=None, workers=2, workers_at_main=0)),
        ("web", "no_main"),
        "web reads no frames: 0 of 2 workers reach the main broker",
    ),
    "one of web's workers has no main": (
        replace(WELL, web=WebFacts(problem=None, workers=2, workers_at_main=1)),
        ("web", "no_main"),
        "1 of 2 workers",
    ),
    "the web's metrics are dead": (
        replace(WELL, web=WebFacts(problem=None, workers=2)),
        ("web", "no_metrics"),
        "does not show its metrics",
    ),
    "rejects are not found": (
        stream_is(is_looking_for_rejects=False),
        ("stream", "no_rejects"),
        "`emostream logs stream` says why",
    ),
    "the reviver hangs": (
        replace(WELL, reviver_look_age_s=20.1),
        ("reviver", "hangs"),
        "has not looked for 20 s: nothing that ends is started again. `kill -9 4711`",
    ),
    "the reviver has never looked": (
        replace(WELL, reviver_look_age_s=None),
        ("reviver", "hangs"),
        "has not looked for 3600 s",
    ),
    "the stream's metrics are dead": (
        replace(WELL, stream=StreamFacts(problem="no answer on port 9102")),
        ("stream", "no_metrics"),
        "no answer on port 9102",
    ),
    "no pulse at all": (
        stream_is(last_pulse_age_s=None),
        ("stream", "no_pulse"),
        "not sent a pulse",
    ),
    "an old pulse": (
        stream_is(last_pulse_age_s=6.1),
        ("stream", "no_pulse"),
        "no pulse for 6 s",
    ),
    "reactions wait": (
        kafka_is(stream_lag=lag(1234, 10.1)),
        ("stream", "behind"),
        "10 s behind: 1,234 records of reactions",
    ),
    "rows were dropped by the count": (
        stream_is(rows_dropped={"count": 2, "dedupe": 0}),
        ("stream", "rows_dropped"),
        "lost 2 rows",
    ),
    "rows were dropped by the dedupe": (
        stream_is(rows_dropped={"count": None, "dedupe": 5}),
        ("stream", "rows_dropped"),
        "EMOSTREAM_STREAM_DEDUPE_S",
    ),
    "unread reactions were deleted": (
        kafka_is(stream_lag=lag(lost=7)),
        ("stream", "unread_lost"),
        "EMOSTREAM_REACTIONS_RETENTION_BYTES",
    ),
    "the bridge's metrics are dead": (
        bridge_is(problem="no answer on port 9101"),
        ("bridge", "no_metrics"),
        "no answer on port 9101",
    ),
    "the bridge has no Kafka": (
        bridge_is(is_kafka_up=False),
        ("bridge", "no_kafka"),
        "does not reach Kafka",
    ),
    "the bridge has no main": (
        bridge_is(is_main_up=False),
        ("bridge", "no_main"),
        "does not reach the main broker",
    ),
    "frames wait": (
        kafka_is(bridge_lag=lag(20, 11.0)),
        ("bridge", "behind"),
        "11 s behind: 20 records of frames",
    ),
    "frames are refused": (
        bridge_is(frames_refused=1),
        ("bridge", "frames_refused"),
        "refused 1 frames",
    ),
    "what is no frame": (
        bridge_is(records_unreadable=2),
        ("bridge", "no_frames"),
        "passed over 2 records",
    ),
    "a cluster is silent": (
        replace(WELL, clusters=(ClusterFacts(name="cluster-1", problem="refused"),)),
        ("cluster-1", "no_answer"),
        "cluster-1 takes no viewers: refused.",
    ),
    "a cluster is not linked": (
        cluster_is(is_linked=False),
        ("cluster-1", "no_link"),
        "not linked to the main broker",
    ),
    "no pulse at a cluster": (
        cluster_is(last_pulse_age_s=None),
        ("cluster-1", "no_pulse"),
        "No pulse reaches cluster-1",
    ),
    "an old pulse at a cluster": (
        cluster_is(last_pulse_age_s=6.1),
        ("cluster-1", "no_pulse"),
        "No pulse reaches cluster-1",
    ),
    "an old frame at a cluster": (
        cluster_is(last_frame_made_ms=CLUSTER.last_frame_made_ms - 6_100),  # type: ignore[operator]
        ("cluster-1", "old_frame"),
        "6 s older than the newest",
    ),
    "a worker is silent": (
        replace(WELL, workers=(replace(WORKER, status_age_s=6.1),)),
        ("cluster-1-worker-1", "silent"),
        "has said nothing for 6 s: others serve its clients",
    ),
    "a worker has said nothing": (
        replace(WELL, workers=(WorkerFacts(name=WORKER.name, cluster="cluster-1"),)),
        ("cluster-1-worker-1", "silent"),
        "`emostream logs cluster-1-worker-1` may say why",
    ),
    "the auditor does not answer": (
        replace(WELL, auditor=AuditorFacts(problem="no answer on port 9103")),
        ("auditor", "no_answer"),
        "no answer on port 9103",
    ),
    "the auditor is behind": (
        auditor_is(behind_s=10.1),
        ("auditor", "behind"),
        "10 s behind: whether all is counted is not known",
    ),
    "a room's books are wrong": (
        auditor_is(rooms_wrong=1, worst_room="final", worst_difference=-3),
        ("auditor", "books_wrong"),
        "of final too many are counted, by 3; `emostream ledger final` says in which",
    ),
    "a reaction is not counted": (
        auditor_is(rooms_wrong=2, worst_room="final", worst_difference=1000),
        ("auditor", "books_wrong"),
        "The books of 2 rooms do not balance: of final too few are counted, by 1,000;",
    ),
    "a total is not what frames have counted": (
        auditor_is(
            rooms_wrong=1,
            worst_room="final",
            worst_difference=0,
            worst_total_difference=1200,
        ),
        ("auditor", "books_wrong"),
        "1 room do not balance: of final the total is 1,200 more than frames have",
    ),
    "both a total and what frames have counted are off": (
        auditor_is(
            rooms_wrong=1,
            worst_room="final",
            worst_difference=5,
            worst_total_difference=-7,
        ),
        ("auditor", "books_wrong"),
        "too few are counted, by 5 and the total is 7 less than frames have counted;",
    ),
    "a room was off in a minute and is not in the sum": (
        auditor_is(
            rooms_wrong=1,
            worst_room="final",
            worst_difference=0,
            worst_total_difference=0,
        ),
        ("auditor", "books_wrong"),
        "balance: `emostream ledger final` says in which minute one is off.",
    ),
    "nobody says which room's books are wrong": (
        auditor_is(rooms_wrong=2),
        ("auditor", "books_wrong"),
        "`emostream ledger` names them",
    ),
    "records were deleted that the auditor had not read": (
        auditor_is(unread_lost=7),
        ("auditor", "unread_lost"),
        "7 records that auditor had not read",
    ),
    "every cluster is full": (
        replace(WELL, workers=(replace(WORKER, capacity=1200),)),
        ("web", "full"),
        "who comes is refused. `emostream scale --clusters` makes room, or a higher",
    ),
    "the public host is not this machine's any more": (
        replace(WELL, open=OpenFacts(host="192.0.2.7", problem="It is not ours.")),
        ("web", "host_gone"),
        "Nobody can come from the network: It is not ours. `emostream down` and `up`",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_its_label_and_its_sentence(fault: str) -> None:
    status, label, sentence = FAULTS[fault]

    (finding,) = verdict(status).findings

    assert (finding.part, finding.problem) == label
    assert sentence in finding.text
    assert finding.text.endswith((".", "?"))


@pytest.mark.parametrize("name", NAMES)
def test_a_process_that_does_not_run_is_named_with_why_and_where_to_read(
    name: str,
) -> None:
    (finding,) = verdict(down(name)).findings

    assert (finding.part, finding.problem) == (name, "not_running")
    assert "(exit status 1; restarted 3 times)" in finding.text
    assert f"`emostream logs {name}`" in finding.text


def test_a_process_that_somebody_stopped_is_started_by_up() -> None:
    (finding,) = verdict(down("web", State.STOPPED)).findings

    assert finding.text == "web is stopped: `emostream up` starts it."


def test_what_passes_by_itself_within_seconds_is_no_fault() -> None:
    small = kafka_is(stream_lag=lag(9, 9.9), bridge_lag=lag(9, 9.9))
    status = replace(
        small,
        stream=replace(STREAM, last_pulse_age_s=5.9),
        clusters=(replace(CLUSTER, last_pulse_age_s=5.9),),
    )

    assert verdict(status).is_well


def test_frames_that_newer_ones_overtook_are_no_fault() -> None:
    assert verdict(bridge_is(frames_overtaken=10_000)).is_well


def test_rejects_and_a_search_that_failed_once_are_no_fault() -> None:
    assert verdict(stream_is(rejects=10_000, rejects_failures=1)).is_well


@pytest.mark.parametrize("look_age_s", [None, 600.0])
def test_a_reviver_that_has_just_started_need_not_have_looked(
    look_age_s: float | None,
) -> None:
    young = with_process(WELL, process("reviver", running_s=1))

    assert verdict(replace(young, reviver_look_age_s=look_age_s)).is_well


def test_a_room_where_nobody_reacts_is_no_fault() -> None:
    status = stream_is(last_trigger_age_s=9e5, last_frame_age_s=9e5)

    assert verdict(status).is_well


def all_hangs_on_kafka() -> Status:
    """Return what is seen while Kafka is down, all of it."""
    return replace(
        with_process(down("kafka"), process("stream", State.EXITED)),
        kafka=KafkaFacts(problem="nobody there"),
        web=WebFacts(problem="Kafka does not answer"),
        bridge=replace(BRIDGE, is_kafka_up=False),
        clusters=(replace(CLUSTER, last_pulse_age_s=None),),
    )


def test_books_that_do_not_balance_come_of_a_stream_that_is_down() -> None:
    status = replace(down("stream"), auditor=replace(AUDITOR, rooms_wrong=3))

    found = verdict(status)

    assert [cause.part for cause in found.causes] == ["stream"]
    assert ("auditor", "books_wrong") in labels(status)


def test_of_all_that_hangs_on_kafka_only_kafka_is_told() -> None:
    found = verdict(all_hangs_on_kafka())

    assert [cause.part for cause in found.causes] == ["kafka"]
    assert {one.part: one.because_of for one in found.findings} == {
        "kafka": None,
        "web": "kafka",
        "stream": "kafka",
        "bridge": "kafka",
        "cluster-1": "kafka",
    }


def test_a_fault_of_its_own_is_told_beside_kafkas() -> None:
    status = replace(
        all_hangs_on_kafka(), clusters=(ClusterFacts(name="cluster-1", problem="gone"),)
    )

    causes = [cause.part for cause in verdict(status).causes]

    assert causes == ["kafka", "cluster-1"]


def test_a_main_that_is_down_explains_the_bridge_and_the_links() -> None:
    status = replace(
        down("mosquitto-main"),
        web=WebFacts(problem=None, workers=1, workers_at_main=0),
        bridge=replace(BRIDGE, is_main_up=False),
        clusters=(replace(CLUSTER, is_linked=False),),
    )

    assert [cause.part for cause in verdict(status).causes] == ["mosquitto-main"]


@pytest.mark.parametrize("part", ["stream", "bridge"])
def test_what_viewers_miss_comes_of_who_should_send_it(part: str) -> None:
    silent = {"stream": stream_is, "bridge": bridge_is}[part](problem="no answer")
    status = replace(silent, clusters=(replace(CLUSTER, last_pulse_age_s=None),))

    found = verdict(status)

    assert [cause.part for cause in found.causes] == [part]
    assert found.findings[-1].because_of == part


def test_what_was_started_a_moment_ago_is_not_ready_yet() -> None:
    young = process("web", running_s=2, restarts=4, reason="exit status 1")
    status = replace(with_process(WELL, young), web=WebFacts(problem="no answer"))

    (finding,) = verdict(status).findings

    assert finding.problem == "not_ready_yet"
    assert finding.text == (
        "web is not ready yet, 2 s after its start (restarted 4 times; exit status 1):"
        " web cannot take reactions: no answer."
    )


def test_what_was_started_a_moment_ago_and_works_is_well() -> None:
    assert verdict(with_process(WELL, process("web", running_s=0.1))).is_well


@pytest.mark.parametrize(("part", "limit_s"), [("bridge", 60), ("stream", 180)])
def test_after_a_while_a_part_is_not_starting_any_more(
    part: str, limit_s: float
) -> None:
    silent = {"stream": stream_is, "bridge": bridge_is}[part](problem="no answer")

    for running_s, problem in [
        (limit_s - 1, "not_ready_yet"),
        (limit_s + 1, "no_metrics"),
    ]:
        status = with_process(silent, process(part, running_s=running_s))
        assert labels(status) == [(part, problem)]


LASTING = {
    "rows_dropped": ("stream", stream_is(rows_dropped={"count": 1, "dedupe": 0})),
    "unread_lost": ("stream", kafka_is(stream_lag=lag(lost=7))),
    "frames_refused": ("bridge", bridge_is(frames_refused=1)),
    "no_frames": ("bridge", bridge_is(records_unreadable=1)),
    "books_wrong": ("auditor", auditor_is(rooms_wrong=1)),
}


@pytest.mark.parametrize("problem", LASTING)
def test_what_does_not_pass_is_told_however_young_the_part_is(problem: str) -> None:
    part, status = LASTING[problem]

    young = with_process(status, process(part, running_s=5))

    assert labels(young) == [(part, problem)]


@pytest.mark.parametrize(
    "status",
    [
        stream_is(problem="no answer"),
        stream_is(last_pulse_age_s=None),
        stream_is(last_pulse_age_s=60.0),
    ],
)
def test_what_the_stream_does_not_do_comes_of_a_kafka_that_is_silent(
    status: Status,
) -> None:
    found = verdict(replace(status, kafka=KafkaFacts(problem="nobody there")))

    assert [one.because_of for one in found.findings] == [None, "kafka"]


def test_frames_wait_because_main_is_silent() -> None:
    status = kafka_is(bridge_lag=lag(20, 11.0))

    found = verdict(replace(status, main=MainFacts(problem="no answer")))

    assert [(one.part, one.because_of) for one in found.findings] == [
        ("mosquitto-main", None),
        ("bridge", "mosquitto-main"),
    ]


def test_a_cluster_that_is_down_explains_its_silent_workers() -> None:
    status = replace(down("cluster-1"), workers=(replace(WORKER, status_age_s=None),))

    (cause,) = verdict(status).causes

    assert cause.part == "cluster-1"


def test_one_full_cluster_is_no_fault_while_another_has_room() -> None:
    other = replace(WORKER, name="cluster-2-worker-1", cluster="cluster-2", members=0)
    status = replace(WELL, workers=(replace(WORKER, capacity=1200), other))

    assert verdict(status).is_well


def drained(word: str, status: Status = WELL) -> Status:
    return replace(status, drains={"cluster-1": word})


def test_a_drained_cluster_is_stopped_on_purpose() -> None:
    stopped = drained("drained", replace(WELL, clusters=()))
    for name in ("cluster-1", "cluster-1-worker-1"):
        stopped = with_process(stopped, process(name, State.STOPPED))
    silent = replace(stopped, workers=(replace(WORKER, status_age_s=None),))

    assert verdict(silent).is_well


def test_a_cluster_that_is_being_left_runs_until_it_is_empty() -> None:
    leaving = with_process(drained("draining"), process("cluster-1", State.EXITED))

    assert labels(leaving) == [("cluster-1", "not_running")]


def test_a_cluster_that_is_being_left_makes_no_room() -> None:
    full = replace(WORKER, members=10_000)
    closed = replace(WORKER, name="cluster-2-worker-1", cluster="cluster-2", members=0)
    status = replace(WELL, workers=(full, closed), drains={"cluster-2": "draining"})

    assert labels(status) == [("web", "full")]
    (finding,) = verdict(status).findings
    assert "`emostream undrain cluster-2` makes room" in finding.text
