"""A real Kafka of a test's own, in a folder and on ports of its own."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from compose.kafka import (
    LOG4J2_PROPERTIES,
    format_command,
    server_properties,
    start_command,
)
from compose.settings import Settings
from ingest.topics import Topic
from tests.integration.processes import (
    LOOPBACK,
    RealProcess,
    absent,
    free_port,
    wait_until,
)

JARS_DIR = Settings().jars_dir / "kafka"
START_WITHIN_S = 120


def missing() -> str | None:
    """Say what a Kafka needs and this machine does not have."""
    if shutil.which("java") is None:
        return "needs java"
    return None if any(JARS_DIR.glob("kafka_*.jar")) else f"needs jars in {JARS_DIR}"


class KafkaServer(RealProcess):
    """One node that can be stopped, killed, paused, and started again."""

    def __init__(
        self,
        folder: Path,
        *,
        ports: tuple[int, int] | None = None,
        changes: Mapping[str, object] | None = None,
    ) -> None:
        """Prepare a node.

        Args:
            folder: Where it writes.
            ports: Its own and its controller's; free ones if none are named.
            changes: Of what the product configures.
        """
        super().__init__(folder / "kafka.log")
        self._folder = folder
        self._port, controller_port = ports or (free_port(), free_port())
        self._prepare(controller_port, changes or {})

    @property
    def servers(self) -> str:
        """Its address, as `bootstrap.servers` takes it."""
        return f"{LOOPBACK}:{self._port}"

    def create(self, topic: Topic) -> None:
        """Create `topic` and wait until it can be used."""
        new = NewTopic(topic.name, topic.partitions, 1, config=dict(topic.config))
        admin = self._admin()  # its answers end with it
        admin.create_topics([new])[topic.name].result(30)
        wait_until(lambda: self._leads(topic), within_s=30, what=topic.name)

    def start(self) -> None:
        """Start it where it was, with the data it had."""
        self.launch()
        self.wait_for_answer()

    def launch(self) -> None:
        """Start it; alone, a node of several does not answer."""
        jars, folder = JARS_DIR, self._folder
        command = start_command(
            jars,
            folder / "server.properties",
            folder / "log4j2.properties",
            heap_mb=256,
        )
        self.run(command)

    def wait_for_answer(self) -> None:
        """Wait until it can be asked."""
        wait_until(self._answers, within_s=START_WITHIN_S, what="Kafka")

    def pause(self) -> None:
        """Make it hang, and wait until none of its threads answers any more."""
        super().pause()
        wait_until(self._stands_still, within_s=30, what="every thread's stop")

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Have it killed meanwhile."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Have it hang meanwhile."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def _prepare(self, controller_port: int, changes: Mapping[str, object]) -> None:
        properties = self._folder / "server.properties"
        text = server_properties(
            port=self._port,
            controller_port=controller_port,
            data_dir=self._folder / "data",
        )
        # Of two lines with one name the second counts.
        lines = [f"{name}={value}\n" for name, value in changes.items()]
        properties.write_text(text + "".join(lines))
        (self._folder / "log4j2.properties").write_text(LOG4J2_PROPERTIES)
        command = format_command(JARS_DIR, properties, "emostreamtests00000000")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def _admin(self) -> AdminClient:
        # Librdkafka tells stderr of every refused connection otherwise.
        return AdminClient({"bootstrap.servers": self.servers, "log_level": 2})

    def _leads(self, topic: Topic) -> bool:
        known = self._admin().list_topics(topic.name, timeout=5).topics[topic.name]
        leaders = [partition.leader for partition in known.partitions.values()]
        return len(leaders) == topic.partitions and min(leaders) >= 0

    def _stands_still(self) -> bool:
        threads = psutil.Process(self.pid).threads()
        try:
            states = {psutil.Process(thread.id).status() for thread in threads}
        except psutil.NoSuchProcess:  # a thread has ended meanwhile
            return False
        return states == {psutil.STATUS_STOPPED}

    def _answers(self) -> bool:
        self.assert_running()
        try:
            return bool(self._admin().list_topics(timeout=1).brokers)
        except KafkaException:
            return False


@contextmanager
def kafka_server(
    folder: Path,
    *,
    ports: tuple[int, int] | None = None,
    changes: Mapping[str, object] | None = None,
) -> Iterator[KafkaServer]:
    """Run a Kafka in `folder`; its log is printed if the body fails."""
    if reason := missing():
        absent(reason)
    server = KafkaServer(folder, ports=ports, changes=changes)
    try:
        server.start()
        yield server
    except BaseException:
        print(server.log())  # pytest shows it with the failure
        raise
    finally:
        server.kill()
