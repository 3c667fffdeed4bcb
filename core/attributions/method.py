"""What an attribution method is, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.types.attributions import Attribution
from core.types.errors import CurationError
from core.types.examples import UNLABELED, Modality
from core.types.methods import Method
from core.types.params import param

from .parts import Parts

PREDICTED, GIVEN = "predicted", "given"
CLASS = "class:"  # before the name of a class that may be called like one of those
TREE_MODELS = (
    "DecisionTreeClassifier",
    "ExtraTreeClassifier",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "GradientBoostingClassifier",
    "HistGradientBoostingClassifier",
)
TREE_FAMILIES = ("random_forest", "gradient_boosting")  # what model cards call them


def target_param() -> Any:
    """The field that every method has: which class's output is taken apart."""
    return param(
        PREDICTED,
        label="Explained class",
        help=f'"{PREDICTED}": what the model says; "{GIVEN}": the given label; or the name of a class.',
    )


@dataclass(frozen=True, eq=False)
class Language:
    """words: those of many training texts, with repetitions, so that a random draw follows their frequency.

    read(texts, each a list of words) -> what the model reads, as `Explained.example` is.
    """

    words: np.ndarray
    read: Callable[[Sequence[Sequence[str]]], Any]


@dataclass(frozen=True, eq=False)
class Explained:
    """One example, the model that judged it, and ordinary examples to compare it with.

    model: a torch network in eval mode, or a fitted scikit-learn classifier.
    example, background: as the model reads them, 1 and B rows: tensors (for text a pair of ids and weights) for a
    network, arrays or sparse rows for an estimator. label: given label or -1. parts: how encoded numbers become parts
    that a person sees. memory: whatever is dear to make and the same for every example of this model.
    language: only for texts. of_class(class, most) -> (rows, what the model reads) of training examples labeled so.
    """

    model: Any
    example: Any
    background: Any
    class_names: tuple[str, ...]
    label: int
    parts: Parts
    seed: int = 0
    memory: dict[Any, Any] = field(default_factory=dict)
    language: Language | None = None
    of_class: Callable[[int, int], tuple[np.ndarray, Any]] | None = None

    def target(self, outputs: np.ndarray, choice: str) -> int:
        """The class to explain, given the model's outputs [C] for the example; raises `CurationError`."""
        if choice == PREDICTED:
            return int(outputs.argmax())
        if choice == GIVEN:
            if self.label == UNLABELED:
                raise CurationError("This example has no given label to explain.", f'Explain "{PREDICTED}" instead.')
            return self.label
        name = choice if choice in self.class_names else choice.removeprefix(CLASS)
        if name not in self.class_names:
            raise CurationError(f"There is no class {name!r}.", f"Classes: {', '.join(self.class_names[:20])}.")
        return self.class_names.index(name)


@dataclass(frozen=True, kw_only=True)
class AttributionMethod(Method):
    """A registered way to divide one prediction among the parts of its input.

    compute(explained, params) -> Attribution. for_networks, for_sklearn, trees_only: the models it can read;
    for_brought: trees from elsewhere, which take themselves apart.
    others: how many models with random weights the sanity check asks, fewer for methods that are dear.
    """

    compute: Callable[[Explained, Any], Attribution] = field(repr=False)
    modalities: tuple[Modality, ...] = (Modality.IMAGE, Modality.TEXT, Modality.TABLE)
    for_networks: bool = False
    for_sklearn: bool = False
    trees_only: bool = False
    for_brought: bool = False
    others: int = 6

    def applies(self, modality: Modality, network: bool, estimator: str = "") -> bool:
        """True if it can explain a run with this modality and these models (estimator: its family, "" for none)."""
        readable = (self.for_networks and network) or (
            self.for_sklearn and bool(estimator) and (not self.trees_only or estimator in TREE_FAMILIES)
        )
        return modality in self.modalities and readable


def additivity_gap(values: np.ndarray, base: float, output: float) -> float:
    """(sum of values) - (output - base): 0 where the parts explain all of the difference."""
    return float(values.sum(dtype=np.float64) - (output - base))
