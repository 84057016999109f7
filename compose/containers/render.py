"""The Compose file: one service for each part, made from the settings."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle

from compose.containers.place import settings_inside, told
from compose.containers.services import PREPARE, Service, services
from compose.probe import ASKED_FOR_S
from compose.settings import Settings

EVERY_S = range(25, 45)
"""How often a container is asked whether it does its work: each at an interval of its
own, or the two dozen that start together would for ever be asked together. Who starts
last is asked soonest, since the first answer comes after one interval."""

_ANSWER_S = 10
"""What a last question takes at most, and Python's start."""

_HEAD = """\
# Made by `python -m compose.containers render` from the settings it found; a test
# compares this one with the defaults. Another number of clusters: docs/containers.md.
name: emostream

x-part: &part
  init: true
  read_only: true
  restart: unless-stopped
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  logging:
    driver: json-file
    options: {max-size: 10m, max-file: "3"}
"""

_BUILD = """\
x-build: &build
  context: ..
  dockerfile: compose/Dockerfile
  args: {BASE: "${BASE_IMAGE:-debian:bookworm-slim}"}
"""


def text(chosen: Settings) -> str:
    """Return the file.

    Raises:
        BadSetting: If the public host is no address of this machine.
    """
    found = [*services(chosen)]
    steps = {one.name for one in found if one.is_step}
    lines = [_HEAD, _BUILD, *_settings(chosen), "", "services:"]
    asked = [one.name for one in reversed(found) if one.stays]
    every_s = dict(zip(asked, cycle(EVERY_S), strict=False))
    builders = _builders(found)
    for one in found:
        lines += [f"  {one.name}:", "    <<: *part", *_image(one, builders)]
        lines += [*_service(one, steps, every_s.get(one.name)), ""]
    lines += ["volumes:", *(f"  {name}:" for name in _volumes(found))]
    return "\n".join(lines) + "\n"


def _settings(chosen: Settings) -> Iterator[str]:
    """Yield what all containers are told."""
    yield "x-settings: &settings"
    for name, value in told(settings_inside(chosen)).items():
        yield f"  {name}: {_quoted(value)}"


def _builders(found: Iterable[Service]) -> set[str]:
    """Return whose it is to build: the first that has an image, and the tool.

    Compose writes into an image for which service it was built. Built for each, it is
    another each time, of which the last keeps the name: an `up` without `--build` would
    make all others anew. The tool is built only where it is run before there is any.
    """
    first: dict[str, str] = {}
    for one in found:
        first.setdefault(one.image, one.name)
    return {*first.values(), *(one.name for one in found if one.is_tool)}


def _image(one: Service, builders: set[str]) -> Iterator[str]:
    yield f'    image: "emostream-{one.image}:${{IMAGE_TAG:-latest}}"'
    if one.name in builders:
        yield f"    build: {{<<: *build, target: {one.image}}}"
    else:
        yield "    pull_policy: never"  # no registry has it


def _service(one: Service, steps: set[str], every_s: int | None) -> Iterator[str]:
    if one.command:
        yield f"    command: {_list(one.command)}"
    if one.is_tool:
        # As whoever sits here: what is published is reached as the host reaches it.
        yield '    entrypoint: ["emostream"]'
        yield "    network_mode: host"
        yield "    profiles: [tool]"
    yield f"    environment: {{{', '.join(_environment(one))}}}"
    if not one.stays:
        yield '    restart: "no"'
    yield from _needs(one, steps)
    if one.ports:
        yield f"    ports: {_list(one.ports)}"
    if one.volumes:
        yield f"    volumes: {_list(one.volumes)}"
    yield f"    tmpfs: {_list(one.tmpfs)}"
    yield f"    mem_limit: {one.memory_mib}m"
    if one.cpu_shares:
        yield f"    cpu_shares: {one.cpu_shares}"
    if every_s:
        yield f"    stop_grace_period: {one.stop_within_s}s"
        yield from _health(one, every_s)


def _environment(one: Service) -> Iterator[str]:
    if not one.is_tool:
        yield "<<: *settings"
    for name, value in one.environment.items():
        yield f"{name}: {_quoted(value)}"


def _needs(one: Service, steps: set[str]) -> Iterator[str]:
    if one.is_tool or one.name == PREPARE:
        return
    yield "    depends_on:"
    for name in (PREPARE, *one.needs):
        when = "completed_successfully" if name in steps else "started"
        yield f"      {name}: {{condition: service_{when}}}"


def _health(one: Service, every_s: int) -> Iterator[str]:
    fields = {
        "test": _list(["CMD", *one.health]),
        "interval": f"{every_s}s",
        "timeout": f"{ASKED_FOR_S + _ANSWER_S:.0f}s",
        "start_period": f"{one.starts_within_s:.0f}s",
        "retries": "2",
    }
    text = ", ".join(f"{name}: {value}" for name, value in fields.items())
    yield f"    healthcheck: {{{text}}}"


def _volumes(found: Iterable[Service]) -> list[str]:
    names = (volume.partition(":")[0] for one in found for volume in one.volumes)
    return [*dict.fromkeys(names)]


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"


def _quoted(value: str) -> str:
    """Return a value as YAML and Compose read it: JSON is YAML, and $ begins a name."""
    return json.dumps(value.replace("$", "$$"), ensure_ascii=False)
