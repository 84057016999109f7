from pathlib import Path

import pytest

from compose.settings import Settings
from ingest.refusal import Refused
from ingest.wsgi import common


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path)


def test_a_server_is_ready_when_all_its_apps_are(settings: Settings) -> None:
    common(settings, {}, lambda: None, lambda: None).readiness.check()


def test_a_server_is_not_ready_when_one_of_its_apps_is_not(settings: Settings) -> None:
    shared = common(settings, {}, lambda: None, lambda: "Main is away")

    with pytest.raises(Refused) as refused:
        shared.readiness.check()
    assert refused.value.help == "Main is away."
