"""Targets that are no classes, or more than classes: numbers, ordered classes, several classes a row.

Scores ask about one class of each row. What is none is said where the data is looked at, and never guessed away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from core.types.examples import Finding

MOST_NUMBERS = 20  # different numbers, above which a target is rather a quantity than a class
_INTEGER = re.compile(r"-?\d+")
_JOINTS = ("|", ";", ",", "+")
_OF_ORDER = re.compile(r"(^|[_\W])(rating|stars?|grade|level|severity|quality|rank|likert)s?($|[_\W])", re.IGNORECASE)
_SCALES = (
    ("very low", "low", "medium", "high", "very high"),
    ("small", "medium", "large"),
    ("poor", "fair", "good", "very good", "excellent"),
    ("mild", "moderate", "severe"),
    ("never", "rarely", "sometimes", "often", "always"),
    ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
)
_FEWEST = 3  # classes that can stand in an order which is more than a pair


def target_findings(class_names: Sequence[str], column: str) -> list[Finding]:
    """What the class names of a label column say about its kind; [] for plain classes."""
    names = [name for name in class_names if name]
    numbers = [int(name) for name in names if _INTEGER.fullmatch(name)] if names else []
    if len(numbers) == len(names) > MOST_NUMBERS and not _are_counted(numbers):
        return [_warned("numeric_target", len(names), numeric_words(column, numbers))]
    joint = _joint_of(names)
    if joint:
        example = next(name for name in names if joint in name)
        return [_warned("multi_label", len(names), _multi_words(example))]
    order = _order_of(names, numbers, column)
    if order:
        return [Finding("ordinal", len(order), f"the classes look ordered ({' < '.join(order)}): {_NEAR}")]
    return []


_NEAR = "scores count a near miss like a far one"


def numeric_words(column: str, numbers: Sequence[float]) -> str:
    """That a column holds quantities, with what can be done."""
    low, high = min(numbers), max(numbers)
    return (
        f'"{column}" holds {len(numbers):,} different numbers ({low:g} to {high:g}), a numeric target: regression '
        "is not served, put them into bins"
    )


def _multi_words(example: str) -> str:
    return (
        f'labels such as "{example[:40]}" join several classes: multi-label is not served, each combination is a class '
        "of its own"
    )


def _are_counted(numbers: Sequence[int]) -> bool:
    """Whether they are the numbers of classes: 0 to C-1, or 1 to C, perhaps without some."""
    low, high = min(numbers), max(numbers)
    return low in (0, 1) and high - low + 1 == len(numbers)


def _joint_of(names: Sequence[str]) -> str:
    """What joins several classes in one label: the parts of most joined labels stand in other labels as well."""
    if sum(name.startswith("[") and name.endswith("]") for name in names) > len(names) / 2:
        return "["
    return next((joint for joint in _JOINTS if _joins(joint, names)), "")


def _joins(joint: str, names: Sequence[str]) -> bool:
    joined = [name for name in names if joint in name]
    seen = Counter(part for name in names for part in _parts(name, joint))
    parts = {part for name in joined for part in _parts(name, joint)}
    return len(joined) > 1 and sum(seen[part] > 1 for part in parts) > len(parts) / 2


def _parts(name: str, joint: str) -> set[str]:
    return {part.strip() for part in name.split(joint)}


def _order_of(names: Sequence[str], numbers: Sequence[int], column: str) -> list[str]:
    """The classes from the least to the most; [] where nothing speaks for an order."""
    if len(names) < _FEWEST:
        return []
    if len(numbers) == len(names):
        return [str(number) for number in sorted(numbers)] if _OF_ORDER.search(column) else []
    told = {name.strip().lower().replace("_", " "): name for name in names}
    scale = next((scale for scale in _SCALES if set(told) <= set(scale)), ())
    return [told[step] for step in scale if step in told]


def _warned(code: str, count: int, text: str) -> Finding:
    return Finding(code, count, text, level="warning")
