import pytest

from clients.crowd import packets
from clients.crowd.book import Book
from clients.crowd.relayed import Brief, Reader
from clients.crowd.seats import busiest_second
from clients.parcel import Extras
from tests.frames import hearts

WORKER = Extras(bridge_ms=1000, worker_ms=2500, spread_s=1.5, expires_in_s=60)


def publish(topic: str, payload: bytes, extras: Extras = WORKER) -> tuple[bytes, int]:
    """Return the body of a PUBLISH, and where its topic ends."""
    start = packets.text(topic)
    packed: bytes = extras.properties().pack()  # type: ignore[no-untyped-call]  # paho
    return start + packed + payload, len(start)


@pytest.fixture
def reader() -> Reader:
    return Reader(Book())


def test_a_frame_is_read_with_what_its_worker_said(reader: Reader) -> None:
    payload = hearts(42, seq=3).encode()
    copy = reader.read(0x30, *publish("relay/1/final/full", payload))

    assert copy
    assert (copy.sight.number, copy.sight.total, copy.sight.worker_s) == (0, 42, 2.5)
    assert (copy.spread_s, copy.payload) == (1.5, payload)
    assert (copy.frame, copy.bridge_ms) == (Brief.decode(payload), 1000)


def test_the_same_frame_on_another_topic_is_not_read_again(reader: Reader) -> None:
    payload = hearts(42).encode()
    first = reader.read(0x30, *publish("relay/1/final/full", payload))

    assert reader.read(0x31, *publish("relay/63/final/full", payload)) is first


def test_one_frame_of_two_workers_has_one_number(reader: Reader) -> None:
    payload = hearts(42).encode()
    other = Extras(worker_ms=2501)
    first = reader.read(0x30, *publish("relay/1/final/full", payload))
    second = reader.read(0x30, *publish("relay/2/final/full", payload, other))

    assert first
    assert second
    assert first.sight.number == second.sight.number
    assert (first.sight.worker_s, second.sight.worker_s) == (2.5, 2.501)


@pytest.mark.parametrize("room", ["r", "r" * 63])
def test_frames_are_told_apart_however_long_their_rooms_name_is(
    reader: Reader, room: str
) -> None:
    copies = [
        reader.read(
            0x30, *publish("relay/1/r/full", hearts(9, seq=seq, room=room).encode())
        )
        for seq in (1, 2, 10_000_000)
    ]

    assert [copy and copy.sight.number for copy in copies] == [0, 1, 2]


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"v": 1}'])
def test_what_is_no_frame_is_none(reader: Reader, payload: bytes) -> None:
    assert reader.read(0x30, *publish("relay/1/final/full", payload)) is None
    assert reader.unreadable == bool(payload)


def test_properties_that_do_not_end_are_no_frame(reader: Reader) -> None:
    assert reader.read(0x30, packets.text("r") + b"\xff\xff\xff\xff\xff", 3) is None


@pytest.mark.parametrize("size", [0, 1, 120, 121, 127, 128, 3000, 16370])
def test_a_packet_that_is_alone_is_told_from_a_part_and_from_two(size: int) -> None:
    packet = packets.publish(1, "t", b"x" * size)
    at = packets.lone(packet)

    assert at
    assert packet[at:].startswith(packets.text("t"))
    assert packets.lone(packet[:-1]) is None
    assert packets.lone(packet + packet) is None
    assert packets.lone(packet + b"\x30") is None


def test_the_busiest_second_may_begin_at_any_moment() -> None:
    assert busiest_second([]) == 0
    assert busiest_second([1.0, 1.9, 2.1, 2.8, 5.0]) == 3
    assert busiest_second([3.0, 1.0, 2.0]) == 2


def test_frames_are_told_apart_also_behind_long_properties(reader: Reader) -> None:
    wordy = Extras(worker_ms=1, correlation=b"x" * 400)
    copies = [
        reader.read(0x30, *publish("r", hearts(9, seq=seq).encode(), wordy))
        for seq in (1, 2, 1)
    ]

    assert [copy and copy.sight.number for copy in copies] == [0, 1, 0]
