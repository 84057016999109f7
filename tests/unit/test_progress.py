from typing import Any

from prometheus_client import REGISTRY

from stream.progress import Progress


def report(batch: int, *, late: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    return {
        "batchId": batch,
        "timestamp": "2026-11-20T18:00:03.000Z",
        "numInputRows": 10,
        "durationMs": {"addBatch": 300, "triggerExecution": 400},
        "eventTime": {"watermark": "2026-11-20T18:00:01.500Z"},
        "stateOperators": [
            {"numRowsDroppedByWatermark": late[0], "customMetrics": {}},
            {
                "numRowsDroppedByWatermark": late[1],
                "customMetrics": {"numDroppedDuplicateRows": 3},
            },
        ],
    }


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_nothing_is_known_of_the_watermark_before_the_first_report() -> None:
    progress = Progress()

    progress.observe(None)

    assert progress.watermark_ms == 0


def test_the_watermark_is_that_of_the_last_completed_trigger() -> None:
    progress = Progress()

    progress.observe(report(0))

    assert progress.watermark_ms == 1795197601500


def test_a_trigger_without_event_time_knows_no_watermark() -> None:
    progress = Progress()

    progress.observe({**report(0), "eventTime": {}})

    assert progress.watermark_ms == 0


def test_a_trigger_seen_twice_is_counted_once() -> None:
    progress, before = Progress(), counted("stream_records_total")

    progress.observe(report(0))
    progress.observe(report(0))
    progress.observe(report(1))

    assert counted("stream_records_total") - before == 20


def test_a_report_of_an_idle_query_is_no_trigger() -> None:
    progress, before = Progress(), counted("stream_triggers_total")

    progress.observe({**report(0), "durationMs": {"latestOffset": 1}})

    assert counted("stream_triggers_total") == before


def test_rows_lost_behind_the_watermark_are_counted_by_operator() -> None:
    before = counted("stream_late_rows_total", operator="dedupe")

    Progress().observe(report(0, late=(0, 4)))

    assert counted("stream_late_rows_total", operator="dedupe") - before == 4


def test_what_the_newest_trigger_took_and_when_it_ended_is_shown() -> None:
    Progress().observe(report(0))

    assert counted("stream_last_trigger_seconds") == 0.4
    assert counted("stream_last_trigger_timestamp_seconds") == 1795197603.4
