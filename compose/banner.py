"""What `up` prints last: what to open, where to post, what to watch, how to end it."""

import shlex
import sys
from pathlib import Path

from compose import openness
from compose.brokers import cluster_names, cluster_port
from compose.layout import Layout
from compose.scaling import drains
from compose.settings import LOOPBACK, Settings, variable
from mosquitto.topic import MAIN_ROOM, room_frame


def ready_text(settings: Settings, *, with_code: bool = False) -> str:
    """Return what to open, and commands to paste: they name what is not the default.

    Args:
        settings: What runs.
        with_code: Whether to add a QR code for phones, where they can come.

    Raises:
        BadSetting: If the public host is no address of this machine any more.
    """
    base = f"http://{LOOPBACK}:{settings.http_port}"
    url = _unless_default(settings, "http_port", f" --url {base}")
    broker = f"{LOOPBACK}:{settings.cluster_port}"
    emostream = own_command()
    operate = f"{_where(settings)}{emostream}"
    opened = openness.text(settings, with_code=with_code)
    return f"""
EmoStream is up. Open this in two windows, and tap:
  {base}/
{opened}
React:
  {emostream} tap ❤️{url}
  curl {base}/v1/reactions --json '{_reaction()}'
Watch:
  {emostream} watch{_unless_default(settings, "cluster_port", f" --broker {broker}")}
  {emostream} join{url}  # as a registered client
{_subscriptions(settings)}
Look after it (logs are in {Layout(settings.state_dir).logs}):
  {operate} status
  {operate} logs stream -f
  {operate} down"""


def own_command() -> str:
    """Return how this command was called, so that it can be called again."""
    called = Path(sys.argv[0])
    if called.name != "emostream":
        return f"{_short(Path(sys.executable))} -m compose"
    return "emostream" if called.parent == Path() else _short(called)


def _reaction() -> str:
    # The quotes end the shell's string for the time and begin it again.
    now = "'$(date +%s000)'"
    return f'{{"user_id": "me", "emoji_type": "❤️", "timestamp": {now}}}'


def _subscriptions(settings: Settings) -> str:
    topic = room_frame(MAIN_ROOM)
    subscribe = f"  mosquitto_sub -h {LOOPBACK} -t {topic} -p"
    return "\n".join(
        f"{subscribe} {cluster_port(settings, name)}  # {name}"
        for name in drains.open_of(cluster_names(settings), Layout(settings.state_dir))
    )


def _where(settings: Settings) -> str:
    state_dir = shlex.quote(str(settings.state_dir))
    return _unless_default(
        settings, "state_dir", f"{variable('state_dir')}={state_dir} "
    )


def _unless_default(settings: Settings, name: str, text: str) -> str:
    is_default = getattr(settings, name) == Settings.model_fields[name].default
    return "" if is_default else text


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
