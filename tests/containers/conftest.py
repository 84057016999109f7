import pytest

from tests.containers.stack import Containers
from tests.system.stack import Stack


@pytest.fixture(scope="session")
def containers(stack: Stack) -> Containers:
    """The same system as the black-box tests have, as what it is."""
    assert isinstance(stack, Containers), "these tests are run with --containers"
    return stack
