import os
import time

import pytest

from tests.load.usage import Meter, Sample, summary


def test_cores_are_cpu_time_by_wall_time_and_the_peak_is_the_busiest_second() -> None:
    samples = [Sample(10, 5.0, 100), Sample(11, 5.25, 300), Sample(14, 6.0, 200)]
    found = summary("stream", samples, pss_mib=150)

    assert found.cpu_cores == pytest.approx(0.25)
    assert found.cpu_peak_cores == pytest.approx(0.25)
    assert (found.rss_mib, found.rss_peak_mib, found.pss_mib) == (200, 300, 150)


def test_a_last_step_too_short_for_the_kernels_ticks_is_no_peak() -> None:
    samples = [Sample(10, 5.0, 1), Sample(11, 5.5, 1), Sample(11.001, 5.51, 1)]

    assert summary("stream", samples, None).cpu_peak_cores == pytest.approx(0.5)


def test_a_child_that_died_takes_no_cpu_time_back() -> None:
    samples = [Sample(10, 5.0, 100), Sample(11, 4.0, 50)]

    assert summary("stream", samples, None).cpu_cores == 0


def test_a_process_that_works_is_seen_to_work() -> None:
    with Meter({"me": os.getpid()}) as meter:
        until_s = time.process_time() + 0.2
        while time.process_time() < until_s:
            pass

    assert meter.usage[0].cpu_cores > 0
    assert meter.usage[0].rss_peak_mib > 1
    assert meter.gone == ()
