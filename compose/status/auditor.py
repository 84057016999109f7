"""What the auditor says: its metrics, and which room's books are the worst."""

import httpx
import msgspec

from compose.plain_http import get
from compose.settings import LOOPBACK
from compose.status.auditor_facts import AuditorFacts
from compose.status.scrape import ANSWER_WITHIN_S, Metrics, NoMetrics, scrape
from stream.auditor.ledger import Overview


def look(port: int, host: str = LOOPBACK) -> AuditorFacts:
    """Ask the auditor on a port, of this machine where no other is named."""
    url = f"http://{host}:{port}/ledger"
    try:
        metrics = scrape(port, host)
        answer = get(url, within_s=ANSWER_WITHIN_S)
        return facts(metrics, msgspec.json.decode(answer.content, type=Overview))
    except NoMetrics as error:
        return AuditorFacts(problem=str(error))
    except httpx.HTTPError as error:
        return AuditorFacts(problem=f"no answer on port {port}: {error}")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return AuditorFacts(problem=f"port {port} answers with no ledger to {url}")


def facts(metrics: Metrics, overview: Overview) -> AuditorFacts:
    """Pick out what a status shows of it."""
    worst = next((one for one in overview.rooms if one.room == overview.worst), None)
    return AuditorFacts(
        problem=None,
        behind_s=metrics.value("auditor_behind_seconds"),
        rooms_wrong=overview.rooms_wrong,
        difference=metrics.count("auditor_difference_reactions"),
        worst_room=worst.room if worst else None,
        worst_difference=worst.difference if worst else None,
        worst_total_difference=worst.total_difference if worst else None,
        unread_lost=sum(gap.next - gap.first for gap in overview.gaps),
    )
