"""What a process says of itself on its metrics port, read within a moment."""

import time
from collections.abc import Iterable, Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from compose.plain_http import get
from compose.settings import LOOPBACK

ANSWER_WITHIN_S = 2.0

Labels = frozenset[tuple[str, str]]


class NoMetrics(Exception):
    """The port does not answer with metrics; the text says what it does."""


class Metrics:
    """Samples by name and labels, as they were at one moment."""

    def __init__(self, samples: Iterable[Sample], *, at_s: float) -> None:
        self._at_s = at_s
        self._values: Mapping[tuple[str, Labels], float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for sample in samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample; None where there is none."""
        return self._values.get((name, frozenset(labels.items())))

    def count(self, name: str, **labels: str) -> int | None:
        """Return a sample that counts something."""
        value = self.value(name, **labels)
        return None if value is None else int(value)

    def total(self, name: str) -> int:
        """Return the sum over all labels; 0 where nothing was counted yet."""
        return int(sum(v for (known, _), v in self._values.items() if known == name))

    def age_s(self, name: str) -> float | None:
        """Return how long ago the moment of a sample was; None if it never came."""
        moment_s = self.value(name)
        return max(0.0, self._at_s - moment_s) if moment_s else None


def scrape(port: int, host: str = LOOPBACK) -> Metrics:
    """Read all metrics of a port, on this machine where no other is named.

    Raises:
        NoMetrics: If nobody answers there in time, or with something else.
    """
    url = f"http://{host}:{port}/metrics"
    try:
        answer = get(url, within_s=ANSWER_WITHIN_S)
    except httpx.TimeoutException as error:
        raise NoMetrics(
            f"no answer on port {port} in {ANSWER_WITHIN_S:.0f} s"
        ) from error
    except httpx.HTTPError as error:
        raise NoMetrics(f"no answer on port {port}: {error}") from error
    if answer.status_code != httpx.codes.OK:
        raise NoMetrics(f"port {port} answers {answer.status_code} to {url}")
    return parse(answer.text, port, at_s=time.time())


def parse(text: str, port: int, *, at_s: float) -> Metrics:
    """Read what a port answered at `at_s`, in seconds since the epoch.

    Raises:
        NoMetrics: If that is no metrics.
    """
    try:
        families = [*text_string_to_metric_families(text)]
    except ValueError as error:
        raise NoMetrics(f"port {port} answers with something else") from error
    samples = (sample for family in families for sample in family.samples)
    return Metrics(samples, at_s=at_s)
