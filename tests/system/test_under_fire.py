"""Each main fault once, under load: `make test-faults` has all of them, five times."""

import os

import pytest

from tests.faults import report
from tests.faults.campaign import Campaign
from tests.faults.catalogue import faults
from tests.faults.plan import chosen
from tests.faults.running import of_stack
from tests.system.stack import Stack

SEED = int(os.environ.get("TEST_SEED", "8"))
WITHIN_S = 900
"""A trial that was begun is ended, whatever the time."""


@pytest.mark.timeout(2 * WITHIN_S)
def test_each_main_fault_loses_nothing_and_counts_nothing_twice(stack: Stack) -> None:
    campaign = Campaign(
        chosen(faults(), ["*"], quick=True), trials=1, seed=SEED, within_s=WITHIN_S
    )
    with of_stack(stack, SEED) as scene:
        campaign.on_scene(scene)

    print(report.table(campaign.result))
    assert [*campaign.result.failures()] == []
    assert not campaign.result.left_out
