"""In what order processes are told to stop, and who is waited for."""

from dataclasses import replace

from compose.supervision.rpc import REVIVER, ProcessInfo, State
from compose.supervision.stopping import stop

PRIORITIES = {"main": 0, "cluster-1": 1, "worker-1": 2, "worker-2": 2}


class Orders:
    """A supervisord whose processes end some looks after they were told to."""

    def __init__(self, *names: str, looks: int = 2) -> None:
        self._known = {name: _running(name) for name in names}
        self._looks = looks
        self._left: dict[str, int] = {}
        self.told: list[str] = []
        self.alive_when_told: dict[str, set[str]] = {}

    def processes(self) -> dict[str, ProcessInfo]:
        for name in [*self._left]:
            self._left[name] -= 1
            if self._left[name] <= 0:
                self.end(name)
        return {**self._known}

    def priorities(self) -> dict[str, int]:
        return PRIORITIES

    def tell_to_stop(self, process: ProcessInfo) -> None:
        self.told.append(process.name)
        self.alive_when_told[process.name] = {
            name for name, info in self._known.items() if info.state.is_alive
        }
        self._known[process.name] = replace(process, state=State.STOPPING)
        self._left[process.name] = self._looks

    def end(self, name: str) -> None:
        self._left.pop(name, None)
        self._known[name] = replace(self._known[name], state=State.STOPPED, pid=0)


def _running(name: str) -> ProcessInfo:
    return ProcessInfo(name, name, State.RUNNING, pid=1, started_at=1, exit_status=0)


def stopped(
    orders: Orders, names: set[str] | None = None
) -> tuple[list[str], set[str]]:
    told: list[str] = []
    left = stop(orders, names, within_s=5, tell=told.append)
    return told, left


def test_a_layer_is_told_side_by_side_and_the_next_when_it_has_ended() -> None:
    orders = Orders(*PRIORITIES)

    told, left = stopped(orders)

    assert orders.told == ["worker-1", "worker-2", "cluster-1", "main"]
    assert orders.alive_when_told["worker-2"] == {*PRIORITIES}
    assert orders.alive_when_told["cluster-1"] == {"cluster-1", "main"}
    assert orders.alive_when_told["main"] == {"main"}
    assert told == orders.told
    assert left == set()


def test_the_reviver_goes_first_where_all_are_stopped() -> None:
    orders = Orders(*PRIORITIES, REVIVER)

    stopped(orders)

    assert orders.told[0] == REVIVER


def test_only_those_that_are_named_are_stopped() -> None:
    orders = Orders(*PRIORITIES, REVIVER)

    stopped(orders, {"worker-1", "worker-9"})

    assert orders.told == ["worker-1"]


def test_what_has_ended_is_neither_told_nor_told_of() -> None:
    orders = Orders("main")
    orders.end("main")

    assert stopped(orders) == ([], set())
    assert orders.told == []


def test_who_does_not_end_in_time_is_named() -> None:
    orders = Orders("main", looks=1_000_000)

    assert stop(orders, None, within_s=0, tell=lambda _: None) == {"main"}
