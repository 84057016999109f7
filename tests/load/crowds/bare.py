"""The same viewers and the same frames on one Mosquitto with nothing around it."""

import tempfile
import time
from pathlib import Path

from mosquitto.topic import room_frame
from tests.load.case_run import AUDIENCE
from tests.load.cases import Case
from tests.load.child import Child
from tests.load.closed_loop import LOOPBACK
from tests.load.crowd_run import Fanned
from tests.load.crowds.bare_viewers import BareAttended, BareInvitation
from tests.load.crowds.ours import RESTS_S, UNDER_WAY_S
from tests.load.crowds.publisher import FRAME_EVERY_S, Publisher
from tests.load.crowds.side import Brokers, Got, fanned
from tests.load.measured import Failed
from tests.load.references.bare_mosquitto import BareMosquitto
from tests.load.system import MainBroker, rss_mib
from tests.load.usage import Meter

_ROOM = "bare"
_COME_PER_S = 1000.0
_SEATED_WITHIN_S = 90.0
_TELLS_WITHIN_S = 60.0
_BROKER = "mosquitto"


def on_bare(case: Case) -> Fanned:
    """Do there what is done to the system.

    Raises:
        Absent: If Mosquitto is not installed.
        Failed: If not all viewers came.
    """
    with (
        tempfile.TemporaryDirectory(prefix="emostream-bare-") as folder,
        BareMosquitto(Path(folder)) as broker,
        Publisher(MainBroker(LOOPBACK, broker.port), _ROOM) as publisher,
        Child("tests.load.crowds.bare_viewers") as viewers,
    ):
        fresh_mib = rss_mib(broker.pid)
        invitation = BareInvitation(
            host=LOOPBACK,
            port=broker.port,
            topic=room_frame(_ROOM),
            viewers=case.members,
            per_s=_COME_PER_S,
        )
        there = viewers.ask(invitation, int, within_s=_SEATED_WITHIN_S)
        if there != case.members:
            raise Failed(f"{there} of {case.members} subscribed at a bare broker")
        time.sleep(RESTS_S)
        with Meter({_BROKER: broker.pid, AUDIENCE: viewers.pid}) as meter:
            publisher.publish_for(case.seconds)
        time.sleep(UNDER_WAY_S)
        got = viewers.ask("leave", BareAttended, within_s=_TELLS_WITHIN_S)
    (used,) = [one for one in meter.usage if one.name == _BROKER]
    return fanned(
        Got(
            viewers=case.members,
            published_s=publisher.published_s,
            frame_every_s=FRAME_EVERY_S,
            deliveries=got.deliveries,
            last_s=got.last_s,
            reach=got.reach,
            apart=got.everywhere,
            cpu_share=got.cpu_share,
            lag_s=got.lag_s,
        ),
        Brokers(
            fresh_mib=fresh_mib,
            before_mib=fresh_mib,
            peak_mib=used.rss_peak_mib,
            cores=used.cpu_cores,
        ),
    )
