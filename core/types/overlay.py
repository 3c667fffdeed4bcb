"""What a person decided in an earlier run, laid over the data of a new question: the source itself stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from .branches import MAIN


@dataclass(frozen=True)
class Overlay:
    """Labels and drops of a branch of the run `parent`; without a parent there is none.

    relabeled: class name by example id. dropped: ids that nothing is trained on, as if they had no label.
    """

    parent: str = ""
    branch: str = MAIN
    relabeled: dict[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.parent)

    @property
    def words(self) -> str:
        """What it changes, in a few words."""
        changed = (f"{len(self.relabeled):,} relabeled", f"{len(self.dropped):,} dropped")
        return f"decisions of {self.parent}: {', '.join(changed)}"
