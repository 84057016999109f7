"""All that is shown at a moment, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clients.crowd.latency import Latency
from clients.crowd.progress import Phase
from compose.demo.happening import Happening
from stream.frame import Frame

PHASES: Mapping[Phase, str] = {
    Phase.JOINING: "clients join",
    Phase.SENDING: "the match is on",
    Phase.WATCHING: "they watch",
    Phase.SETTLING: "what is on its way is counted",
    Phase.LEAVING: "clients leave",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The room, its crowd and the system."""

    title: str
    room: str
    speed: float
    phase: Phase
    at_s: float
    """Of the replay."""

    of_s: float
    frame: Frame | None
    per_s: float
    sent: int
    """As the sender said last, as `accepted` and `refused` are."""

    accepted: int
    counted: int
    """As main said last; maybe later than the sender spoke."""

    surplus: int
    """How many are counted for certain that were not sent."""

    refused: int
    served: int
    expected: int
    clusters: Mapping[str, int | None]
    """How many of them each serves; None where it is away."""

    latency: Latency | None
    """Tap → this screen."""

    happenings: Sequence[Happening]

    @property
    def on_their_way(self) -> int:
        """How many were sent, and are neither counted nor refused yet."""
        return max(0, self.sent - self.counted - self.refused)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is counted that was not sent."""
        return not self.surplus

    @property
    def match_clock(self) -> str:
        """How far the match is, in its own time."""
        at, of = (round(s * self.speed) for s in (self.at_s, self.of_s))
        return f"{at // 60:02}:{at % 60:02} of {of // 60:02}:{of % 60:02}"


def cluster_words(clusters: Mapping[str, int | None]) -> str:
    """Say how many each cluster serves."""
    return "  ".join(
        f"{name} {'is away' if count is None else format(count, ',')}"
        for name, count in clusters.items()
    )


def ledger_words(scene: Scene) -> str:
    """Say whether the account is right so far."""
    if not scene.is_sound:
        return f"✗ {scene.surplus:,} more are counted than were sent"
    is_all = scene.phase in {Phase.SETTLING, Phase.LEAVING}
    if is_all and scene.sent and scene.counted == scene.sent:
        return "✓ all that was sent is counted, each once"
    return "✓ nothing is counted that was not sent"


def latency_words(found: Latency | None) -> str:
    """Say how long it took."""
    if found is None:
        return "not known yet"
    return (
        f"p50 {found.p50_ms:,.0f} ms  p99 {found.p99_ms:,.0f} ms  ({found.n:,} batches)"
    )
