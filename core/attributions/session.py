"""A run opened for explaining: network, estimator and data, each loaded once and only when first asked for."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.models.stored import load_card, load_estimator, load_network
from core.store import Run
from core.store.workspace import cache_root
from core.types.attributions import Attribution
from core.types.errors import RunError
from core.types.examples import UNLABELED, ExampleTable, Modality
from core.types.params import params_from_dict
from core.types.runs import RunSpec

from .estimators import import_shap
from .method import Explained
from .parts import ImageParts, Parts, TableParts, TextParts
from .registry import attribution_named

NETWORK_BACKGROUND, ESTIMATOR_BACKGROUND = 64, 100  # training rows to compare with


class Session:
    """Explains rows of one run. Own networks (module:factory) are code, so they are loaded only when `trusted`."""

    def __init__(self, path: Path, trusted: bool = False):
        self.run = Run.open(path, reopen=_reopen)
        self.trusted = trusted
        self._memory: dict[str, Any] = {}

    def explain(self, row: int, method: str, params: dict[str, Any]) -> Attribution:
        """Why the model says what it says about `row`; raises `CurationError` in words."""
        chosen = attribution_named(method)
        examples = self.examples
        if not 0 <= row < len(examples):
            raise RunError(f"There is no row {row}; this run has {len(examples)}.", "Rows count from 0.")
        settings = params_from_dict(chosen.params, params)
        explained = self._for_network(row) if chosen.for_networks else self._for_estimator(row)
        return chosen.compute(explained, settings)

    def warm(self) -> None:
        """Load what the first explanation needs; what only a change of method needs is loaded beside it, later."""
        card, _ = self._model
        self.examples  # noqa: B018 - read for later
        if card.checkpoints:
            import captum.attr  # noqa: F401 - slow to import, so before the first question

            self._network  # noqa: B018
        elif card.estimator:
            self._estimator  # noqa: B018
        if card.estimator:
            threading.Thread(target=import_shap, daemon=True).start()

    @cached_property
    def examples(self) -> ExampleTable:
        """The dataset with its inputs."""
        examples = self.run.examples_with_inputs
        if examples.modality is Modality.TRACE or examples.inputs is None:
            raise RunError("This run has no inputs to explain, only recorded outputs.", "Score the inputs themselves.")
        return examples

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        return load_card(self.run.path / "model")

    @cached_property
    def _network(self) -> Any:
        network = load_network(self.run.path / "model", trusted=self.trusted)
        return network.requires_grad_(False)  # gradients are taken of inputs alone

    @cached_property
    def _estimator(self) -> Any:
        return load_estimator(self.run.path / "model")

    def _background_rows(self, count: int) -> np.ndarray:
        rows = self.examples.train_rows
        if len(rows) <= count:
            return rows
        return np.sort(np.random.default_rng(self.run.spec.seed).choice(rows, count, replace=False))

    def _for_network(self, row: int) -> Explained:
        network, (card, encoder) = self._network, self._model
        example = _batch(encoder, self.examples, np.array([row]))
        background = example if encoder.kind == "text" else self._network_background
        return Explained(network, example, background, card.class_names, int(self.examples.labels[row]),
                         parts_of(encoder, self.examples, row, False), self.run.spec.seed)

    @cached_property
    def _network_background(self) -> Any:
        return _batch(self._model[1], self.examples, self._background_rows(NETWORK_BACKGROUND))

    @cached_property
    def _estimator_background(self) -> Any:
        return self._model[1].matrix(subset(self.examples, self._background_rows(ESTIMATOR_BACKGROUND)))

    def _for_estimator(self, row: int) -> Explained:
        estimator, (card, encoder) = self._estimator, self._model
        known = [int(c) for c in estimator.classes_]  # a class without a training row is not among them
        label = int(self.examples.labels[row])
        example = encoder.matrix(subset(self.examples, np.array([row])))
        background = example if encoder.kind == "text" else self._estimator_background
        return Explained(estimator, example, background, tuple(card.class_names[c] for c in known),
                         known.index(label) if label in known else UNLABELED,
                         parts_of(encoder, self.examples, row, True), self.run.spec.seed, self._memory)


def subset(examples: ExampleTable, rows: np.ndarray) -> ExampleTable:
    """A table of these rows alone, as far as encoders look."""
    inputs = examples.inputs
    if hasattr(inputs, "iloc"):
        chosen = inputs.iloc[rows]
    elif isinstance(inputs, np.ndarray):
        chosen = inputs[rows]
    else:
        chosen = np.empty(len(rows), dtype=object)
        for place, row in enumerate(rows):
            chosen[place] = inputs[int(row)]
    return replace(examples, ids=examples.ids[rows], labels=examples.labels[rows], splits=examples.splits[rows],
                   inputs=chosen)


def parts_of(encoder: Any, examples: ExampleTable, row: int, for_matrix: bool) -> Parts:
    """How the encoder's numbers for this row become parts; for_matrix: those of `matrix`, not of `encode`."""
    if encoder.kind == "image":
        return ImageParts(encoder.height, encoder.width, len(encoder.mean))
    if encoder.kind == "table":
        return TableParts(tuple(encoder.columns_of), tuple(encoder.columns_of.values()))
    if encoder.kind == "text":
        return _text_parts(encoder, str(examples.inputs[row]), for_matrix)
    count = encoder.shape.dims[0]
    return TableParts(tuple(f"x{i}" for i in range(count)), tuple((i,) for i in range(count)))


def _text_parts(encoder: Any, text: str, for_matrix: bool) -> TextParts:
    covered = {term.id: term.tokens for term in encoder.terms(text)}
    names = tuple(token.text for token in encoder.tokens(text))
    ids = np.array(sorted(covered), dtype=np.int64)
    if not for_matrix:
        ids = encoder.pairs([text])[0][0]  # a network reads the heaviest terms of a long text, padded with 0
    return TextParts(names, tuple(covered.get(int(i), ()) for i in ids), ids - 1)


def _batch(encoder: Any, examples: ExampleTable, rows: np.ndarray) -> Any:
    return encoder.encode(subset(examples, rows)).batch(np.arange(len(rows)))


def _reopen(spec: RunSpec) -> ExampleTable:
    from core.datasets import load_examples

    return load_examples(spec.source, spec.modality, spec.roles, cache_root(), spec.class_map, spec.labels)
