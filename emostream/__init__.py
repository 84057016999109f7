"""For programs that watch a room or react: `from emostream import Client`.

Needs nothing of the extra `server`.
"""

from clients.client import Client
from clients.liveness import State
from clients.newest import LiteFrame
from clients.server import BadUrl, Unreachable
from clients.steps import Evicted, NotAdmitted
from clients.tally import Tally
from mosquitto.topic import BadRoom
from stream.frame import Frame

__all__ = [
    "BadRoom",
    "BadUrl",
    "Client",
    "Evicted",
    "Frame",
    "LiteFrame",
    "NotAdmitted",
    "State",
    "Tally",
    "Unreachable",
]
