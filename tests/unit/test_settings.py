import json
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from compose import settings_show
from compose.presets import Origin
from compose.settings import PREFIX, BadSetting, Settings, variable


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without `.env`, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    return tmp_path


def test_a_variable_overrides_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOSTREAM_HTTP_PORT", "8081")

    assert Settings.load().http_port == 8081


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMOSTREAM_HTTP_PORT", "eighty"),
        ("EMOSTREAM_HTTP_PORT", "70000"),
        ("EMOSTREAM_CLUSTERS", "0"),
        ("EMOSTREAM_LOG_LEVEL", "LOUD"),
        ("EMOSTREAM_KAFKA_TOPIC_PREFIX", "a b"),
        ("EMOSTREAM_PUBLIC_HOST", "http://a.example"),
        ("EMOSTREAM_PUBLIC_HOST", "a.example:80"),
        ("EMOSTREAM_ALLOWED_ORIGINS", "https://a.example/"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(BadSetting, match=f"{name}='{value}': ."):
        Settings.load()


def test_every_bad_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOSTREAM_HTTP_PORT", "x")
    monkeypatch.setenv("EMOSTREAM_CLUSTERS", "y")

    with pytest.raises(BadSetting) as refusal:
        Settings.load()

    assert "EMOSTREAM_HTTP_PORT" in str(refusal.value)
    assert "EMOSTREAM_CLUSTERS" in str(refusal.value)


def test_an_unknown_name_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMOSTREAM_HTTPPORT", "8081")

    with pytest.raises(
        BadSetting,
        match="EMOSTREAM_HTTPPORT is not a setting; did you mean EMOSTREAM_HTTP_PORT",
    ):
        Settings.load()


def test_a_file_is_read_and_the_environment_goes_before_it(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_folder / ".env").write_text(
        "EMOSTREAM_HTTP_PORT=8081\nEMOSTREAM_MAIN_PORT=2884\n"
    )
    monkeypatch.setenv("EMOSTREAM_MAIN_PORT", "3884")

    settings = Settings.load()

    assert settings.http_port == 8081
    assert settings.main_port == 3884


def test_what_other_tools_keep_in_the_file_is_theirs(own_folder: Path) -> None:
    (own_folder / ".env").write_text("DATABASE_URL=x\nHTTP_PORT=1\n")

    assert Settings.load().http_port == 8080


def test_an_unknown_name_in_the_file_is_refused(own_folder: Path) -> None:
    (own_folder / ".env").write_text("EMOSTREAM_CLUSTER=5\n")

    with pytest.raises(BadSetting, match=r"EMOSTREAM_CLUSTER in .env is not a setting"):
        Settings.load()


def test_a_bad_value_in_the_file_is_named(own_folder: Path) -> None:
    (own_folder / ".env").write_text("EMOSTREAM_CLUSTERS=many\n")

    with pytest.raises(BadSetting, match="EMOSTREAM_CLUSTERS='many'"):
        Settings.load()


def test_another_process_reads_exactly_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = Settings(
        state_dir=tmp_path,
        clusters=5,
        kafka_servers="kafka-1:9092,kafka-2:9092",
        spark_master="local[4]",
    )
    for name, value in chosen.as_environment().items():
        monkeypatch.setenv(name, value)

    assert Settings.load() == chosen


def test_what_was_written_down_is_read_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = Settings(clusters=5)
    written = chosen.as_environment()
    monkeypatch.setenv("EMOSTREAM_CLUSTERS", "2")
    monkeypatch.setenv("EMOSTREAM_HTTP_PORT", "1")

    assert Settings.from_environment(written) == chosen


def test_a_relative_folder_does_not_depend_on_where_a_child_runs(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOSTREAM_STATE_DIR", "here")

    assert Settings.load().state_dir == own_folder / "here"


def test_every_setting_says_what_it_is_for() -> None:
    undocumented = [
        n for n, about in Settings.model_fields.items() if not about.description
    ]

    assert undocumented == []


def test_a_variable_is_named_after_its_setting() -> None:
    assert variable("http_port") == f"{PREFIX}HTTP_PORT"


def test_an_empty_folder_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOSTREAM_STATE_DIR", "")

    with pytest.raises(BadSetting, match=r"EMOSTREAM_STATE_DIR='': .*name a folder"):
        Settings.load()


def test_a_bad_env_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(BadSetting, match=r"\.env is not text in UTF-8"):
        Settings.load()


def test_the_reference_preset_has_the_published_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMOSTREAM_PRESET", "reference")

    chosen = Settings.load()

    assert (chosen.producer_linger_ms, chosen.stream_trigger_ms) == (500, 2000)


def test_what_a_person_wrote_goes_before_the_preset(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_folder / ".env").write_text(
        "EMOSTREAM_PRESET=reference\nEMOSTREAM_PRODUCER_LINGER_MS=7\n"
    )
    monkeypatch.setenv("EMOSTREAM_STREAM_TRIGGER_MS", "700")

    chosen = Settings.load()

    assert (chosen.producer_linger_ms, chosen.stream_trigger_ms) == (7, 700)


def test_a_preset_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMOSTREAM_PRESET", "fast")

    with pytest.raises(BadSetting, match="EMOSTREAM_PRESET='fast'"):
        Settings.load()


def test_a_setting_tells_where_its_value_came_from(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_folder / ".env").write_text("emostream_clusters=2\nEMOSTREAM_HTTP_PORT=8082\n")
    monkeypatch.setenv("EMOSTREAM_PRESET", "reference")
    monkeypatch.setenv("EMOSTREAM_HTTP_PORT", "8083")

    chosen = Settings.load()

    assert chosen.origin("http_port") is Origin.ENVIRONMENT
    assert chosen.origin("clusters") is Origin.ENV_FILE
    assert chosen.origin("stream_trigger_ms") is Origin.PRESET
    assert chosen.origin("main_port") is Origin.DEFAULT


class Little(Settings):
    """Settings with secrets in both of the ways to declare one."""

    password: SecretStr = SecretStr("typed")
    token: str = Field(default="declared", json_schema_extra=settings_show.SECRET)


def test_no_secret_is_ever_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOSTREAM_TOKEN", "from outside")
    settings = Little.load()

    documents = json.dumps(settings_show.document(settings))
    text = settings_show.text(settings).plain

    for secret in ("typed", "declared", "from outside"):
        assert secret not in documents
        assert secret not in text
    for name in ("password", "EMOSTREAM_TOKEN"):
        one = settings_show.find(settings, name)
        assert one is not None
        assert (one.value, one.default) == ("********", "********")


def test_a_setting_is_shown_with_all_that_is_known_of_it(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOSTREAM_HTTP_PORT", "8081")
    monkeypatch.setenv("EMOSTREAM_PRESET", "reference")
    (own_folder / ".env").write_text("EMOSTREAM_CLUSTERS=5\n")
    settings = Settings.load()

    shown = {one.variable: one for one in settings_show.shown(settings)}

    assert shown["EMOSTREAM_HTTP_PORT"] == settings_show.Shown(
        variable="EMOSTREAM_HTTP_PORT",
        value=8081,
        default=8080,
        origin=Origin.ENVIRONMENT,
        reason="Where reactions are posted.",
    )
    assert shown["EMOSTREAM_CLUSTERS"].origin is Origin.ENV_FILE
    assert shown["EMOSTREAM_STREAM_TRIGGER_MS"].origin is Origin.PRESET
    assert shown["EMOSTREAM_MAIN_PORT"].origin is Origin.DEFAULT
    assert len(shown) == len(Settings.model_fields)


def test_a_person_reads_value_origin_default_and_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMOSTREAM_HTTP_PORT", "8081")

    text = settings_show.text(Settings.load()).plain

    assert (
        "EMOSTREAM_HTTP_PORT=8081  (environment; default: 8080)\n"
        "    Where reactions are posted.\n"
    ) in text
    assert "EMOSTREAM_MAIN_PORT=1884  (default)\n" in text


@pytest.mark.parametrize("name", ["http_port", "HTTP_PORT", "emostream_http_port"])
def test_a_setting_is_found_by_any_of_its_names(name: str) -> None:
    one = settings_show.find(Settings(), name)

    assert one is not None
    assert one.variable == "EMOSTREAM_HTTP_PORT"
    assert settings_show.find(Settings(), "port") is None
