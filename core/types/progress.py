"""How slow work tells what it does and learns that it should stop."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Slow functions take one and call it per batch; they never print and never open a bar."""

    def stage(self, title: str, total: int) -> None:
        """A new piece of work begins, `total` steps long."""

    def advance(self, steps: int = 1) -> None:
        """Some steps are done. Raises `Cancelled`: the one safe point to stop at."""

    def close(self) -> None:
        """No more will be told: leave the terminal, the log or the database as it should stay."""


class SilentProgress:
    """Says nothing and never cancels: for tests and for library use."""

    def stage(self, title: str, total: int) -> None:
        return None

    def advance(self, steps: int = 1) -> None:
        return None

    def close(self) -> None:
        return None


def track(progress: Progress, items: Iterable[T], title: str, total: int | None = None) -> Iterator[T]:
    """Yield `items`, reporting each as one step of a new stage; may raise `Cancelled` between two items."""
    total = len(items) if total is None else total  # type: ignore[arg-type]
    progress.stage(title, total)
    for item in items:
        yield item
        progress.advance()
