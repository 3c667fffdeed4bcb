"""Numeric targets, several labels a row and ordered classes are told where data is looked at; classes are not."""

import numpy as np
import pytest

from core import load_examples
from core.cli import main
from core.datasets.target_kinds import target_findings
from core.types.examples import Roles


@pytest.mark.parametrize(
    ("names", "column", "code"),
    [
        ([str(n) for n in range(17, 91)], "age", "numeric_target"),
        ([str(n * n) for n in range(30)], "price", "numeric_target"),
        ([str(n) for n in range(100)], "label", None),  # a hundred classes by number
        ([str(n) for n in range(1, 31)], "label", None),
        (["cat", "dog", "cat|dog", "dog|bird", "bird"], "tags", "multi_label"),
        (["['a']", "['a', 'b']", "['b']"], "tags", "multi_label"),
        (["yes, always", "no, never", "perhaps"], "answer", None),
        (["a+", "a-", "b+"], "blood", None),
        (["High", "low", "medium"], "risk", "ordinal"),
        (["1", "2", "3", "4", "5"], "star_rating", "ordinal"),
        (["1", "2", "3", "4", "5"], "digit", None),
        (["good", "poor"], "label", None),
        ([], "label", None),
    ],
)
def test_kinds_of_targets(names, column, code):
    assert [found.code for found in target_findings(sorted(names), column)] == ([code] if code else [])


def test_an_order_is_told_from_the_least_to_the_most():
    assert "low < medium < High" in target_findings(["High", "low", "medium"], "risk")[0].text


def test_inspect_and_the_report_card_say_so(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for name, targets in (("age", rng.integers(17, 90, 200)), ("tags", rng.choice(["a", "b", "a;b", "b;c", "c"], 200))):
        rows = "".join(f"{rng.normal():.3f},{rng.normal():.3f},{target}\n" for target in targets)
        (tmp_path / f"{name}.csv").write_text(f"x,y,{name}\n{rows}")
    assert main(["inspect", str(tmp_path / "age.csv"), "--label", "age"]) == 0
    assert "a numeric target: regression is not served" in capsys.readouterr().out
    found = load_examples(tmp_path / "tags.csv", roles=Roles(label="tags")).report
    assert "multi_label" in [one.code for one in found]


def test_fractions_are_refused_as_the_numbers_that_they_are(tmp_path, capsys):
    rows = "".join(f"{n % 7},{n / 7:.3f}\n" for n in range(60))
    (tmp_path / "price.csv").write_text(f"x,price\n{rows}")
    assert main(["inspect", str(tmp_path / "price.csv"), "--label", "price"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2
    assert "60 different numbers" in said[0]
    assert "regression is not served" in said[0]
