"""Which epochs a score reads. No fixed epoch is right: it depends on how much of the given labels is fitted.

A network that underfits is read at its last epoch, one that memorizes at the mean over epochs (METHODS: Human label
noise). It memorizes when it fits nearly all given labels, or clearly more of them than of labels that it was not
trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.types.errors import CurationError
from core.types.params import param
from core.types.scores import AssumptionCheck, Light

MEMORIZES = 0.95  # share of the given labels that a network fits when it memorizes them
_GAP = 0.10  # training accuracy above held-out accuracy that only memorizing explains


@dataclass(frozen=True)
class EpochParams:
    """Settings of the scores that read some of the epochs."""

    epochs: str = param(
        "auto",
        label="Epochs",
        help="auto (mean over epochs if the networks memorize, else the last), last, mean, or the number of one epoch.",
    )


@dataclass(frozen=True)
class EpochChoice:
    """positions into the available epochs, how they were chosen, and the light that says so."""

    positions: tuple[int, ...]
    how: str
    check: AssumptionCheck


@dataclass(frozen=True)
class Fit:
    """Share of given labels that the last epoch predicts: of the rows trained on, and held out (None without any)."""

    training: float
    held_out: float | None = None

    @property
    def memorizes(self) -> bool:
        """Nearly all given labels are fitted, or clearly more than generalizes."""
        return self.training >= MEMORIZES or (self.held_out is not None and self.training - self.held_out >= _GAP)


def choose_epochs(choice: str, available: Sequence[int], fit: Fit) -> EpochChoice:
    """Resolve `choice` (auto | last | mean | a number) against the sorted `available` epochs.

    Epoch 0 (before training) is only used when asked for by number. Raises `CurationError` naming the known epochs.
    """
    trained = tuple(i for i, epoch in enumerate(available) if epoch > 0)
    how = choice.strip().lower()
    if how == "auto":
        how = "mean" if fit.memorizes else "last"
    if how in ("mean", "last") and not trained:
        raise CurationError("Only epoch 0, before any training, was recorded.", "Train for one epoch or more.")
    if how == "mean":
        return EpochChoice(trained, "mean", _check(choice, how, fit, f"the mean over {_count(trained)}"))
    if how == "last":
        return EpochChoice(trained[-1:], "last", _check(choice, how, fit, f"the last epoch ({available[trained[-1]]})"))
    return _by_number(how, available, fit)


def _by_number(choice: str, available: Sequence[int], fit: Fit) -> EpochChoice:
    known = ", ".join(str(e) for e in available)
    if not choice.isdigit() or int(choice) not in available:
        raise CurationError(
            f"epochs is {choice!r}, which was not recorded.", f"Choose auto, last, mean, or one of: {known}."
        )
    if int(choice) == 0:
        check = AssumptionCheck(
            Light.RED,
            "Epoch 0 is before any training: scores there follow the size of the input, "
            "not its difficulty (AUROC about 0.5 for flipped labels).",
            "epochs",
        )
    else:
        check = _check(choice, choice, fit, f"epoch {choice}")
    return EpochChoice((list(available).index(int(choice)),), f"epoch {choice}", check)


def _check(choice: str, how: str, fit: Fit, used: str) -> AssumptionCheck:
    verdict = "they memorize them" if fit.memorizes else "they do not memorize them"
    beside = "" if fit.held_out is None else f" and {fit.held_out:.1%} of the held-out ones"
    text = (
        f"At the last epoch the networks fit {fit.training:.1%} of the given labels{beside} ({verdict}); read: {used}."
    )
    late = fit.memorizes and how == "last" and choice != "auto"
    return AssumptionCheck(Light.AMBER if late else Light.GREEN, text, "epochs")


def _count(positions: Sequence[int]) -> str:
    return "1 epoch" if len(positions) == 1 else f"{len(positions)} epochs"
