"""Presets: values for settings that nothing else sets, and where a value came from."""

import enum
from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

PRESETS: Mapping[str, Mapping[str, int]] = {
    "default": {},
    # The figures of the published design: flushed every 500 ms, counted every 2 s.
    "reference": {"producer_linger_ms": 500, "stream_trigger_ms": 2000},
}
"""Values that a preset gives to settings which nothing else sets."""


class Origin(enum.StrEnum):
    """Where a setting's value comes from; the first that has one wins."""

    ENVIRONMENT = "environment"
    ENV_FILE = ".env"
    PRESET = "preset"
    DEFAULT = "default"


class PresetSource(PydanticBaseSettingsSource):
    """What the chosen preset says, known once the other sources were read."""

    def get_field_value(
        self, field: FieldInfo, field_name: str
    ) -> tuple[Any, str, bool]:
        """Return the preset's value of one field; None where it has none."""
        del field
        chosen = str(self.current_state.get("preset", "default"))
        return PRESETS.get(chosen, {}).get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the preset's values; a preset that does not exist has none."""
        values = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value is not None}
