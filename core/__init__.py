"""Chaffinch as a library: `from core import load_examples, score`. Names are loaded when first used."""

from __future__ import annotations

from importlib import import_module

# Not from typing: under `python -m core` nothing may be imported before core/__main__.py has taken the folder that
# someone stands in off the import path. Type checkers know the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from core.datasets import load_examples as load_examples
    from core.library import Scored as Scored
    from core.library import examples_from as examples_from
    from core.library import score as score
    from core.library import score_embeddings as score_embeddings
    from core.library import score_logits as score_logits
    from core.library import score_probabilities as score_probabilities
    from core.library import score_texts as score_texts
    from core.library.influence_pairs import InfluenceSettings as InfluenceSettings
    from core.library.influence_pairs import influence_on_mean as influence_on_mean
    from core.library.influence_pairs import influence_pairs as influence_pairs
    from core.library.influence_pairs import self_influence_of as self_influence_of
    from core.scores import SCORES as SCORES
    from core.scores.shared.subset_runs import banzhaf_of_runs as banzhaf_of_runs
    from core.scores.shared.subset_runs import influence_of_runs as influence_of_runs
    from core.scores.shared.subset_runs import memorization_of_runs as memorization_of_runs
    from core.scores.shared.subset_runs import play_subsets as play_subsets

# Importing one floor of `core` must not pull in all the others, so each name says where it lives.
_HOMES = {
    "load_examples": "core.datasets",
    "SCORES": "core.scores",
    **dict.fromkeys(
        ("Scored", "examples_from", "score", "score_embeddings", "score_logits", "score_probabilities", "score_texts"),
        "core.library",
    ),
    **dict.fromkeys(
        ("InfluenceSettings", "influence_on_mean", "influence_pairs", "self_influence_of"),
        "core.library.influence_pairs",
    ),
    **dict.fromkeys(
        ("banzhaf_of_runs", "influence_of_runs", "memorization_of_runs", "play_subsets"),
        "core.scores.shared.subset_runs",
    ),
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'core' has no attribute {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
