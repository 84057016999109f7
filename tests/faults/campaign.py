"""The whole of it: scenes, their groups of trials, and what is looked at between them.

Whatever ends it, what was found until then is kept in `result`.
"""

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.faults import books, plan
from tests.faults.fault import Fault, NotPossible
from tests.faults.grouped import Stuck, Trials
from tests.faults.results import Group, Result, Trial
from tests.faults.running import NotUp, say
from tests.faults.scene import Scene
from tests.faults.scenes import SCENES
from tests.faults.senders import SenderGone
from tests.faults.settling import Theatre
from tests.faults.viewers import Viewers


class Campaign:
    """Makes the trials of a plan.

    Args:
        faults: What is tried.
        trials: How often each.
        seed: What everything random follows.
        within_s: No trial is begun later.
        may_step_clock: Whether this machine's clock may be set wrong.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        *,
        trials: int,
        seed: int,
        within_s: float,
        may_step_clock: bool = False,
    ) -> None:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self.result = Result(seed=seed, taken_at=now)
        self._faults, self._trials, self._seed = faults, trials, seed
        self._began_s = time.monotonic()
        self._until_s = self._began_s + within_s
        self._may_step_clock = may_step_clock

    def run(self) -> None:
        """Make all trials, scene after scene."""
        for setting in plan.scenes(self._faults):
            if time.monotonic() > self._until_s:
                self._leave_out(setting)
                continue
            try:
                self._scene(setting)
            except (NotUp, SenderGone, Stuck, TimeoutError) as error:
                self._note(f"{setting}: {error}")
            finally:
                seconds = round(time.monotonic() - self._began_s, 1)
                self.result = msgspec.structs.replace(self.result, seconds=seconds)

    def on_scene(self, scene: Scene, setting: str = plan.DEFAULT) -> None:
        """Make the trials of one scene that is there already."""
        scene.may_step_clock = self._may_step_clock
        ports = scene.stack.cluster_ports
        brokers = [(scene.cluster_host, port) for port in ports]
        with Viewers(scene.stack.url, brokers, scene.senders.rooms) as viewers:
            theatre = Theatre(scene, viewers)
            known = 0
            for planned in plan.groups(self._faults, setting, self._trials, self._seed):
                group = Trials(theatre, planned, self._keep).run(self._until_s, known)
                known = group.difference or 0

    def _scene(self, setting: str) -> None:
        folder = Path(tempfile.mkdtemp(prefix="emostream-faults-"))
        failures = len([*self.result.failures()])
        say(f"{setting}: a system of its own starts in {folder}")
        try:
            with SCENES[setting](folder, self._seed) as scene:
                self.on_scene(scene, setting)
                self._conclude(scene)
        except KeyboardInterrupt:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        except NotPossible as reason:
            self._pass_over(setting, str(reason))
        if len([*self.result.failures()]) == failures:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say(f"{setting}: the system's files are kept in {folder}")

    def _leave_out(self, setting: str) -> None:
        """Note that there is no time for a scene."""
        for one in plan.groups(self._faults, setting, self._trials, self._seed):
            seeds = tuple(planned.seed for planned in one.trials)
            self._keep(Group(setting=setting, part=one.part, left_out=seeds))

    def _pass_over(self, setting: str, reason: str) -> None:
        """Note that none of a scene's trials can be made."""
        say(f"{setting}: not possible here: {reason}")
        for one in plan.groups(self._faults, setting, self._trials, self._seed):
            trials = tuple(
                Trial(
                    part=planned.fault.part,
                    name=planned.fault.name,
                    seed=planned.seed,
                    at="",
                    impossible=reason,
                )
                for planned in one.trials
            )
            self._keep(Group(setting=setting, part=one.part, trials=trials))

    def _conclude(self, scene: Scene) -> None:
        """Look at all that happened in a scene once more, when nobody reacts."""
        held_s = time.monotonic()
        for room in scene.senders.rooms:
            found = books.recounted(scene, room)
            said = "agrees" if found.agrees else f"DIFFERS: {found}"
            say(f"recount of {room}: {found.recounted:,}, {said}")
            self.result = msgspec.structs.replace(
                self.result, recounts=(*self.result.recounts, found)
            )
        for words in books.wrong_rooms(scene, held_s):
            self._note(words)

    def _keep(self, group: Group) -> None:
        """Put a group into the result, in place of what was there of it."""
        others = [
            one
            for one in self.result.groups
            if (one.setting, one.part) != (group.setting, group.part)
        ]
        self.result = msgspec.structs.replace(self.result, groups=(*others, group))

    def _note(self, broken: str) -> None:
        self.result = msgspec.structs.replace(
            self.result, broken=(*self.result.broken, broken)
        )
