from pathlib import Path

import pytest

from compose.settings import Settings
from ingest.refusal import Refused
from ingest.wsgi import common


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path)


def test_a_server_is_ready_when_its_probe_finds_nothing(settings: Settings) -> None:
    common(settings, {}, lambda: None).readiness.check()


def test_a_server_that_is_not_ready_says_why(settings: Settings) -> None:
    shared = common(settings, {}, lambda: "Kafka is away")

    with pytest.raises(Refused) as refused:
        shared.readiness.check()
    assert refused.value.help == "Kafka is away."
