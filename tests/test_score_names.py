"""Names of scores stand in their own file and the registration: what is true of one is a field of its `ScoreMethod`."""

import ast
import re
from pathlib import Path

from core.scores import SCORES

ROOT = Path(__file__).parents[1]
OWN_FILE = {method.name: Path(method.compute.__module__.replace(".", "/") + ".py") for method in SCORES}

# The same word for something else, and what.
OTHER_THINGS = {
    ("core/types/methods.py", "influence"): "a family of scores",
    ("core/types/methods.py", "label_quality"): "a family of scores",
    ("core/actions/rules.py", "duplicate_similarity"): "a setting of the guardrails",
    ("core/attributions/__init__.py", "tracin"): "an explanation of one prediction",
    ("core/library/influence_pairs.py", "tracin"): "a method of influence between a person's rows",
    ("core/library/influence_pairs.py", "trak"): "a method of influence between a person's rows",
    ("core/library/last_layer_pairs.py", "tracin"): "a method of influence between a person's rows",
    ("core/numerics/network_trak.py", "trak"): "the seed of a projection",
    ("core/scores/aum.py", "memorization"): "a check of how much the networks learned by heart",
    ("core/scores/gradient_shapley.py", "memorization"): "a check of how much the networks learned by heart",
    ("core/export/weights/dga.py", "tracin"): "the score that this weight is made of",
    ("core/export/weights/equity.py", "cluster_rarity"): "the score that this weight is made of",
    ("core/export/weights/label_probability.py", "label_quality"): "the score that these weights are made of",
    ("core/export/weights/label_probability.py", "loss"): "the score that these weights are made of",
    ("core/export/check_figures.py", "margin"): "of a chart",
    ("dashboard/components/theme.py", "margin"): "of a chart",
}


def words_of(path: Path) -> list[tuple[str, int]]:
    """Every text of the code that is one word, and words_like_this in longer ones, with their line; not docstrings."""
    tree = ast.parse(path.read_bytes())
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    documentation = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    return [
        (word, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
        for word in ([node.value] if node.value.isidentifier() else re.findall(r"\b[a-z0-9]+_[a-z0-9_]+\b", node.value))
    ]


def test_names_of_scores_stand_in_their_own_file_alone():
    strangers, seen = [], set()
    for path in sorted(p for folder in ("core", "dashboard") for p in (ROOT / folder).rglob("*.py")):
        here = path.relative_to(ROOT)
        for word, line in words_of(path):
            if OWN_FILE.get(word, here) != here:
                seen.add((str(here), word))
                strangers += [] if (str(here), word) in OTHER_THINGS else [f"{here}:{line}: {word}"]
    assert not strangers, "say it with a field of ScoreMethod:\n" + "\n".join(strangers)
    assert seen == set(OTHER_THINGS), f"no longer there: {set(OTHER_THINGS) - seen}"


def test_no_module_outside_imports_a_score():
    own = {str(path.with_suffix("")).replace("/", ".") for path in OWN_FILE.values()}
    offenders = []
    for path in sorted(p for folder in ("core", "dashboard") for p in (ROOT / folder).rglob("*.py")):
        here = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module in own and here != "core/scores/__init__.py":
                offenders.append(f"{here}:{node.lineno}: {node.module}")
    assert not offenders
