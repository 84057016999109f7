"""Every setting of every process, with its default and its reason.

Read from the environment (`EMOSTREAM_…`) and from a `.env` file in the working
directory, the environment first. Only `__main__` and `wsgi` modules read them;
all other code takes plain arguments.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from compose import origins
from compose.presets import PRESETS, Origin, PresetSource

PREFIX = "EMOSTREAM_"
LOOPBACK = "127.0.0.1"

CLUSTERS_MAX = 64
"""The main broker knows so many from its start: one more changes nothing there."""

WORKERS_MAX = 16
"""Of a cluster: each still has several of its 64 slots."""

Port = Annotated[int, Field(ge=1, le=65535)]


def _named(path: object) -> object:
    if not str(path).strip():
        raise ValueError("name a folder")  # it would be the working directory
    return path


# Children have another working directory, and a folder is known by its name: there
# is one way to write it.
Folder = Annotated[
    Path,
    BeforeValidator(_named),
    AfterValidator(lambda path: path.expanduser().resolve()),
]

_HOST = r"^[A-Za-z0-9._-]{1,253}$"

_ENV_FILE = ".env"
_CHECKOUT = Path(__file__).resolve().parent.parent
_HOME = _CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else Path.cwd()


class BadSetting(ValueError):
    """A setting has a value that no process can use, or a name that nothing reads."""


class Settings(BaseSettings):
    """What can be chosen. Each name in the environment is `EMOSTREAM_` + NAME."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=_ENV_FILE,
        env_file_encoding="utf-8",
        extra="ignore",  # .env may serve other tools too; ours are checked by name
        frozen=True,
        use_attribute_docstrings=True,
    )

    preset: Literal["default", "reference"] = "default"
    """`reference` has the published design's flush of 500 ms and triggers of 2 s."""

    state_dir: Folder = _HOME / ".emostream"
    """Everything that is written lies here: data, logs, configuration, secrets."""

    jars_dir: Folder = _HOME / ".emostream" / "jars"
    """Kafka's and Spark's jars, fetched by `make setup`; shared by all instances."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe log line that is written."""

    bind_host: str = Field(default=LOOPBACK, pattern=_HOST)
    """Where our own processes listen; `0.0.0.0` in containers, each of which has a
    network of its own: who runs them says which ports are reached, and by whom. `up`
    takes loopback only, for Kafka and metrics ask nobody for a password."""

    process_host: str = Field(default=LOOPBACK, pattern=r"^[A-Za-z0-9._{}-]{1,253}$")
    """Where our own processes are asked how they are; `{process}` is one's name. In
    containers alone it is not loopback."""

    http_host: str = Field(default=LOOPBACK, pattern=_HOST)
    """Where our own commands find HTTP."""

    http_port: Port = 8080
    """Where reactions are posted."""

    http_socket: str = Field(default="", max_length=107)
    """A Unix socket where HTTP is served, too, for a proxy on this machine; `{process}`
    is the name of who serves it."""

    web_workers: int = Field(default=1, ge=1, le=64)
    """Gunicorn workers; one takes 2,000 to 3,000 POSTs a second, each has a core."""

    web_threads: int = Field(default=16, ge=1, le=512)
    """Threads of a worker for GETs: half may wait for a frame. A POST needs none."""

    web_connections: int = Field(default=1000, ge=16, le=20_000)
    """Connections that one worker holds; for one more it ends another that waits."""

    web_head_within_s: float = Field(default=5.0, gt=0, le=60)
    """Time for the headers of a request, from their first byte; beyond it 408."""

    web_body_within_s: float = Field(default=10.0, gt=0, le=60)
    """Time for the body; 128 KiB within 10 s is 105 kbit/s, a poor phone's uplink."""

    web_bodies_max_bytes: int = Field(default=32 * 1024**2, ge=128 * 1024)
    """Bodies that one worker holds, by Content-Length. Beside them a connection holds
    at most 16 KiB of what has come, and the head of its last request."""

    web_proxies: int = Field(default=0, ge=0, le=8)
    """Proxies in front whose `X-Forwarded-For` is believed; a stranger's is not."""

    address_requests_per_s: int = Field(default=100, ge=1, le=1_000_000)
    """One address may send so many for ever, each worker counting for itself: a tenth
    of a worker at most, and enough for a hundred phones behind one address."""

    address_burst: int = Field(default=200, ge=1, le=1_000_000)
    """One address may send so many at once; an IPv6 address counts as its /64."""

    loopback_requests_per_s: int = Field(default=20_000, ge=1, le=1_000_000)
    """The same on loopback: more than a worker answers, so it limits nothing that is
    run here, unless a proxy here is not named in `web_proxies`."""

    producer_linger_ms: int = Field(default=5, ge=0, le=500)
    """How long ingest gathers records before it sends them: 5 to 20 is usual."""

    kafka_servers: str = ""
    """Addresses of a Kafka run elsewhere; empty starts one on `kafka_port`."""

    kafka_host: str = Field(default=LOOPBACK, pattern=_HOST)
    """Where our own Kafka is found."""

    kafka_port: Port = 9092
    """Where our own Kafka listens."""

    kafka_controller_port: Port = 9093
    """Where our own Kafka's controller listens."""

    kafka_heap_mb: int = Field(default=512, ge=128)
    """Java heap of our own Kafka."""

    kafka_topic_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    """Put before the name of every Kafka topic, for a Kafka that is shared."""

    reactions_partitions: int = Field(default=2, ge=1, le=256)
    """Partitions of `reactions`; one a core of Spark is enough."""

    reactions_retention_bytes: int = Field(default=5 * 1024**3, ge=1024**2)
    """Size at which the oldest reactions go: what can still be recounted."""

    spark_master: str = "local[3]"
    """Where Spark runs its tasks: two of a trigger at a time, and one for rejects."""

    spark_driver_memory_mb: int = Field(default=896, ge=512)
    """Java heap of the Spark driver, and of its tasks where the master is local. 240 of
    it stay in use at 200,000 reactions a second, 490 on a machine that is too slow."""

    spark_shuffle_partitions: int = Field(default=2, ge=1, le=1024)
    """Tasks a trigger counts with; fixed by the checkpoint: a change is an epoch."""

    stream_window_ms: int = Field(default=2000, ge=100, le=60_000)
    """Length of a window of broker time; a change is an epoch."""

    stream_trigger_ms: int = Field(default=500, ge=50, le=60_000)
    """How often new reactions are counted: 500 keeps the p99 below a second."""

    stream_dedupe_s: int = Field(default=60, ge=2, le=3600)
    """How long a repeated batch is known, at least; a change is an epoch."""

    stream_metrics_port: Port = 9102
    """Where the stream shows its metrics."""

    bridge_metrics_port: Port = 9101
    """Where the bridge shows its metrics."""

    auditor_port: Port = 9103
    """Where the auditor shows its metrics and the ledger."""

    clusters: int = Field(default=3, ge=1, le=CLUSTERS_MAX)
    """Edge brokers at a start; each pulls every room from the main one. What runs is
    changed by `emostream scale`."""

    workers: int = Field(default=3, ge=1, le=WORKERS_MAX)
    """Workers of each cluster at a start: they share its registered clients."""

    cluster_capacity: int = Field(default=10_000, ge=1, le=20_000)
    """Registered clients of each cluster; beyond them others get the next."""

    cluster_host: str = Field(default=LOOPBACK, pattern=r"^[A-Za-z0-9.:_-]{1,253}$")
    """The host of the clusters' brokers, as clients are told it."""

    broker_host: str = Field(default=LOOPBACK, pattern=r"^[A-Za-z0-9._{}-]{1,253}$")
    """Where our own processes find a cluster's broker; `{cluster}` is its name."""

    public_host: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$")
    """An address or name of this machine on a network: HTTP and WebSockets are open
    there, too, to whoever is on that network; nothing else is. Empty: nothing is."""

    allowed_origins: Annotated[str, AfterValidator(origins.checked)] = ""
    """Sites whose pages may react and read here from a browser: `https://example.org`,
    several with spaces or commas between them, or `*`; empty: only our own pages."""

    main_host: str = Field(default=LOOPBACK, pattern=_HOST)
    """Where bridge, clusters, web and auto-scaler find the main broker. Our own is
    looked after where `bind_host` says, and on loopback whatever this says."""

    main_port: Port = 1884
    """MQTT port of the main broker; 1883 is left to a Mosquitto already there."""

    cluster_port: Port = 1885
    """MQTT port of cluster-1; the others follow it."""

    cluster_ws_port: Port = 9885
    """WebSocket port of cluster-1; the others follow it."""

    auto_scale: bool = False
    """Whether clusters and workers come and go with the load, by `emostream up`; else
    only `emostream scale` changes them."""

    clusters_min: int = Field(default=2, ge=1, le=CLUSTERS_MAX)
    """Auto-scaling leaves so many: with two, who loses a broker has another."""

    clusters_max: int = Field(default=6, ge=1, le=CLUSTERS_MAX)
    """Auto-scaling adds no more: a busy broker takes a core."""

    workers_min: int = Field(default=2, ge=1, le=WORKERS_MAX)
    """Auto-scaling leaves each cluster so many: with two, one may die."""

    workers_max: int = Field(default=4, ge=1, le=WORKERS_MAX)
    """Auto-scaling adds no more to a cluster: six with four take a gigabyte."""

    @field_validator("clusters_max", "workers_max")
    @classmethod
    def _not_below_its_minimum(cls, value: int, of: ValidationInfo) -> int:
        name = str(of.field_name).replace("max", "min")
        if value < of.data.get(name, value):
            raise ValueError(f"less than {variable(name)}={of.data[name]}")
        return value

    @classmethod
    def load(cls) -> Self:
        """Read the settings of this process.

        Raises:
            BadSetting: If one has a bad value or an unknown name; says which.
        """
        try:
            _refuse_unknown(cls)
            return cls()
        except UnicodeDecodeError as error:
            raise BadSetting(f"{_ENV_FILE} is not text in UTF-8: {error}") from error
        except ValidationError as error:
            raise BadSetting("\n".join(_complaints(error))) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the preset behind everything that a person wrote."""
        del file_secret_settings
        preset = PresetSource(settings_cls)
        return init_settings, env_settings, dotenv_settings, preset

    def origin(self, name: str) -> Origin:
        """Tell where the value of a setting comes from, as this process reads it.

        Args:
            name: Of the field, such as `http_port`.
        """
        for origin, names in (
            (Origin.ENVIRONMENT, os.environ),
            (Origin.ENV_FILE, dotenv_values(_ENV_FILE)),
        ):
            if variable(name) in {given.upper() for given in names}:
                return origin
        return Origin.PRESET if name in PRESETS[self.preset] else Origin.DEFAULT

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """Build the settings that `as_environment` wrote down.

        Raises:
            ValidationError: If another version wrote them that allowed more.
        """
        values = {
            name: variables[variable(name)]
            for name in cls.model_fields
            if variable(name) in variables
        }
        return cls.model_validate(values)

    @property
    def bootstrap_servers(self) -> str:
        """Where Kafka is, ours or another."""
        return self.kafka_servers or f"{self.kafka_host}:{self.kafka_port}"

    @property
    def main_address(self) -> str:
        """Host and port of the main broker, for those who live by it."""
        return f"{self.main_host}:{self.main_port}"

    def broker_address(self, number: int) -> tuple[str, int]:
        """Return where our own processes find a cluster's broker: host and MQTT port.

        Args:
            number: Of the cluster, from 1 on.
        """
        host = self.broker_host.replace("{cluster}", f"cluster-{number}")
        return host, self.cluster_port + number - 1

    def host_of(self, process: str) -> str:
        """Return where one of our own processes shows its metrics."""
        return self.process_host.replace("{process}", process)

    @property
    def auditor_url(self) -> str:
        """Where the auditor is asked for the ledger."""
        return f"http://{self.host_of('auditor')}:{self.auditor_port}"

    @property
    def is_contained(self) -> bool:
        """Whether each part is a container, which Docker starts and stops."""
        return self.process_host != LOOPBACK

    @property
    def stream_dir(self) -> Path:
        """Where the stream keeps its checkpoint and its epoch."""
        return self.state_dir / "data" / "stream"

    @property
    def auditor_dir(self) -> Path:
        """Where the auditor keeps its books."""
        return self.state_dir / "data" / "auditor"

    def as_environment(self) -> dict[str, str]:
        """Return the variables that make another process read these settings."""
        return {variable(name): str(value) for name, value in self.model_dump().items()}


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def _refuse_unknown(kind: type[Settings]) -> None:
    known = [variable(name) for name in kind.model_fields]
    for place, names in (
        ("", os.environ),
        (f" in {_ENV_FILE}", dotenv_values(_ENV_FILE)),
    ):
        for name in names:
            if name.upper().startswith(PREFIX) and name.upper() not in known:
                hint = _nearest(name.upper(), known)
                raise BadSetting(f"{name}{place} is not a setting{hint}")


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _complaints(error: ValidationError) -> list[str]:
    """Say of each bad value what it is called and why it cannot be used."""
    return [
        f"{variable(str(problem['loc'][0]))}={problem['input']!r}: {problem['msg']}"
        for problem in error.errors()
    ]
