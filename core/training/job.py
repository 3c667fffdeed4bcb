"""What one gathering of evidence works with: model family, encoder, recorder, and what follows from the arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.models import ModelFamily, model_named
from core.models.adapter import adapt, no_text, own_module
from core.models.encoding import Encoder, FrozenChoice, fit_encoder
from core.models.family import TrainingDefaults
from core.models.found import FoundNetwork
from core.models.image_inputs import image_format_of, refuse_unknown
from core.models.stored import ModelCard
from core.models.uploaded import fit_state, read_state_dict
from core.numerics.devices import choose_device, derive_seed
from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat, image_format_in
from core.types.model_names import is_read
from core.types.params import params_from_dict
from core.types.progress import Progress
from core.types.runs import TrainingSpec
from core.types.signals import Signal
from core.types.trace import Checkpoint

from .plan import TrainingPlan, plan_from, with_moves
from .recorder import Recorder

_ALIKE = 1.0  # learning rate of checkpoints whose own is unknown: they weigh the same


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """family is None for the person's own factory."""

    examples: ExampleTable
    spec: TrainingSpec
    signals: frozenset[Signal]
    seed: int
    progress: Progress
    recorder: Recorder
    family: ModelFamily | None
    encoder: Encoder
    factory: Callable[..., Any] | None
    memory: int | None = None  # bytes that a pass may take
    image_format: ImageFormat = ImageFormat()  # what was told, or known from beside the weights

    @property
    def as_it_is(self) -> bool:
        """The person's own network, not trained for its scores; see `TrainingSpec`."""
        return self.factory is not None and (
            isinstance(self.factory, FoundNetwork) or bool(self.spec.weights) or self.spec.epochs == 0
        )

    @property
    def name(self) -> str:
        """The family's name, or "module:factory"."""
        return self.spec.model if self.family is None else self.family.name

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed per training."""
        return tuple(derive_seed("seed", self.seed, s) for s in range(self.spec.seeds))

    @property
    def probabilities_only(self) -> bool:
        """A scikit-learn model: nothing but out-of-fold probabilities."""
        return self.family is not None and self.family.probabilities_only

    @property
    def plan(self) -> TrainingPlan:
        """The person's settings over the family's defaults."""
        defaults = TrainingDefaults() if self.family is None else self.family.defaults
        plan = plan_from(replace(self.spec, epochs=None) if self.as_it_is else self.spec, defaults)
        return with_moves(plan, self.encoder.shape) if defaults.moves else plan

    def network(self, seed: int) -> Any:
        """A freshly initialised network on the chosen device."""
        classes = self.examples.class_count
        if self.factory is not None:
            network = adapt(self.factory, self.encoder.shape, classes, seed)
        else:
            assert self.family is not None
            network = self.family.build(self.encoder.shape, classes, self._params(), seed)
        return network.to(choose_device(self.spec.device))

    def fill(self, network: Any, path: Path) -> None:
        """Copy one file of weights into the network; of a found network, its outputs in the order of our classes.

        Raises `ModelError` naming what does not fit.
        """
        found = self.factory if isinstance(self.factory, FoundNetwork) else None
        fit_state(own_module(network), read_state_dict(path) if found is None else found.state(path), path.name)
        order = None if found is None else found.order(self.examples.class_names)
        if order is not None:
            network.reorder(order)

    def rate(self, path: Path | None) -> float:
        """The learning rate of a given checkpoint: told, known from beside it, or the same for all."""
        found = self.factory if isinstance(self.factory, FoundNetwork) else None
        known = found.rate(path) if found is not None and path is not None else None
        return self.spec.learning_rate or known or _ALIKE

    def estimator(self) -> tuple[str, Callable[[], Any]]:
        """Name and maker of the scikit-learn model behind out-of-fold probabilities; by default logistic regression."""
        chosen = self.family if self.probabilities_only else model_named("logistic_regression", self.examples.modality)
        assert chosen is not None
        params = self._params() if self.probabilities_only else chosen.params()
        return chosen.name, lambda: chosen.build(self.encoder.shape, self.examples.class_count, params, self.seed)

    def card(self, checkpoints: tuple[Checkpoint, ...], estimator: str, notes: tuple[str, ...]) -> ModelCard:
        """What model.json says."""
        return ModelCard(
            self.name,
            dict(self.spec.model_params),
            self.encoder.shape,
            self.examples.class_names,
            checkpoints,
            estimator,
            notes,
        )

    def claim(self) -> None:
        """Bind the run folder to this question; `RunError` when it holds the answer to another."""
        training = self.spec.question()
        signals = sorted(s.value for s in self.signals)
        self.recorder.claim(
            {"dataset": self.examples.fingerprint, "training": training, "seed": self.seed, "signals": signals}
        )

    def _params(self) -> Any:
        assert self.family is not None
        return params_from_dict(self.family.params, dict(self.spec.model_params))


def prepare(
    examples: ExampleTable,
    spec: TrainingSpec,
    signals: frozenset[Signal],
    folder: Path,
    seed: int,
    progress: Progress,
    factory: Callable[..., Any] | None,
    memory: int | None = None,
) -> TrainingJob:
    """Choose the model and fit the encoder on the training rows; writes nothing. Raises `ModelError` or `DataError`."""
    family = None
    if isinstance(factory, FoundNetwork):
        factory.check(examples)
    if factory is None:
        model_named(
            spec.model, _readable(examples), encoder=spec.encoder
        )  # a wrong name is said before the encoder reads everything
    image_format = wanted_image_format(examples, spec, factory is not None)
    encoder = _encoder(examples, image_format, FrozenChoice(spec.encoder, progress, memory), factory)
    if factory is None:
        family = model_named(spec.model, _readable(examples), encoder.shape, spec.encoder)
    job = TrainingJob(
        examples, spec, signals, seed, progress, Recorder(folder), family, encoder, factory, memory, image_format
    )
    if not job.probabilities_only:
        _check(job)
    return job


def _encoder(
    examples: ExampleTable, image_format: ImageFormat, frozen: FrozenChoice, factory: Callable[..., Any] | None
) -> Encoder:
    if isinstance(factory, FoundNetwork):
        own: Encoder = factory.encoder(examples, examples.train_rows, image_format)
        return own
    return fit_encoder(examples, examples.train_rows, image_format, frozen)


def wanted_image_format(examples: ExampleTable, spec: TrainingSpec, own: bool) -> ImageFormat:
    """How the network wants its images; `ModelError` asks where it was made elsewhere and nothing says so.

    own: it is made by the person's own factory, which reads no texts.
    """
    if own and examples.modality is Modality.TEXT and not is_read(spec.model):
        raise no_text()
    if spec.encoder:  # it sees them its own way; `prepare.check_training` refuses another
        return ImageFormat()
    image_format = image_format_of(spec)
    if examples.modality is not Modality.IMAGE:
        if image_format_in(spec) != ImageFormat():
            raise ModelError(
                f"An image size or normalization was given, and the data are of the kind {examples.modality.value}.",
                "Leave out --image-size, --mean and --std: they are for images.",
            )
        return ImageFormat()
    if own or spec.weights:
        refuse_unknown(image_format, spec.model)
    return image_format


def _readable(examples: ExampleTable) -> Modality:
    return Modality.TABLE if examples.modality is Modality.TRACE else examples.modality


def _check(job: TrainingJob) -> None:
    if job.examples.class_count < 1:
        raise ModelError("The dataset has no classes.", "Give a label column.")
    assert job.plan.epochs > 0
