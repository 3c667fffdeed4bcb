"""What is registered: scores, strategies and models, as they describe themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.composite import AGGREGATORS, TRANSFORMS
from core.embeddings import CLUSTERINGS, PROJECTIONS
from core.models import MODELS, choices_for
from core.models.family import ModelFamily
from core.models.frozen import FROZEN, FrozenEncoder, frozen_for
from core.runs.plan import catalogue
from core.scores import SCORES, score_named
from core.scores.method import ScoreMethod
from core.selection import STRATEGIES
from core.selection.strategy import SelectionStrategy
from core.types.examples import Modality
from core.types.methods import Method

if TYPE_CHECKING:
    from core.export.formats import ExportFormat


def scores() -> tuple[ScoreMethod, ...]:
    """Every registered score, in the order in which they are shown everywhere."""
    return SCORES


def score(name: str) -> ScoreMethod:
    """The registered score of that name. Raises `CurationError` naming those there are."""
    return score_named(name)


def strategies() -> tuple[SelectionStrategy, ...]:
    """Every registered strategy: how rules choose what stays."""
    return STRATEGIES


def models() -> tuple[ModelFamily, ...]:
    """Every registered model: networks and estimators that can be trained here."""
    return MODELS


def model_choices(modality: Modality, encoder: str = "") -> tuple[Method, ...]:
    """What may be trained on such examples, or on a frozen encoder's vectors of them, the automatic choice first."""
    return choices_for(modality, encoder)


def encoders(modality: Modality | None = None) -> tuple[FrozenEncoder, ...]:
    """The frozen encoders, installed (`is_here`) or not: all, or those that read such examples."""
    return FROZEN if modality is None else frozen_for(modality)


def aggregators() -> tuple[Method, ...]:
    """How a composite joins its groups of scores; the first is the default."""
    return AGGREGATORS


def transforms() -> tuple[Method, ...]:
    """What makes scores of different units comparable; the first is the default."""
    return TRANSFORMS


def weights() -> tuple[Method, ...]:
    """How much each kept row may count in training (`sample_weight` of an export); the first is the default."""
    from core.export.weights import WEIGHTS  # and with it pandas

    return WEIGHTS


def formats() -> tuple[ExportFormat, ...]:
    """What an export may be handed over in, beside the CSV files that come first and always."""
    from core.export.formats import FORMATS  # and with it pandas

    return FORMATS


def layouts() -> tuple[Method, ...]:
    """The maps that a run may have, the one that keeps more neighbors first; `name` is that of the run's array."""
    return PROJECTIONS


def clusterings() -> tuple[Method, ...]:
    """The ways that a run groups its rows; `name` is that of the run's array."""
    return CLUSTERINGS


def score_facts() -> list[dict[str, Any]]:
    """What each score says about itself, as JSON values: name, group, what each end means, needs, cost, paper."""
    return [catalogue.method_facts(method) for method in SCORES]


def scores_markdown() -> str:
    """The README's table of scores, one line each."""
    return catalogue.scores_markdown()
