"""Broker configuration as values, rendered to the text mosquitto reads.

Which brokers there are is `mosquitto.brokers`' business.
"""

from dataclasses import dataclass
from pathlib import Path

from mosquitto import topic
from mosquitto.acl import edge_user

LOOPBACK = "127.0.0.1"

PAYLOAD_MAX_BYTES = 16 * 1024
"""Largest payload that every broker takes; a frame has 4 KiB at most."""

_PACKET_MAX_BYTES = PAYLOAD_MAX_BYTES + 1024
"""As much more as a topic and its properties need."""

_INFLIGHT_MAX = 20_000
"""QoS 1 messages on their way to a client. A wave of joins must fit: what does not
is dropped behind a short queue. With 0 or 65535 no v5 bridge can connect (2.0.11)."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A port where clients connect."""

    port: int
    address: str = LOOPBACK
    websockets: bool = False
    connections_max: int = -1
    """Mosquitto heeds it on MQTT listeners only; -1 is no limit."""

    def lines(self) -> list[str]:
        """Return this listener's section of the file."""
        return [
            f"listener {self.port} {self.address}",
            # WebSockets heed the address only with it, and are open to all without.
            "socket_domain ipv4",
            f"protocol {'websockets' if self.websockets else 'mqtt'}",
            f"max_connections {self.connections_max}",
        ]


@dataclass(frozen=True, slots=True)
class Pull:
    """A cluster's link to the main broker; no topic flows both ways."""

    cluster: str
    address: str
    """Host and port of the main broker."""

    password: str
    instance: str
    """The installation's random bits: nobody can guess the client id."""

    def lines(self) -> list[str]:
        """Return this link's section of the file."""
        user = edge_user(self.cluster)
        return [
            f"connection {self.cluster}",
            f"address {self.address}",
            f"remote_clientid {user}-{self.instance}",
            f"remote_username {user}",
            f"remote_password {self.password}",
            "bridge_protocol_version mqttv50",  # 3.1.1 strips expiry and properties
            "try_private true",
            "cleansession true",  # all retained messages again at each connect
            "bridge_attempt_unsubscribe false",
            "topic rooms/# in 0",
            "topic control/# in 0",
            f"topic {topic.worker_status(self.cluster, topic.ANY)} out 0",
            "notifications true",
            f"notification_topic {topic.cluster_link(self.cluster)}",
            "restart_timeout 1 2",  # jittered: soon back, not all in one moment
            "keepalive_interval 5",  # the least there is: a hung main is noticed
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """One mosquitto process."""

    title: str
    listeners: tuple[Listener, ...]
    acl_file: Path
    password_file: Path
    anonymous: bool
    queued_max: int
    """Packets of QoS 0 that a slow client's connection has not taken yet, and
    messages of QoS 1 that wait for one that is away; more are dropped."""

    user: str = ""
    """Whom to become if started as root: the owner of the secrets."""

    pull: Pull | None = None

    def render(self) -> str:
        """Return the whole configuration file."""
        sections = [
            [f"# {self.title}"],
            self._general(),
            *(listener.lines() for listener in self.listeners),
            *([self.pull.lines()] if self.pull else []),
        ]
        return "\n\n".join("\n".join(section) for section in sections) + "\n"

    def _general(self) -> list[str]:
        return [
            *([f"user {self.user}"] if self.user else []),
            f"allow_anonymous {_word(self.anonymous)}",
            f"acl_file {self.acl_file}",
            f"password_file {self.password_file}",
            f"connection_messages {_word(not self.anonymous)}",
            "persistence false",
            "persistent_client_expiration 1h",
            "allow_duplicate_messages true",
            f"max_queued_messages {self.queued_max}",
            f"max_inflight_messages {_INFLIGHT_MAX}",
            f"max_packet_size {_PACKET_MAX_BYTES}",
            "set_tcp_nodelay true",
            "log_dest stderr",  # stdout is buffered
            "log_timestamp_format %Y-%m-%dT%H:%M:%S%z",
            "log_type error",
            "log_type warning",
            "log_type notice",
        ]


def _word(value: bool) -> str:  # noqa: FBT001 - the value is all there is
    return "true" if value else "false"
