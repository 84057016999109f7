"""From a plan to what each of a crowd's processes is to do. Pure but for chance."""

import secrets

import httpx

from clients.crowd.plan import Plan
from clients.crowd.wire import Errand, Invitation

_PORTS = {"http": 80, "https": 443}


def invitation(plan: Plan) -> Invitation:
    """Return who is to come."""
    return Invitation(
        url=plan.url,
        room=plan.room,
        clients=plan.clients,
        viewers=plan.viewers,
        arrive_within_s=plan.coming_s,
        join_leave=plan.join_leave,
        steps_back=plan.steps_back,
    )


def errand(plan: Plan, seconds: float) -> Errand:
    """Return what is to be sent, for so long."""
    url = httpx.URL(plan.url)
    return Errand(
        host=url.host,
        port=url.port or _PORTS[url.scheme],
        is_tls=url.scheme == "https",
        prefix=url.path.rstrip("/"),
        room=plan.room,
        run=secrets.token_hex(6),
        clients=plan.clients,
        rate=plan.rate,
        seconds=seconds,
        seed=secrets.randbits(32),
        timeline=plan.timeline,
        speed=plan.speed,
    )
