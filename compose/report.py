"""What a person sees while parts start: spinners on a terminal, else lines."""

from typing import Protocol, Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Report(Protocol):
    """Where progress is told."""

    def begun(self, part: str) -> None:
        """Note that `part` is being started."""
        ...

    def ready(self, part: str, seconds: float) -> None:
        """Note that `part` does its work, `seconds` after it was begun."""
        ...

    def gave_up(self, part: str) -> None:
        """Note that nobody waits for `part` any more."""
        ...

    def say(self, text: str) -> None:
        """Tell something else that a person should know."""
        ...


class LineReport:
    """One line an event, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begun(self, part: str) -> None:
        """Say nothing: the line comes when the part is ready."""

    def ready(self, part: str, seconds: float) -> None:
        """Write which part is ready, and after how long."""
        self.say(f"  {part:<20} ready after {seconds:.1f} s")

    def gave_up(self, part: str) -> None:
        """Say nothing: why it was is said where the command ends."""

    def say(self, text: str) -> None:
        """Write a line of text as it is."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveReport(LineReport):
    """A line with a spinner for each part that is being started."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begun(self, part: str) -> None:
        """Show a spinner."""
        self._tasks[part] = self._progress.add_task(part)

    def ready(self, part: str, seconds: float) -> None:
        """Turn the spinner into a line."""
        self.gave_up(part)
        super().ready(part, seconds)

    def gave_up(self, part: str) -> None:
        """Take the spinner away."""
        self._progress.remove_task(self._tasks.pop(part))


def report_on(console: Console) -> LineReport:
    """Return the report that suits where the output goes."""
    return LiveReport(console) if console.is_terminal else LineReport(console)
