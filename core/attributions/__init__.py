"""Why one prediction: many numbers for one example. Importing this needs neither torch nor captum nor shap."""

from .client import AttributionClient
from .method import AttributionMethod, Explained
from .parts import ImageParts, TableParts, TextParts
from .registry import ATTRIBUTIONS, attribution_named, methods_for
from .stored import methods_of, stored_checkpoints
from .training_examples import influential_examples, tracin

__all__ = [
    "ATTRIBUTIONS",
    "AttributionClient",
    "AttributionMethod",
    "Explained",
    "ImageParts",
    "TableParts",
    "TextParts",
    "attribution_named",
    "influential_examples",
    "methods_for",
    "methods_of",
    "stored_checkpoints",
    "tracin",
]
