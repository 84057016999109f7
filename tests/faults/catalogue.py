"""All faults there are: `FAULTS` of each module here called `of_…`."""

import importlib
import pkgutil
from pathlib import Path

from tests.faults.fault import Fault

_OURS = "tests.faults"


def faults() -> tuple[Fault, ...]:
    """Return them, in the order of their modules' names."""
    found: list[Fault] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("of_"):
            found += importlib.import_module(f"{_OURS}.{module.name}").FAULTS
    return tuple(found)
