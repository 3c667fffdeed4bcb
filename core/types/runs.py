"""A question is one value (`RunSpec`), its answer is one folder (a run)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from .examples import Roles
from .model_names import is_own_code, is_read
from .overlay import Overlay
from .recorded import RecordedFiles
from .validation import Within, at_least, validated

# What a run can be asked, on the command line and in spec.json alike. The upper ends stop a slip of the finger (an
# epoch too many costs days); each is far above what any run of ours needs.
EPOCHS = Within(0, 100_000)
SEEDS = Within(1, 1_000)
FOLDS = Within(2, 1_000)
BATCH_SIZE = Within(0, 2**20)
CHECKPOINTS = Within(1, 100_000)
LEARNING_RATE = Within(0, above=True)
WEIGHT_DECAY = at_least(0)
SEED = Within(0, 2**32 - 1)  # what every random generator takes
THREADS = Within(0, 1024)

BEST = "best"  # the judge of labels: of several models the one that the given labels speak for
JUDGES = ("", BEST)

DEVICES = ("auto", "cpu", "cuda", "mps")

IDLE = ("not asked for", "not possible here")  # of a score of a run: nobody waits for it


@dataclass(frozen=True)
class TrainingSpec:
    """How evidence is made. `None` means the model family's own default."""

    model: str = "auto"
    model_params: dict[str, Any] = field(default_factory=dict)
    epochs: Annotated[int, EPOCHS] | None = None
    seeds: Annotated[int, SEEDS] = 2
    folds: Annotated[int, FOLDS] = 5
    batch_size: Annotated[int, BATCH_SIZE] | None = None
    learning_rate: Annotated[float, LEARNING_RATE] | None = None
    weight_decay: Annotated[float, WEIGHT_DECAY] | None = None
    checkpoints: Annotated[int, CHECKPOINTS] = 6  # how many epochs of each seed the dear signals are taken at
    weights: tuple[str, ...] = ()  # own state_dicts (.pt, .safetensors), in order of training, instead of training here
    bf16: bool = False  # passes without gradients in bfloat16: quicker on convolutions, the order of scores kept
    image_size: tuple[int, ...] = ()  # (height, width) at which the network sees images; () = not said
    mean: tuple[float, ...] = ()  # (x / 255 - mean) / std, one number per channel or one for all; () = not said
    std: tuple[float, ...] = ()
    device: str = ""  # where networks work: cpu, cuda or mps; "" = CUDA where there is one, else the CPU
    judge: str = ""  # "best": out-of-fold probabilities come from the best of several models; "" = from the run's own
    encoder: str = (
        ""  # a frozen encoder, whose vectors the model reads in place of the inputs; "" = the inputs themselves
    )

    @property
    def own_code(self) -> bool:
        """The network is made by the person's own module:factory."""
        return is_own_code(self.model)

    @property
    def brought(self) -> bool:
        """The network is not one of ours: the person's own code makes it, or it is read from their files."""
        return self.own_code or is_read(self.model)

    @property
    def never_trained(self) -> bool:
        """The network is trained already and nothing here may train over it: it is read from files, or a factory
        returns it so (epochs 0).
        """
        return is_read(self.model) or (self.own_code and self.epochs == 0)

    @property
    def as_it_is(self) -> bool:
        """A network that is not trained for its scores: its weights are given, or it is never trained."""
        return self.never_trained or (self.own_code and bool(self.weights))

    @property
    def is_linear_head(self) -> bool:
        """One linear layer on a frozen encoder: the gradients of its inputs are alike for all rows of a class."""
        return bool(self.encoder) and self.model in ("auto", "linear_head")

    def question(self) -> dict[str, Any]:
        """What decides the evidence, as plain values; settings that are off do not count."""
        return said(asdict(self))


# Settings that came later: left unsaid they ask the same question as before there was a choice.
_LATER = frozenset({"bf16", "image_size", "mean", "std", "encoder", "judge", "device"})


_UNWRITTEN = frozenset(
    {"device", "encoder", "judge"}
)  # of these: exports made before there was a choice stay what they are


def said(training: dict[str, Any]) -> dict[str, Any]:
    """A training's plain values without settings of later versions that are at their defaults."""
    return {k: v for k, v in training.items() if k not in _LATER or v}


_COSTS = frozenset({"threads", "memory"})
_PLACES = frozenset({"source", "labels", "class_map"})


@dataclass(frozen=True)
class RunSpec:
    """Everything that decides a run's numbers. Same spec, same data: same answer."""

    source: str
    modality: str | None = None
    roles: Roles = field(default_factory=Roles)
    labels: str | None = None  # labels kept in a file of their own (traces)
    class_map: str | None = None  # file that names the classes of the given labels
    scores: tuple[str, ...] = ("all",)
    score_params: dict[str, dict[str, Any]] = field(default_factory=dict)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    seed: Annotated[int, SEED] = 0
    embedding: str = "auto"
    map: bool = True
    threads: Annotated[int, THREADS] | None = None
    memory: Annotated[int, at_least(1)] | None = None  # bytes that a pass over the data may take
    recorded: RecordedFiles = field(default_factory=RecordedFiles)  # made elsewhere, beside the inputs
    overlay: Overlay = field(default_factory=Overlay)  # a person's decisions in an earlier run, laid over the data

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `spec_from_json` gives the same spec back. What came later is left out where unsaid."""
        plain = asdict(self)
        if not self.recorded:
            del plain["recorded"]
        if not self.overlay:
            del plain["overlay"]
        plain["training"] = {k: v for k, v in plain["training"].items() if k not in _UNWRITTEN or v}
        return plain

    def fingerprint(self) -> str:
        """16 hex digits over everything but threads and memory."""
        return _hashed(self.to_json(), _COSTS)


def settings_fingerprint(spec: dict[str, Any]) -> str:
    """16 hex digits over the settings of a spec in JSON, whatever its version; data may move to another path."""
    recorded = spec.get("recorded")
    if isinstance(recorded, dict):  # that there was such a file is a setting, where it lies is not
        spec = {**spec, "recorded": {k: bool(v) if k != "own_scores" else list(v) for k, v in recorded.items()}}
    return _hashed(spec, _COSTS | _PLACES)


def _hashed(spec: dict[str, Any], but: frozenset[str]) -> str:
    plain = {k: v for k, v in spec.items() if k not in but}
    training = plain.get("training")
    if isinstance(training, dict):
        # "trusted": as every spec once said it, so that old runs keep their fingerprints; it consents to nothing
        plain["training"] = said(training) | {"trusted": ":" in str(training.get("model"))}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def spec_from_json(plain: dict[str, Any]) -> RunSpec:
    """The inverse of `RunSpec.to_json`; raises `ValidationError` naming what is missing, unknown or of another type."""
    training = plain.get("training") if isinstance(plain, dict) else None
    if isinstance(training, dict):  # older specs say "trusted" here: consent is never read from a file
        plain = {**plain, "training": {k: v for k, v in training.items() if k != "trusted"}}
    return validated(plain, RunSpec, "spec")


class RunState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    INCOMPLETE = "incomplete"  # some score failed; the rest is there
    CANCELLED = "cancelled"
    FAILED = "failed"
    STOPPED = "stopped"  # the process died: Resume goes on

    @property
    def is_busy(self) -> bool:
        """Someone works on it, or is about to."""
        return self in (RunState.WAITING, RunState.RUNNING)

    @property
    def can_resume(self) -> bool:
        """It ended before everything that was asked was done."""
        return self in (RunState.CANCELLED, RunState.FAILED, RunState.STOPPED, RunState.INCOMPLETE)


@dataclass(frozen=True)
class RunStatus:
    """What a watcher sees."""

    run_id: str
    state: RunState
    stage: str = ""
    done: int = 0
    total: int = 0
    heartbeat_age: float | None = None  # seconds
    message: str = ""
    seconds_left: float | None = None


@dataclass(frozen=True)
class RunSummary:
    """One line of the list of runs. `last_change` is text for people ("3 minutes ago")."""

    run_id: str
    name: str
    modality: str
    rows: int
    state: RunState
    last_change: str
    path: Path


@dataclass(frozen=True)
class ScorePlan:
    """Whether one score can be computed here, and if not, why, in one line."""

    name: str
    runs: bool
    why_not: str = ""
