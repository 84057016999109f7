"""What only containers have: rights, sizes, and what Docker makes of them."""

import json
import time
from functools import partial

import httpx
import pytest

from compose import contained
from tests.containers.stack import Containers
from tests.load.reporting.sides import IMAGES_MIB_MAX
from tests.system.crowd import Crowd
from tests.system.observer import Observer
from tests.system.stack import wait_until

STEPS = {"prepare", "topics"}
PAUSE_S = 10
CROWD_WITHIN_S = 900


def states(containers: Containers) -> dict[str, str]:
    return {
        one["Service"]: one["Health"] or one["State"] for one in containers.containers()
    }


def ids(containers: Containers) -> dict[str, str]:
    return {name: one["Id"] for name, one in containers.inspected().items()}


def test_all_is_well_once_it_is_up(containers: Containers) -> None:
    wait_until(partial(is_well, containers), "all are well")
    said = containers.run("verify")
    assert said.returncode == 0, said.stdout


def test_the_status_is_told_from_inside(containers: Containers) -> None:
    status = ("web", "emostream", "status")
    wait_until(partial(is_well, containers), "all are well")
    said = containers.inside(*status)
    seen = json.loads(containers.inside(*status, "--json").stdout)
    containers.compose("pause", "bridge")
    try:
        without = containers.inside(*status)
    finally:
        containers.compose("unpause", "bridge")
        wait_until(partial(is_well, containers), "all are well again")

    assert said.returncode == 0, said.stdout
    known = {name for name in states(containers) if name.startswith("cluster-")}
    assert {one["name"] for one in seen["clusters"] + seen["workers"]} == known
    assert seen["kafka"]["stream_lag"]["records"] >= 0
    assert without.returncode == 1
    assert "bridge does not say how it is" in without.stdout


def test_what_is_dockers_is_left_to_it(containers: Containers) -> None:
    down = containers.inside("web", "emostream", "down")
    outside = containers.compose("run", "--rm", "emostream", "status")
    recount = containers.inside("web", "emostream", "recount", "final")

    assert (down.returncode, down.stdout) == (1, f"{contained.DOCKERS}\n")
    assert outside.returncode == 1
    assert contained.OUTSIDE in outside.stdout
    assert (recount.returncode, recount.stdout) == (1, f"{contained.WITH_SPARK}\n")


@pytest.mark.parametrize("build", [(), ("--build",)], ids=["as_it_is", "built"])
def test_up_given_again_leaves_all_as_it_runs(
    containers: Containers, build: tuple[str, ...]
) -> None:
    before = ids(containers)
    again = containers.compose("up", *build, "--detach", "--wait")

    assert again.returncode == 0, again.stdout
    assert ids(containers) == before


@pytest.mark.parametrize("image", IMAGES_MIB_MAX)
def test_an_image_is_no_larger_than_it_may_be(
    containers: Containers, image: str
) -> None:
    assert containers.size_mib(image) <= IMAGES_MIB_MAX[image]


def test_nobody_is_root_and_nothing_but_data_can_be_written(
    containers: Containers,
) -> None:
    for found in containers.inspected().values():
        assert found["Config"]["User"] == "10001"
        assert found["HostConfig"]["ReadonlyRootfs"]
    said = containers.inside("web", "sh", "-c", "id -u; touch /opt/emostream/x")
    assert said.stdout.startswith("10001")
    assert "Read-only file system" in said.stdout


def test_the_proxy_says_what_it_refuses_as_the_servers_do(http: httpx.Client) -> None:
    large = http.post("/v1/reactions", content=b"x" * (128 * 1024 + 1))
    endless = http.post("/v1/reactions", content=iter([b"[", b"]"]))

    assert (large.status_code, large.json()["error"]) == (413, "body_too_large")
    assert (endless.status_code, endless.json()["error"]) == (411, "length_required")


def test_strangers_see_no_figures_whoever_they_say_they_are(
    containers: Containers, http: httpx.Client
) -> None:
    """A container is a stranger: it does not come from this machine's gateway."""
    ask = (
        "import urllib.request as r; r.urlopen(r.Request("
        f"'http://nginx:{containers.http_port}/metrics',"
        " headers={'X-Forwarded-For': '127.0.0.1'}))"
    )
    said = containers.inside("web", "python", "-c", ask)

    assert "HTTP Error 404" in said.stdout
    assert http.get("/metrics").status_code == 200


def test_the_pages_files_come_from_the_proxy(
    containers: Containers, http: httpx.Client
) -> None:
    page = http.get("/", headers={"Accept": "text/html"})
    script = next(part for part in page.text.split('"') if part.startswith("/assets/"))
    first = http.get(script)
    containers.compose("pause", "web")
    try:
        second = http.get(script)
    finally:
        containers.compose("unpause", "web")

    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert first.status_code == second.status_code == 200
    assert "immutable" in second.headers["Cache-Control"]


def test_data_is_kept_when_all_is_taken_down(
    containers: Containers, http: httpx.Client, room: str
) -> None:
    crowd = Crowd(http, room)
    crowd.react("🔥", "❤️")
    with Observer(containers.cluster_ports[0], room) as observer:
        observer.wait_for_total(2)

    assert containers.down().returncode == 0
    started = containers.up()
    assert started.returncode == 0, started.stdout

    crowd.react("🔥")
    with Observer(containers.cluster_ports[0], room) as observer:
        assert observer.wait_for_total(3)["totals"] == crowd.book


def test_a_killed_container_comes_back_and_all_is_counted_once(
    containers: Containers, room: str
) -> None:
    """One after the other, while a crowd reacts; the crowd keeps the book."""
    services = [name for name in states(containers) if name not in STEPS]
    lasting_s = PAUSE_S * len(services)
    with containers.spawn(
        *("crowd", "--room", room, "--clients", "10", "--rate", "100"),
        *("--seconds", str(lasting_s), "--url", containers.url, "--json"),
    ) as crowd:
        for service in services:
            containers.kill(service)
            wait_until(partial(runs, containers, service), f"{service} runs again")
            time.sleep(PAUSE_S / 2)
        said, _ = crowd.communicate(timeout=CROWD_WITHIN_S)
    found = json.loads(said)["reactions"]
    assert found["is_exact"], found
    assert found["witnessed"]["difference"] == 0
    wait_until(partial(is_well, containers), "all are well")


def runs(containers: Containers, service: str) -> bool:
    """Tell whether a service's container runs and is not said to be ill."""
    return states(containers).get(service) in {"starting", "healthy"}


def is_well(containers: Containers) -> bool:
    found = states(containers)
    return {found[name] for name in found if name not in STEPS} == {"healthy"}
