"""Paho's client, which reads a packet at a time, and messages in our own way."""

from collections.abc import Callable

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from clients import received
from clients.event import Message


class LeanClient(Client):
    """A client of MQTT 5 that gives its messages to `hear`.

    Attributes:
        hear: Told of each message, in the thread that reads.
    """

    def __init__(self, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        self.hear: Callable[[Message], object] = lambda _: None

    def read_packet(self) -> MQTTErrorCode:
        """Read one packet, if one has come; paho's `loop_read` may read thousands."""
        if self.socket() is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        code = self._packet_read()
        if code > 0:
            return self._loop_rc_handle(code)
        return MQTTErrorCode.MQTT_ERR_SUCCESS  # also if there is none

    def _handle_publish(self) -> MQTTErrorCode:
        """Read a message; called by paho, instead of its own."""
        flags, packet = self._in_packet["command"], self._in_packet["packet"]
        try:
            came = received.read(flags, bytes(packet))
        except received.Unreadable:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        self.hear(came.message)
        if came.packet_id is None:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        return self._send_puback(came.packet_id)
