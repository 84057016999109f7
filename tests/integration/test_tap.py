"""`tap` as a process, against a small HTTP server that answers as it is told."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from clients.sender import Accepted, Refused, Sender, Unknown
from tests.integration.processes import LOOPBACK, free_port, wait_until

BODY = b"[{}]"


@dataclass(slots=True)
class Reply:
    status: int
    body: bytes = b"{}"
    retry_after: str = "0"


HANG_UP = Reply(0)
ACCEPTED = Reply(202, b'{"accepted": 1, "rejected": []}')
NOT_STORED = Reply(503, b'{"error": "not_stored", "help": "Later."}')
UNKNOWN = Reply(503, b'{"error": "unknown", "help": "Repeat it."}')


@dataclass(slots=True)
class Post:
    path: str
    key: str
    body: bytes


@dataclass(slots=True)
class Script:
    """What the server is to say, and what it was told; the last reply stays."""

    url: str = ""
    replies: deque[Reply] = field(default_factory=deque)
    posts: list[Post] = field(default_factory=list)

    def next_reply(self) -> Reply:
        return self.replies.popleft() if len(self.replies) > 1 else self.replies[0]


@contextmanager
def scripted_server(script: Script) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.posts.append(Post(self.path, self.headers["Idempotency-Key"], body))
            reply = script.next_reply()
            if reply is HANG_UP:
                return
            self.send_response(reply.status)
            self.send_header("Retry-After", reply.retry_after)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        script.url = f"http://{LOOPBACK}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    with scripted_server(script):
        yield script


def tap(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clients", "tap", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )


def send(script: Script, *replies: Reply, repeat_for_s: float = 20) -> object:
    script.replies.extend(replies)
    with httpx.Client(trust_env=False) as client:
        return Sender(client, script.url, repeat_for_s=repeat_for_s).send(BODY)


def test_what_gets_no_certain_answer_is_repeated_under_its_key(script: Script) -> None:
    outcome = send(script, NOT_STORED, UNKNOWN, HANG_UP, Reply(429), ACCEPTED)

    assert outcome == Accepted(1, Counter())
    assert len(script.posts) == 5
    assert len({post.key for post in script.posts}) == 1
    assert {post.body for post in script.posts} == {BODY}


def test_a_fault_of_the_server_is_repeated_and_so_is_what_came_too_slowly(
    script: Script,
) -> None:
    internal = Reply(500, b'{"error": "internal", "help": "Repeat it."}')

    assert send(script, internal, Reply(408), ACCEPTED) == Accepted(1, Counter())
    assert len({post.key for post in script.posts}) == 1


def test_who_sends_a_batch_twice_may_name_its_key(script: Script) -> None:
    script.replies.append(ACCEPTED)
    with httpx.Client(trust_env=False) as client:
        sender = Sender(client, script.url)
        for _ in range(2):
            sender.send(BODY, "mine")

    assert [post.key for post in script.posts] == ["mine", "mine"]


@pytest.mark.parametrize("reply", [UNKNOWN, HANG_UP, Reply(502)])
def test_without_a_certain_answer_the_fate_is_unknown(
    script: Script, reply: Reply
) -> None:
    assert send(script, reply, repeat_for_s=0.3) == Unknown()


@pytest.mark.parametrize("reply", [NOT_STORED, Reply(429, b'{"error": "limit"}')])
def test_what_was_certainly_not_stored_is_not_unknown(
    script: Script, reply: Reply
) -> None:
    assert isinstance(send(script, reply, repeat_for_s=0.3), Refused)


def test_a_refusal_after_a_lost_answer_is_unknown(script: Script) -> None:
    assert send(script, UNKNOWN, Reply(409, b'{"error": "room_closed"}')) == Unknown()


def test_a_wait_that_leads_past_the_last_moment_is_not_begun(script: Script) -> None:
    reply = Reply(503, b'{"error": "not_stored"}', retry_after="30")

    assert isinstance(send(script, reply, repeat_for_s=20), Refused)
    assert len(script.posts) == 1


def test_a_server_that_goes_away_leaves_no_doubt_about_what_it_never_got() -> None:
    script = Script(replies=deque([ACCEPTED]))
    with httpx.Client(trust_env=False) as client:
        with scripted_server(script):
            sender = Sender(client, script.url, repeat_for_s=0.3)
            assert sender.send(BODY) == Accepted(1, Counter())

        outcome = sender.send(BODY)

    assert outcome == Refused("unreachable", "the server stopped answering")


def test_tap_sends_batches_and_says_that_all_is_accepted(script: Script) -> None:
    answers = [json.dumps({"accepted": n}).encode() for n in (500, 100)]
    script.replies.extend([NOT_STORED, *(Reply(202, answer) for answer in answers)])

    done = tap("❤️", "--room", "final", "--count", "600", "--url", script.url)

    assert (done.returncode, done.stdout, done.stderr) == (0, "accepted 600\n", "")
    assert [len(json.loads(post.body)) for post in script.posts] == [500, 500, 100]
    assert {post.path for post in script.posts} == {"/v1/rooms/final/reactions"}
    assert script.posts[0].key == script.posts[1].key != script.posts[2].key
    [user] = {r["user_id"] for post in script.posts for r in json.loads(post.body)}
    assert 1 <= len(user) <= 64


def test_tap_shows_the_servers_own_words_and_stops(script: Script) -> None:
    help_text = "Nothing in the batch can be counted."
    verdict = {
        "error": "nothing_acceptable",
        "help": help_text,
        "rejected": [{"index": 0, "reason": "bad_emoji"}],
    }
    script.replies.append(Reply(422, json.dumps(verdict).encode()))

    done = tap("x", "--count", "501", "--url", script.url)

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "accepted 0",
        f"refused 500: nothing_acceptable (bad_emoji): {help_text}",
        "not sent 1",
    ]


def test_tap_says_what_is_in_doubt_when_interrupted(script: Script) -> None:
    script.replies.append(Reply(503, retry_after="20"))
    arguments = ["tap", "❤️", "--count", "501", "--url", script.url]
    with subprocess.Popen(
        [sys.executable, "-m", "clients", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until(lambda: bool(script.posts), within_s=30, what="a post")
        process.send_signal(signal.SIGINT)
        assert process.stdout
        said = process.stdout.read().splitlines()

    assert process.returncode == 1
    assert [line.split(":")[0] for line in said] == [
        "accepted 0",
        "unknown 500",
        "not sent 1",
    ]


def test_tap_names_the_remedy_when_nobody_listens() -> None:
    done = tap("❤️", "--url", f"http://{LOOPBACK}:{free_port()}")

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "`make up`" in done.stderr
    assert "--url" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--count", "0"], "--count"),
        (["--room", "Final"], "--room"),
        (["--url", "here"], "--url"),
    ],
)
def test_tap_names_the_option_that_is_wrong(arguments: list[str], named: str) -> None:
    done = tap("❤️", *arguments)

    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr
