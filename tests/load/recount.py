"""How fast `emostream recount` reads: over a Kafka of its own, filled beforehand.

python -m tests.load.recount --reactions 20000000 --per-post 500 --repeats 3
"""

import argparse
import contextlib
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Producer

import stream.topics
from clients.crowd.requests import EMOJI, FAVOURITES
from ingest.batch import Batch
from ingest.reaction import Reaction
from ingest.topics import reactions
from stream.frame import epoch_text
from stream.room_log import RoomLog
from stream.windows import RoomState
from tests.integration.kafka_server import KafkaServer, kafka_server

_ROOM = "final"
_POOL = 256
_USERS = 1_000_000
_LOOK_EVERY_S = 0.2


def main() -> int:
    """Fill, recount a few times, and print each run as a line of JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--reactions", type=int, default=20_000_000)
    options.add_argument("--per-post", type=int, default=500)
    options.add_argument("--repeats", type=int, default=3)
    chosen = options.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        kafka_server(Path(folder)) as kafka,
    ):
        _fill(kafka, chosen.reactions // chosen.per_post, chosen.per_post)
        runs = [_recount(kafka, Path(folder)) for _ in range(chosen.repeats)]
    return 0 if all(run["agrees"] for run in runs) else 1


def _fill(kafka: KafkaServer, posts: int, per_post: int) -> None:
    """Write POSTs as ingest does, and what the stream would say of them."""
    topic = reactions("", partitions=2, retention_bytes=1 << 40)
    for each in (topic, stream.topics.rooms(""), stream.topics.frames("")):
        kafka.create(each)
    producer = Producer(
        {
            "bootstrap.servers": kafka.servers,
            "compression.type": "lz4",
            "partitioner": "random",
            "linger.ms": 5,
        }
    )
    chance = random.Random(7)
    pool = [_batch(chance, per_post) for _ in range(_POOL)]
    written = [(batch.value(), batch.headers()[1:]) for batch in pool]
    totals: Counter[str] = Counter()
    for _ in range(posts):
        number = chance.randrange(_POOL)
        value, headers = written[number]
        named = [("batch_id", secrets.token_hex(16)), *headers]
        _produce(producer, topic.name, value, named)
        totals.update(reaction.emoji_type for reaction in pool[number].reactions)
    assert producer.flush(120) == 0
    state = RoomState(epoch_text(1), batch=1, totals=dict(totals))
    log = RoomLog(
        kafka.servers,
        transactional_id="recount",
        rooms=stream.topics.rooms("").name,
        frames=stream.topics.frames("").name,
    )
    # Another room has the newest trigger, which begins at the log's end.
    end = RoomState(epoch_text(2), batch=1, start={"0": 1 << 40, "1": 1 << 40})
    log.write({_ROOM: state, "another": end}, [])


def _batch(chance: random.Random, size: int) -> Batch:
    now_ms = time.time_ns() // 1_000_000
    emoji = chance.choices(EMOJI, [*FAVOURITES.values()], k=size)
    made = [
        Reaction(f"user-{chance.randrange(_USERS):06d}", each, now_ms) for each in emoji
    ]
    return Batch(_ROOM, "", now_ms, made)


def _produce(
    producer: Producer,
    topic: str,
    value: bytes,
    headers: list[tuple[str, str | bytes | None]],
) -> None:
    while True:
        try:
            producer.produce(topic, value, _ROOM, headers=headers)
        except BufferError:  # full: what was sent makes room
            producer.poll(0.1)
        else:
            producer.poll(0)
            return


def _recount(kafka: KafkaServer, folder: Path) -> dict[str, Any]:
    own = {
        "EMOSTREAM_KAFKA_SERVERS": kafka.servers,
        "EMOSTREAM_STATE_DIR": str(folder / "state"),
    }
    began_s, cpu_s = time.monotonic(), 0.0
    with subprocess.Popen(
        [sys.executable, "-m", "compose", "recount", _ROOM, "--json"],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
    ) as running:
        while running.poll() is None:  # the JVM's time goes with it
            cpu_s = max(cpu_s, _cpu_s(running.pid))
            time.sleep(_LOOK_EVERY_S)
        said, _ = running.communicate()
    found = dict(json.loads(said))
    found["with_start_s"] = round(time.monotonic() - began_s, 1)
    found["cpu_s_per_million"] = round(cpu_s / found["read"] * 1e6, 2)
    sys.stdout.write(f"{json.dumps(found, ensure_ascii=False)}\n")
    sys.stdout.flush()
    return found


def _cpu_s(pid: int) -> float:
    """Return what a process and all that it started have used: Spark's start, too."""
    used_s = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                used_s += sum(process.cpu_times()[:4])
    return used_s


if __name__ == "__main__":
    sys.exit(main())
