"""The settings as a person or a program reads them; secrets are masked."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import JsonValue, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from rich.text import Text

from compose.presets import Origin
from compose.settings import Settings, variable

MASKED = "********"
"""Stands for every secret, also for one that is not set."""

SECRET: dict[str, JsonValue] = {"secret": True}
"""In the `json_schema_extra` of a field that is secret and whose type is not."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting, safe to print."""

    variable: str
    value: Any
    default: Any
    origin: Origin
    """Where the value comes from."""

    reason: str


def shown(settings: Settings) -> Iterator[Shown]:
    """Describe every setting, in the order in which they are declared."""
    for name, field in type(settings).model_fields.items():
        value, default = getattr(settings, name), field.default
        if is_secret(field):
            value = default = MASKED
        yield Shown(
            variable=variable(name),
            value=_plain(value),
            default=_plain(default),
            origin=settings.origin(name),
            reason=field.description or "",
        )


def find(settings: Settings, name: str) -> Shown | None:
    """Return one setting by its field or its variable, in any case."""
    wanted = name.upper()
    every = shown(settings)
    return next((s for s in every if wanted in {s.variable, _field(s)}), None)


def document(settings: Settings) -> list[dict[str, Any]]:
    """Return what `settings --json` prints, as plain values."""
    return [asdict(setting) for setting in shown(settings)]


def text(settings: Settings) -> Text:
    """Return two lines for each setting: its value and where from, and its reason."""
    lines = Text()
    for setting in shown(settings):
        is_default = setting.origin is Origin.DEFAULT
        origin = f"{setting.origin}; default: {setting.default}"
        lines.append(
            f"{setting.variable}={setting.value}", None if is_default else "bold"
        )
        lines.append(
            f"  ({'default' if is_default else origin})\n    {setting.reason}\n", "dim"
        )
    return lines


def is_secret(field: FieldInfo) -> bool:
    """Tell whether a setting is never to be printed."""
    extra = field.json_schema_extra
    declared = isinstance(extra, dict) and extra.items() >= SECRET.items()
    return declared or field.annotation in {SecretStr, SecretBytes}


def _field(setting: Shown) -> str:
    return setting.variable.removeprefix(variable(""))


def _plain(value: object) -> Any:  # noqa: ANN401 - what JSON has, or text
    return value if isinstance(value, bool | int | float | str) else str(value)
