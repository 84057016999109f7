"""The POSTs of senders that vanish: none of them is whole."""

from tests.faults.of_ingest import VANISHING, cut_off

WAYS = 4


def parts(request: bytes) -> tuple[bytes, bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    return head, body


def promised_bytes(head: bytes) -> int:
    lines = dict(line.split(b": ") for line in head.split(b"\r\n")[1:])
    return int(lines[b"Content-Length"])


def test_none_has_all_that_it_promises() -> None:
    for number in range(VANISHING):
        head, body = parts(cut_off("final", number))
        assert not body or len(body) < promised_bytes(head)


def test_they_break_off_in_their_head_in_their_body_and_after_all_that_matters() -> (
    None
):
    sent = [parts(cut_off("final", number)) for number in range(WAYS)]
    bodies = [body for _, body in sent]

    assert b"Content-Length" not in sent[0][0]
    assert bodies[0] == b""
    assert bodies[1].startswith(b"[{")
    assert bodies[1].endswith(b"}")
    assert bodies[2] == bodies[3][:-1]
    assert bodies[3].endswith(b"]")


def test_each_has_a_key_of_its_own() -> None:
    heads = [parts(cut_off("final", number))[0] for number in range(VANISHING)]
    assert len({*heads}) == VANISHING
