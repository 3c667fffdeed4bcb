"""Many scores, one number per example."""

from .aggregators import AGGREGATORS
from .agreement import agreement_with_others
from .combine import Composite, coefficients, combine
from .correlation import rank_correlation, top_overlap
from .normalise import TRANSFORMS, normalise
from .terms import Terms, build_terms

__all__ = [
    "AGGREGATORS",
    "TRANSFORMS",
    "Composite",
    "Terms",
    "agreement_with_others",
    "build_terms",
    "coefficients",
    "combine",
    "normalise",
    "rank_correlation",
    "top_overlap",
]
