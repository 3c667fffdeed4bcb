"""One round after another: what a later run takes over from an earlier one, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """Decisions of another run that a run could take over.

    decisions: of them, those on ids that the run has (`fitting`) and has not decided on itself (`new`). ids: how many
    of the run's ids the other run has. same_data: nothing but labels differs, if that.
    """

    run_id: str
    name: str
    decisions: int
    fitting: int
    new: int
    ids: int
    rows: int
    same_data: bool

    @property
    def words(self) -> str:
        """The counts in a sentence."""
        rest = "" if self.new == self.fitting else f", {self.new:,} of them on rows that are not decided here"
        return (
            f"{self.fitting:,} of {self.decisions:,} decisions of {self.run_id} fit "
            f"({self.ids:,} of {self.rows:,} ids){rest}"
        )


@dataclass(frozen=True)
class CarriedOver:
    """What became of another run's decisions: taken over, decided here already, on unknown ids, with unknown labels."""

    taken: int
    kept_here: int
    unknown_ids: int
    unknown_labels: int

    @property
    def words(self) -> str:
        """The counts in a sentence; what did not happen is left out."""
        left = (
            (self.kept_here, "left out: decided here already"),
            (self.unknown_ids, "left out: the id is not here"),
            (self.unknown_labels, "left out: the label is no class here"),
        )
        return "; ".join([f"{self.taken:,} decisions taken over", *(f"{n:,} {what}" for n, what in left if n)])
