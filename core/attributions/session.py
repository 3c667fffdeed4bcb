"""A run opened for explaining: network, estimator and data, each loaded once and only when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.models.encoding import fit_encoder, subset
from core.models.frozen_encoding import FrozenEncoding
from core.models.sources import is_predicted, opened
from core.models.stored import build_network, load_card, load_estimator, load_network
from core.models.text_encoding import TextEncoder
from core.store import Run
from core.store.workspace import cache_root
from core.types.attributions import Attribution, Edit, WhatIf
from core.types.errors import CurationError, RunError
from core.types.examples import UNLABELED, ExampleTable, Modality
from core.types.params import params_from_dict
from core.types.runs import RunSpec
from core.types.scores import AssumptionCheck

from .brought import explained_by_itself, probabilities_of
from .encoded import batch, language_of, parts_of, reads_words
from .estimators import import_shap, taught_shuffled_labels
from .method import AttributionMethod, Explained, Language
from .registry import attribution_named
from .sanity import checks_of, gap_check, with_random_weights
from .what_if import edited, judge, words_of, written

NETWORK_BACKGROUND, ESTIMATOR_BACKGROUND = 64, 100  # training rows to compare with
SHUFFLED_ROWS = 1000  # that estimators learn shuffled labels of


class Session:
    """Explains rows of one run. Own networks (module:factory) are code: loaded only where the workspace allows it."""

    def __init__(self, path: Path):
        self.run = Run.open(path, reopen=_reopen)
        self._memory: dict[Any, Any] = {}
        self._strangers: dict[tuple[bool, int], tuple[Any, ...]] = {}

    def explain(self, row: int, method: str, params: dict[str, Any]) -> Attribution:
        """Why the model says what it says about `row`; raises `CurationError` in words."""
        chosen = attribution_named(method)
        self._check_row(row)
        return chosen.compute(self._explained(row, chosen), params_from_dict(chosen.params, params))

    def check(self, row: int, method: str, params: dict[str, Any]) -> tuple[AssumptionCheck, ...]:
        """Whether to trust `explain`'s answer: does it add up, and does it depend on what the model learned?"""
        chosen = attribution_named(method)
        self._check_row(row)
        about, settings = self._explained(row, chosen), params_from_dict(chosen.params, params)
        if chosen.for_brought:  # nobody can make trees like these that learned nothing
            return tuple(filter(None, [gap_check(chosen.compute(about, settings))]))
        return checks_of(chosen, about, settings, self._models_that_know_nothing(chosen))

    def what_if(self, row: int, edit: Edit) -> WhatIf:
        """The model's judgement of `row` before and after an edit; changes nothing."""
        self._check_row(row)
        encoder, names = self._parts_encoder, self.examples.class_names
        two = edited(
            encoder, self.examples, row, edit, lambda: subset(self.examples, self._background_rows(NETWORK_BACKGROUND))
        )
        label = int(self.examples.labels[row])
        judgements = judge(self._probabilities(two), label, names)
        return written(*judgements, words_of(encoder, self.examples, row, edit), self._whose, label, names)

    @property
    def _whose(self) -> str:
        """The model that judges, in words."""
        if self._brought:
            return "the model that was brought"
        card = self._model[0]
        return "the run's network" if card.checkpoints else f"the run's {card.estimator.replace('_', ' ')}"

    def warm(self) -> None:
        """Load what the first explanation needs; what only a change of method needs is loaded beside it, later."""
        if self._brought:
            self.examples  # noqa: B018
            return
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
        """The dataset with its inputs. Raises `RunError` for a run of recorded outputs."""
        examples = self.run.examples_with_inputs
        if examples.modality is Modality.TRACE or examples.inputs is None:
            raise RunError("This run has no inputs to explain, only recorded outputs.", "Score the inputs themselves.")
        return examples

    def _check_row(self, row: int) -> None:
        if not 0 <= row < len(self.examples):
            raise RunError(f"There is no row {row}; this run has {len(self.examples)}.", "Rows count from 0.")

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        card, encoder = load_card(self.run.path / "model")
        if isinstance(encoder, FrozenEncoding) and self._through_frozen(encoder, Modality.IMAGE):
            from core.models.frozen_whole import pixels_of

            return card, pixels_of(encoder)
        return card, encoder

    @cached_property
    def _encoding(self) -> Any:
        return load_card(self.run.path / "model")[1]

    @cached_property
    def _parts_encoder(self) -> Any:
        """What names the parts of an example that a person can change: for a frozen encoder of texts, their words."""
        if self._brought:
            return fit_encoder(self.examples, self.examples.train_rows)
        if self._through_frozen(self._encoding, Modality.TEXT):
            return TextEncoder.fit(self.examples, self.examples.train_rows)
        return self._model[1]

    def _through_frozen(self, encoder: Any, modality: Modality) -> bool:
        return isinstance(encoder, FrozenEncoding) and self.examples.modality is modality

    @cached_property
    def _network(self) -> Any:
        return self._seen_whole(load_network(self.run.path / "model", factory=self._factory))

    def _seen_whole(self, network: Any) -> Any:
        """The network as it stands between a person's pixels and its logits; gradients are taken of inputs alone."""
        if self._through_frozen(self._encoding, Modality.IMAGE):
            from core.models.frozen_whole import WholeNetwork

            network = WholeNetwork(self._encoding, network)
        return network.eval().requires_grad_(False)

    @cached_property
    def _factory(self) -> Callable[..., Any] | None:
        return opened(self.run.run_id, self.run.spec.training)

    @cached_property
    def _estimator(self) -> Any:
        return load_estimator(self.run.path / "model")

    def _background_rows(self, count: int) -> np.ndarray:
        rows = self.examples.train_rows
        if len(rows) <= count:
            return rows
        return np.sort(np.random.default_rng(self.run.spec.seed).choice(rows, count, replace=False))

    @property
    def _brought(self) -> bool:
        return is_predicted(self.run.spec.training.model)

    def _explained(self, row: int, method: AttributionMethod) -> Explained:
        if method.for_brought:
            return explained_by_itself(self.run.spec.training, self.examples, row)
        if self._through_frozen(self._encoding, Modality.TEXT):
            raise CurationError(
                f"{self._encoding.encoder} makes one vector of a whole text: the share of single words is not told.",
                "Ask what if: leave words out, and see what the model says then.",
            )
        return self._for_network(row) if method.for_networks else self._for_estimator(row)

    def _for_network(self, row: int) -> Explained:
        network, (card, encoder) = self._network, self._model
        example = batch(encoder, self.examples, np.array([row]))
        text = reads_words(encoder)
        return Explained(
            network,
            example,
            example if text else self._network_background,
            card.class_names,
            int(self.examples.labels[row]),
            parts_of(encoder, self.examples, row, False),
            self.run.spec.seed,
            self._memory,
            self._language if text else None,
            self._of_class,
        )

    @cached_property
    def _network_background(self) -> Any:
        return batch(self._model[1], self.examples, self._background_rows(NETWORK_BACKGROUND))

    @cached_property
    def _language(self) -> Language:
        return language_of(self._model[1], self.examples, self.examples.train_rows)

    def _of_class(self, label: int, most: int) -> tuple[np.ndarray, Any]:
        rows = self.examples.train_rows
        rows = rows[self.examples.labels[rows] == label]
        if len(rows) > most:
            rows = np.sort(np.random.default_rng(self.run.spec.seed).choice(rows, most, replace=False))
        return rows, batch(self._model[1], self.examples, rows)

    @cached_property
    def _estimator_background(self) -> Any:
        return self._model[1].matrix(subset(self.examples, self._background_rows(ESTIMATOR_BACKGROUND)))

    def _for_estimator(self, row: int) -> Explained:
        estimator, (card, encoder) = self._estimator, self._model
        known = [int(c) for c in estimator.classes_]  # a class without a training row is not among them
        label = int(self.examples.labels[row])
        example = encoder.matrix(subset(self.examples, np.array([row])))
        background = example if reads_words(encoder) else self._estimator_background
        return Explained(
            estimator,
            example,
            background,
            tuple(card.class_names[c] for c in known),
            known.index(label) if label in known else UNLABELED,
            parts_of(encoder, self.examples, row, True),
            self.run.spec.seed,
            self._memory,
        )

    def _models_that_know_nothing(self, method: AttributionMethod) -> tuple[Any, ...]:
        """Networks with fresh random weights, or estimators that learned shuffled labels; made once."""
        few = self.examples.modality is Modality.IMAGE  # so many parts that one model says nearly what all say
        key = (method.for_networks, min(method.others, 3) if few else method.others)
        if key not in self._strangers:
            made = self._fresh_networks if method.for_networks else self._shuffled_estimators
            self._strangers[key] = made(key[1])
        return self._strangers[key]

    def _fresh_networks(self, count: int) -> tuple[Any, ...]:
        card, first = self._model[0], 1_000_003 * (self.run.spec.seed + 1)  # not a seed that the run trained from
        networks = [build_network(card, first + number, self._factory) for number in range(count)]
        if self._factory is not None:
            networks = [with_random_weights(network, first + number) for number, network in enumerate(networks)]
        return tuple(map(self._seen_whole, networks))

    def _shuffled_estimators(self, count: int) -> tuple[Any, ...]:
        rows = self._background_rows(SHUFFLED_ROWS)
        matrix = self._model[1].matrix(subset(self.examples, rows))
        return taught_shuffled_labels(self._estimator, matrix, self.examples.labels[rows], count)

    def _probabilities(self, examples: ExampleTable) -> np.ndarray:
        """float64 [n, C] of the run's network; of its estimator where there is no network."""
        brought = probabilities_of(self.run.spec.training, examples)
        if brought is not None:
            return brought
        card, encoder = self._model
        if not card.checkpoints:
            probabilities = np.zeros((len(examples), len(card.class_names)))
            probabilities[:, self._estimator.classes_.astype(int)] = self._estimator.predict_proba(
                encoder.matrix(examples)
            )
            return probabilities
        import torch

        with torch.no_grad():
            logits = self._network(encoder.encode(examples).batch(np.arange(len(examples))))
        return torch.softmax(logits.double(), dim=1).numpy()


def _reopen(spec: RunSpec) -> ExampleTable:
    from core.datasets import load_with_recorded
    from core.datasets.overlaid import with_overlay

    examples, _ = load_with_recorded(
        spec.source, spec.recorded, spec.modality, spec.roles, cache_root(), spec.class_map, spec.labels
    )
    return with_overlay(examples, spec.overlay)
