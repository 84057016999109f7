"""What one who closes clusters learns of and tells to real brokers and workers."""

from pathlib import Path

import pytest

from clients.worker.wire import Join, Moves
from compose import running
from compose.layout import Layout
from compose.members import members_now
from compose.mqtt_reader import BrokerRefused, Login, read
from compose.mqtt_writer import publish_retained
from compose.scaling import drains
from compose.scaling.audience import AudienceAtMain, NoMain
from compose.scaling.reminding import MAIN, Reminder
from compose.scaling.waiting import Waiting
from compose.supervision.rpc import ProcessInfo, State
from mosquitto.acl import OPERATOR, WEB
from mosquitto.topic import CONTROL_MOVE
from tests.integration.audience_clients import Attendee
from tests.integration.audience_crowd import crowd
from tests.integration.broker import brokers
from tests.integration.fleet import fleet
from tests.integration.processes import wait_until

SOON_S = 30
MEMBERS = 5


def test_members_are_seen_where_they_are_and_the_wait_ends_when_they_have_left(
    tmp_path: Path,
) -> None:
    with fleet(tmp_path, clusters=2, workers=2) as served_by, crowd() as turned:
        audience = AudienceAtMain(served_by.settings)
        port = served_by.ports[1]
        there = [
            Attendee(turned, f"client-{number}", [port], Join("final"))
            for number in range(MEMBERS)
        ]

        def members() -> int:
            turned.turn_for(0.1)
            return audience.seen()["cluster-2"].members

        wait_until(lambda: members() == MEMBERS, within_s=SOON_S, what="members")
        assert audience.seen()["cluster-1"].members == 0
        assert audience.kept("cluster-2") == MEMBERS
        assert audience.kept("cluster-1") == 0

        audience.tell([drains.begun("cluster-2", 60)])

        wait_until(
            lambda: audience.seen()["cluster-2"].is_draining,
            within_s=SOON_S,
            what="workers that know",
        )
        assert not audience.seen()["cluster-1"].is_draining
        waiting = Waiting(audience, ["cluster-2"])
        assert not waiting.is_over()
        assert waiting.left == {"cluster-2": MEMBERS}

        for one in there:
            one.leave()
        turned.turn_for(0.5)
        wait_until(waiting.is_over, within_s=SOON_S, what="the last to leave")


def test_a_cluster_that_is_dead_is_not_seen_and_does_not_answer(
    tmp_path: Path,
) -> None:
    with fleet(tmp_path, clusters=2, workers=1) as served_by:
        audience = AudienceAtMain(served_by.settings)
        wait_until(
            lambda: audience.seen().keys() == {"cluster-1", "cluster-2"},
            within_s=SOON_S,
            what="both clusters",
        )

        served_by.brokers.clusters[1].kill()

        wait_until(
            lambda: audience.seen().keys() == {"cluster-1"},
            within_s=SOON_S,
            what="one cluster",
        )
        assert audience.kept("cluster-2") is None


def test_without_main_nothing_is_known_and_nothing_said(tmp_path: Path) -> None:
    with brokers(tmp_path, clusters=1) as made:
        audience = AudienceAtMain(made.settings)
        made.main.kill()

        with pytest.raises(NoMain, match="main broker does not answer"):
            audience.seen()
        with pytest.raises(NoMain, match="main broker does not answer"):
            audience.tell([])


def test_main_knows_what_it_was_told_last_until_it_is_started_again(
    tmp_path: Path,
) -> None:
    two, three = drains.begun("cluster-2", 30), drains.begun("cluster-3", 30)
    with brokers(tmp_path, clusters=1) as made:
        audience = AudienceAtMain(made.settings)
        assert not audience.is_told([])
        audience.tell([two])

        assert audience.is_told([two])
        assert not audience.is_told([two, three])
        assert not audience.is_told([])
        made.main.kill()
        with pytest.raises(NoMain, match="main broker does not answer"):
            audience.is_told([two])
        made.main.start()

        assert not audience.is_told([two])


def test_only_the_operator_can_say_it_and_main_keeps_it(tmp_path: Path) -> None:
    with brokers(tmp_path, clusters=1) as made:
        port, passwords = made.settings.main_port, made.credentials.passwords

        def say(login: Login) -> None:
            publish_retained(port, CONTROL_MOVE, b"{}", login=login, within_s=5)

        operator = Login(OPERATOR, passwords[OPERATOR])
        say(operator)
        kept = read(port, [CONTROL_MOVE], login=operator, within_s=SOON_S)
        assert kept == {CONTROL_MOVE: b"{}"}
        with pytest.raises(BrokerRefused, match="authorized"):
            say(Login(WEB, passwords[WEB]))
        with pytest.raises(BrokerRefused):
            say(Login(OPERATOR, "a guess"))


def test_members_are_listed_of_the_clusters_that_run_now(tmp_path: Path) -> None:
    with fleet(tmp_path, clusters=2, workers=1) as served_by, crowd() as turned:
        layout = Layout(tmp_path)
        began_with = served_by.settings.model_copy(update={"clusters": 1})
        running.note(layout, served_by.settings)
        one = Attendee(turned, "client-1", [served_by.ports[1]], Join("final"))

        def listed() -> list[str]:
            turned.turn_for(0.1)
            return [client.client_id for client in members_now(began_with).clients]

        wait_until(lambda: listed() == ["client-1"], within_s=SOON_S, what="a member")

        served_by.brokers.clusters[0].kill()
        assert members_now(began_with).unanswered == ("cluster-1",)
        drains.add(layout, drains.as_stopped(drains.begun("cluster-1", 0)))
        assert members_now(began_with).unanswered == ()
        one.leave()


def test_a_main_broker_that_was_started_again_hears_who_is_to_go(
    tmp_path: Path,
) -> None:
    with brokers(tmp_path, clusters=1) as made:
        layout = Layout(tmp_path)
        running.note(layout, made.settings)
        drains.add(layout, drains.begun("cluster-1", 30))
        made.main.kill()
        made.main.start()
        process = ProcessInfo(
            MAIN, MAIN, State.RUNNING, made.main.pid, started_at=0, exit_status=0
        )

        Reminder(layout).look({MAIN: process})

        operator = Login(OPERATOR, made.credentials.passwords[OPERATOR])
        port = made.settings.main_port
        kept = read(port, [CONTROL_MOVE], login=operator, within_s=SOON_S)
        assert Moves.decode(kept[CONTROL_MOVE]).clusters["cluster-1"].spread_s == 30
