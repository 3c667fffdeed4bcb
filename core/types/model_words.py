"""What a model is, wants and can give, in the words of the terminal and of the screen."""

from __future__ import annotations

from .errors import by_reason
from .models import Ability, ModelFacts

_MOST_CLASSES = 12  # shown with the class of the data; the others are counted

Part = tuple[str, tuple[str, ...]]  # a title, "" for none, and the lines under it


def parts_of(facts: ModelFacts) -> tuple[Part, ...]:
    """The facts in parts, in the order in which they are read; parts without a line are left out."""
    gives = [ability.words for ability in facts.gives]
    cannot = [f"not {Ability(name).words}: {why}" for name, why in facts.cannot.items()]
    parts = (("", _about(facts)), _classes(facts), ("can give:", [*gives, *cannot]), _scores(facts), ("", _cost(facts)))
    return tuple((title, tuple(lines)) for title, lines in parts if lines)


def _about(facts: ModelFacts) -> list[str]:
    size = f"{facts.layers:,} layers, {facts.parameters:,} parameters" if facts.parameters else "known once it is built"
    lines = [("model", facts.name), ("is", facts.what), ("size", size), ("wants", facts.input)]
    if facts.moments:
        lines.append(("checkpoints", str(facts.moments)))
    return [*(f"{title + ':':13}{value}" for title, value in lines), *facts.notes]


def _classes(facts: ModelFacts) -> tuple[str, list[str]]:
    """Each output beside the class of the data that it is taken for."""
    count = facts.class_count
    named = facts.classes or tuple(f"output {number}" for number in range(count))
    shown = min(count, _MOST_CLASSES)
    beside = [f"  is  {name}" for name in facts.data_classes[:shown]] + [""] * (shown - len(facts.data_classes))
    lines = [f"{number}  {named[number]}{beside[number]}" for number in range(shown)]
    if count > shown:
        lines.append(f"… and {count - shown} more")
    unnamed = "" if facts.classes else ", without names: counted as the data counts its classes"
    return f"{count} outputs{unnamed}:", lines


def _scores(facts: ModelFacts) -> tuple[str, list[str]]:
    title = f"with these data {len(facts.scores)} scores: {', '.join(facts.scores)}"
    if not facts.scores and not facts.without:
        return title, []
    without = [f"not {', '.join(names)}: {why}" for names, why in by_reason(facts.without)]
    return title, without or ["every score that there is"]


def _cost(facts: ModelFacts) -> list[str]:
    cost = facts.measured
    if cost is None:
        return []
    return [
        f"one pass over {cost.of_rows:,} rows at each checkpoint: about {cost.seconds:,.1f} s without gradients,",
        f"by one batch of {cost.rows}; {cost.megabytes:,.0f} MB of memory with libraries and weights",
    ]
