"""The page, in a real browser: tap, watch, and go on whatever happens."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Route, expect

from tests.system.browser import Visitor, Visitors, chromium
from tests.system.crowd import Crowd, post, reactions
from tests.system.made_up import frame, show
from tests.system.observer import Observer
from tests.system.stack import FOREIGN_SITE, Stack, wait_until

CLOSED = "The room is closed."
LOOKS = 5
STILL_TRIES = 3
SOON_MS = 20_000
_VISITORS_MAX = 12
_SKY: FloatRect = {"x": 0, "y": 500, "width": 1280, "height": 100}
"""Of the screen: nothing is written there, and what rises comes through it."""
_AXE = Path(__file__).parents[2] / "clients/web/page/node_modules/axe-core/axe.min.js"
_GRAVE = {"serious", "critical"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visitors(browser: Browser, stack: Stack) -> Iterator[Visitors]:
    visitors = Visitors(browser, stack.url)
    yield visitors
    visitors.leave()


@pytest.fixture
def visitor(visitors: Visitors, room: str) -> Visitor:
    return served(visitors, room)


def served(visitors: Visitors, room: str) -> Visitor:
    """Let somebody in, and wait until they see the room."""
    visitor = visitors.new()
    visitor.open(f"/rooms/{room}")
    visitor.expect_served()
    return visitor


def test_a_tap_on_one_page_is_seen_on_two_others_at_different_brokers(
    visitors: Visitors, room: str
) -> None:
    at: dict[int, Visitor] = {}
    for _ in range(_VISITORS_MAX):
        visitor = served(visitors, room)
        at.setdefault(visitor.port, visitor)
        if len(at) == 3:
            break
    first, second, third = at.values()

    first.tap("Heart")

    for visitor in (first, second, third):
        visitor.expect_total(1)
        expect(visitor.page.get_by_role("row", name="❤️")).to_contain_text("1")


def test_who_loses_a_broker_is_served_on_by_another(
    stack: Stack, http: httpx.Client, room: str, visitor: Visitor
) -> None:
    index = _cluster_ws_ports(stack).index(visitor.port)
    phases = visitor.phases()

    stack.kill(f"cluster-{index + 1}")
    expect(visitor.page.locator("[data-phase]")).to_have_attribute(
        "data-phase", "moving"
    )
    Crowd(http, room).react("🔥")

    visitor.expect_total(1)
    visitor.expect_served()
    assert visitor.port != _cluster_ws_ports(stack)[index]
    assert {"offline", "stale", "ended"}.isdisjoint(phases())


def test_taps_made_offline_arrive_once(
    stack: Stack, room: str, visitor: Visitor
) -> None:
    visitor.context.set_offline(offline=True)
    visitor.tap("Heart", 3)
    visitor.expect_words(re.compile("Offline. 3 taps wait"))

    # Back, but the server takes nothing yet: what waits has to outlive the page.
    reactions = "**/v1/rooms/*/reactions*"
    visitor.page.route(reactions, lambda route: route.abort())
    visitor.context.set_offline(offline=False)
    visitor.page.reload()
    visitor.page.unroute(reactions)

    with Observer(stack.cluster_ports[0], room) as observer:
        observer.wait_for_total(3)
        visitor.expect_total(3)
        visitor.tap("Fire")
        assert observer.wait_for_total(4)["totals"] == {"❤️": 3, "🔥": 1}


def test_an_answer_that_gets_lost_counts_a_tap_once(
    stack: Stack, room: str, visitor: Visitor
) -> None:
    def lose(route: Route) -> None:
        route.fetch()  # the server has it, and the page does not hear of it
        route.abort()

    visitor.page.route("**/v1/rooms/*/reactions*", lose, times=1)
    visitor.tap("Heart")
    visitor.expect_total(1)
    visitor.tap("Fire")

    with Observer(stack.cluster_ports[0], room) as observer:
        assert observer.wait_for_total(2)["totals"] == {"❤️": 1, "🔥": 1}


def test_it_can_be_used_by_keyboard_alone(visitor: Visitor) -> None:
    keyboard, page = visitor.page.keyboard, visitor.page
    for _ in range(10):
        keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
        if focused == "Heart, react":
            break
    keyboard.press("Enter")
    keyboard.press("ArrowRight")
    keyboard.press("Space")
    keyboard.press("1")

    visitor.expect_total(3)
    expect(page.get_by_role("row", name="❤️")).to_contain_text("2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/rooms/{}", "/host/{}", "/overlay/{}?counts=1"])
def test_a_page_has_no_grave_fault_for_who_cannot_see_it(
    visitors: Visitors, http: httpx.Client, room: str, path: str, scheme: str
) -> None:
    Crowd(http, room).react("🔥", "❤️")
    visitor = visitors.new(color_scheme=scheme)
    visitor.open(path.format(room))
    visitor.page.wait_for_load_state("networkidle")

    visitor.page.evaluate(_AXE.read_text())
    found = visitor.page.evaluate("axe.run()")

    grave = [one for one in found["violations"] if one["impact"] in _GRAVE]
    assert grave == [], json.dumps(grave, indent=1)


def test_emoji_fly_but_where_motion_is_to_be_reduced(
    visitors: Visitors, http: httpx.Client, room: str
) -> None:
    moving = visitors.new(reduced_motion="no-preference")
    still = visitors.new(reduced_motion="reduce")
    for visitor in (moving, still):
        visitor.open(f"/rooms/{room}")
        visitor.expect_served()
    crowd = Crowd(http, room)

    assert is_moving(moving, crowd)
    # On a busy machine the page may still be drawn while it is looked at.
    assert not all(is_moving(still, crowd) for _ in range(STILL_TRIES))


def is_moving(visitor: Visitor, crowd: Crowd) -> bool:
    """Tell whether anything changes in the sky while many react."""
    crowd.react(*["🔥", "❤️"] * 200)
    visitor.expect_total(crowd.book.total())
    return len({visitor.page.screenshot(clip=_SKY) for _ in range(LOOKS)}) > 1


def test_who_is_in_a_closed_room_is_told_so(
    stack: Stack, visitors: Visitors, http: httpx.Client, room: str, visitor: Visitor
) -> None:
    host = visitors.new()
    host.page.goto(stack.host_url(room))
    switch = host.page.get_by_role("switch")

    wait_until(lambda: _pressed_shut(switch), "the room is closed")
    visitor.expect_words(CLOSED)
    button = visitor.page.get_by_role("button", name=f"Heart. {CLOSED}")
    expect(button).to_have_attribute("aria-disabled", "true")
    refused = post(http, room, reactions(["❤️"]), key="late")
    assert refused.status_code == httpx.codes.CONFLICT
    assert refused.json()["error"] == "room_closed"

    switch.click()
    visitor.tap("Heart")
    visitor.expect_total(1)


@pytest.mark.parametrize(
    ("html", "parent"),
    [
        ("<body><main><script async></script></main></body>", "main"),
        ("<head><script></script></head><body><p>News</p></body>", "body"),
        (
            '<head><script data-target="#here"></script></head><p id="here"></p>',
            "#here",
        ),
    ],
    ids=["in the body", "in the head", "in the head, with a target after it"],
)
def test_a_tap_bar_in_a_foreign_page_sends_what_is_pressed(
    stack: Stack, visitors: Visitors, room: str, html: str, parent: str
) -> None:
    source = f'<script src="{stack.url}/embed.js" data-room="{room}" '
    visitor, body = visitors.new(), html.replace("<script", source)
    # A person is asked, where a site of the internet wants something of a near machine.
    visitor.context.grant_permissions(["local-network-access"])
    page = visitor.page
    page.route(
        f"{FOREIGN_SITE}/",
        lambda route: route.fulfill(
            content_type="text/html", body=f"<!doctype html>{body}"
        ),
    )
    page.goto(FOREIGN_SITE)
    page.locator(f"{parent} > emostream-taps").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    with Observer(stack.cluster_ports[0], room) as observer:
        assert observer.wait_for_total(1)["totals"] == {"❤️": 1}


@pytest.mark.native
def test_a_hostile_emoji_is_only_text(
    stack: Stack, room: str, visitor: Visitor
) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    show(stack, frame(room, {hostile: 7}))

    visitor.expect_total(7)
    visitor.expect_words(hostile)
    assert visitor.page.locator("img").count() == 0


def test_a_room_that_cannot_be_is_named_as_it_was_written(visitors: Visitors) -> None:
    visitor = visitors.new()
    visitor.open("/rooms/<img src=x onerror=alert(1)>")

    visitor.expect_words("No such room")
    assert visitor.page.locator("img").count() == 0


def _pressed_shut(switch: Locator) -> bool:
    """Press twice, as the switch wants it; tell whether that has closed the room.

    A server that others keep busy may refuse, and says so: a person presses again.
    """
    switch.dblclick()
    try:
        expect(switch).to_have_attribute("aria-checked", "false", timeout=SOON_MS)
    except AssertionError:
        return False
    return True


def _cluster_ws_ports(stack: Stack) -> list[int]:
    """Where the clusters' brokers take WebSockets, in the order of their ports."""
    first = int(stack.environment["EMOSTREAM_CLUSTER_WS_PORT"])
    return [first + number for number in range(len(stack.cluster_ports))]
