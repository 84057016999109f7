"""`emostream rejects`: what the stream could not count as it was meant.

Reads the topic without a group: nobody else is disturbed, and nothing is remembered.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as At

from clients.cli.screen import is_abandoned
from compose.errors import Refused
from compose.reject_lines import json_line, text_line
from stream.reject import Reject

_ANSWER_WITHIN_S = 3.0
_POLL_S = 0.25

_AT_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name
_GONE = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - as above


class RejectLog:
    """The topic `rejects`: its newest records, and those that come after them."""

    def __init__(self, servers: str, topic: str) -> None:
        self._servers, self._topic = servers, topic
        self._is_away = False
        self._consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": "emostream-rejects",  # asked for, but no group is joined
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",  # where the oldest goes meanwhile
                "error_cb": self._on_error,
                "log_level": 0,
            }
        )

    def newest(self, count: int) -> list[Message]:
        """Return the last `count` records, oldest first.

        Raises:
            Refused: If Kafka does not answer, or has no such topic.
        """
        try:
            ends = self._seek(count)
        except KafkaException as error:
            raise self._refused() from error
        messages: list[Message] = []
        deadline_s = time.monotonic() + _ANSWER_WITHIN_S
        while ends:
            if time.monotonic() > deadline_s:
                raise self._refused()
            for message in self._poll():
                deadline_s = time.monotonic() + _ANSWER_WITHIN_S
                partition, offset = message.partition() or 0, message.offset() or 0
                if message.error() is None:
                    messages.append(message)
                    offset += 1
                if offset >= ends.get(partition, 0):
                    ends.pop(partition, None)
        return sorted(messages, key=lambda message: message.timestamp())[-count:]

    def coming(self) -> Iterator[Message | None]:
        """Yield what comes after `newest`, and None now and then, for ever.

        Raises:
            Refused: If Kafka goes away.
        """
        while True:
            yield None
            yield from (message for message in self._poll() if not message.error())

    def close(self) -> None:
        """Let Kafka go; while it is away there is nobody to take leave of."""
        if not self._is_away:
            self._consumer.close()

    def _seek(self, count: int) -> dict[int, int]:
        """Go to `count` before each partition's end; return the ends to read up to."""
        known = self._consumer.list_topics(self._topic, _ANSWER_WITHIN_S)
        topic = known.topics[self._topic]
        if topic.error is not None:
            raise Refused(
                f"Kafka at {self._servers} has no topic {self._topic}: `up` makes it."
            )
        starts, ends = [], {}
        for partition in topic.partitions:
            at = At(self._topic, partition)
            bounds = self._consumer.get_watermark_offsets(at, _ANSWER_WITHIN_S)
            if bounds is None:
                raise self._refused()
            low, high = bounds
            starts.append(At(self._topic, partition, max(low, high - count)))
            if high > low:
                ends[partition] = high
        self._consumer.assign(starts)
        return ends

    def _poll(self) -> list[Message]:
        """Return what came, the ends of partitions among it."""
        messages = self._consumer.consume(100, _POLL_S)
        for message in messages:
            error = message.error()
            if error is not None and error.code() != _AT_END:
                raise Refused(f"Kafka at {self._servers}: {error.str()}")
        if self._is_away:
            raise self._refused()
        return messages

    def _refused(self) -> Refused:
        return Refused(
            f"Kafka at {self._servers} does not answer: `status` says what is wrong."
        )

    def _on_error(self, error: KafkaError) -> None:
        self._is_away = self._is_away or error.code() == _GONE


def show(log: RejectLog, *, count: int, follow: bool, as_json: bool) -> None:
    """Print the newest rejects, and what comes, until nobody reads any more.

    Raises:
        Refused: If Kafka does not answer.
    """
    line = json_line if as_json else text_line
    try:
        newest = log.newest(count)
        _print(newest, line, sys.stdout)
        if not newest and not as_json:
            _write("Nothing was rejected.", sys.stdout)
        if follow:
            _follow(log, line, sys.stdout)
    except BrokenPipeError:
        # Python flushes stdout once more when it ends, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        log.close()


def _follow(log: RejectLog, line: Callable[[Reject], str], out: TextIO) -> None:
    for message in log.coming():
        if message is not None:
            _print([message], line, out)
        elif is_abandoned(out):
            raise BrokenPipeError


def _print(messages: list[Message], line: Callable[[Reject], str], out: TextIO) -> None:
    for message in messages:
        try:
            text = line(_reject(message))
        except ValueError as error:
            at = f"{message.partition()}/{message.offset()}"
            text = f"unreadable record at={at} of the topic: {str(error)!r}"
            _write(text, sys.stderr)
        else:
            _write(text, out)


def _write(line: str, out: TextIO) -> None:
    out.write(f"{line}\n")
    out.flush()


def _reject(message: Message) -> Reject:
    headers = message.headers()
    pairs = headers if isinstance(headers, list) else []
    return Reject.read(
        _bytes(message.key()),
        _bytes(message.value()),
        [(name, _bytes(value)) for name, value in pairs],
    )


def _bytes(raw: str | bytes | None) -> bytes | None:
    return raw.encode() if isinstance(raw, str) else raw
