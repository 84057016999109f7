"""A broker's address and who connects there; its client, not connected yet."""

import socket
from dataclasses import dataclass, field

from paho.mqtt.client import Client
from paho.mqtt.packettypes import PacketTypes

from clients.lean_client import LeanClient
from clients.parcel import Parcel

_IN_FLIGHT_MAX = 1000
_CONNECT_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is and who connects; without a user, anybody."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    client_id: str = ""

    def client(self, will: Parcel | None) -> LeanClient:
        """Return a client of this broker.

        Args:
            will: Published by the broker if the connection ends without leave.
        """
        client = LeanClient(self.client_id)
        client.on_socket_open = _send_at_once
        if self.user:
            client.username_pw_set(self.user, self.password)
        if will:
            extras = (
                will.extras.properties(PacketTypes.WILLMESSAGE) if will.extras else None
            )
            client.will_set(will.topic, will.payload, will.qos, will.retain, extras)
        client.max_inflight_messages_set(_IN_FLIGHT_MAX)
        client.connect_timeout = _CONNECT_WITHIN_S
        return client


def _send_at_once(_client: Client, _userdata: object, sock: object) -> None:
    """Have the kernel hold back no small packet for one before it: 40 ms otherwise."""
    if isinstance(sock, socket.socket):  # so it is where there is no TLS
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
