"""What the web server, the stream and the bridge say of themselves over HTTP."""

from collections.abc import Callable

import httpx

from compose.plain_http import get
from compose.settings import Settings
from compose.status.facts import BridgeFacts, StreamFacts, WebFacts
from compose.status.scrape import ANSWER_WITHIN_S, Metrics, NoMetrics, scrape
from compose.topology import INGEST, WEB
from stream.progress import OPERATORS


def look_at_web(settings: Settings) -> WebFacts:
    """Ask the web server whether it can store reactions and read frames.

    In containers these are two behind a proxy, and each is asked itself.
    """
    port = settings.http_port
    problem = _problem(settings.host_of(INGEST), port)
    is_behind_proxy = settings.is_contained and not problem
    return WebFacts(
        problem=problem,
        workers=settings.web_workers,
        workers_at_main=_workers_at_main(settings.host_of(WEB), port),
        proxy_problem=_problem(settings.http_host, port) if is_behind_proxy else None,
    )


def _problem(host: str, port: int) -> str | None:
    """Return why reactions cannot be stored there."""
    try:
        answer = get(f"http://{host}:{port}/readyz", within_s=ANSWER_WITHIN_S)
    except httpx.TimeoutException:
        return f"no answer on port {port} in {ANSWER_WITHIN_S:.0f} s"
    except httpx.HTTPError as error:
        return f"no answer on port {port}: {error}"
    return None if answer.is_success else _help(answer)


def _workers_at_main(host: str, port: int) -> int | None:
    try:
        return scrape(port, host).count("web_main_up")
    except NoMetrics:
        return None


def stream_facts(answer: Callable[[], Metrics]) -> StreamFacts:
    """Pick out what a status shows of the stream.

    Args:
        answer: Returns its metrics, or raises NoMetrics.
    """
    try:
        metrics = answer()
    except NoMetrics as error:
        return StreamFacts(problem=str(error))
    late = "stream_late_rows_total"
    made_s = metrics.value("stream_last_frame_timestamp_seconds")
    return StreamFacts(
        problem=None,
        triggers=metrics.count("stream_triggers_total"),
        # A gauge that was never set is 0, and no trigger takes no time.
        last_trigger_s=metrics.value("stream_last_trigger_seconds") or None,
        last_trigger_age_s=metrics.age_s("stream_last_trigger_timestamp_seconds"),
        rows_dropped={each: metrics.count(late, operator=each) for each in OPERATORS},
        frames=metrics.count("stream_frames_total"),
        last_frame_made_ms=round(made_s * 1000) if made_s else None,
        last_frame_age_s=metrics.age_s("stream_last_frame_timestamp_seconds"),
        last_pulse_age_s=metrics.age_s("stream_last_pulse_timestamp_seconds"),
        rejects=metrics.total("stream_rejects_total"),
        rejects_failures=metrics.count("stream_rejects_failures_total"),
        is_looking_for_rejects=_is_not(metrics.value("stream_rejects_away")),
    )


def bridge_facts(answer: Callable[[], Metrics]) -> BridgeFacts:
    """Pick out what a status shows of the bridge.

    Args:
        answer: Returns its metrics, or raises NoMetrics.
    """
    try:
        metrics = answer()
    except NoMetrics as error:
        return BridgeFacts(problem=str(error))
    count = metrics.count
    return BridgeFacts(
        problem=None,
        is_main_up=_is_up(metrics.value("bridge_main_up")),
        is_kafka_up=_is_up(metrics.value("bridge_kafka_up")),
        frames=count("bridge_frames_total"),
        frames_overtaken=count("bridge_frames_superseded_total"),
        frames_replayed=count("bridge_frames_replayed_total"),
        frames_refused=count("bridge_frames_refused_total"),
        records_unreadable=metrics.total("bridge_records_unreadable_total"),
    )


def _is_up(value: float | None) -> bool | None:
    return None if value is None else value == 1


def _is_not(value: float | None) -> bool | None:
    return None if value is None else value == 0


def _help(answer: httpx.Response) -> str:
    """Return the answer's own sentence, or else its status."""
    try:
        said = answer.json()["help"]
    except (ValueError, LookupError, TypeError):
        return f"it answers {answer.status_code}"
    return str(said).rstrip(".")
