"""The whole run is several side by side, and loses none of what they find."""

from collections import Counter

from tests.faults.catalogue import faults
from tests.faults.lanes import LANES
from tests.faults.plan import chosen
from tests.faults.results import Group, Recounted, Result, Trial, merged


def result(part: str, taken_at: str, seconds: float) -> Result:
    trial = Trial(part=part, name="kill -9", seed="8", at=taken_at, reactions=5)
    return Result(
        seed=8,
        taken_at=taken_at,
        seconds=seconds,
        groups=(Group(setting="default", part=part, trials=(trial,)),),
        recounts=(Recounted(part, 5, 0, agrees=part != "kafka"),),
        broken=(f"{part} did not stop",),
    )


def test_each_fault_is_in_one_lane() -> None:
    lanes = Counter(
        fault.title for lane in LANES for fault in chosen(faults(), lane, quick=False)
    )

    assert lanes == Counter({fault.title: 1 for fault in faults()})


def test_what_lanes_found_is_one_result() -> None:
    found = merged([result("kafka", "10:01", 60), result("spark", "10:00", 50)])

    assert [trial.part for trial in found.trials] == ["kafka", "spark"]
    assert (found.taken_at, found.seconds) == ("10:00", 60)
    assert len([*found.failures()]) == 3
