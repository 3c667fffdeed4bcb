"""Every fault of the reliability specification is held by a test that carries its number, in its name or its id."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
NEVER_GIVEN, OF_A_LATER_ENGINE = {56}, {88, 89}
FAULTS = {*range(1, 91)} - NEVER_GIVEN - OF_A_LATER_ENGINE
_NAME = re.compile(r"test_faults?_(\d+(?:_(?:and_)?\d+)*)_")
_ID = re.compile(r"fault-(\d+)")
_IN_A_ROW = re.compile(r"(\d+)(?:-|$)")  # the number of a row of a table of faults: "11" or "11-cmyk"


def carried_by(source: str) -> set[int]:
    """Numbers in names of tests, in ids of parameters, and in tables whose rows become ids ("fault-" and a number)."""
    tree = ast.parse(source)
    numbers = {number for node in ast.walk(tree) for number in _written(node)}
    return numbers | {number for table in _tables(tree) for number in _rows(table)}


def _written(node: ast.AST) -> list[int]:
    if isinstance(node, ast.FunctionDef) and (found := _NAME.match(node.name)):
        return [int(number) for number in re.findall(r"\d+", found[1])]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [int(number) for number in _ID.findall(node.value)]
    return []


def _tables(tree: ast.Module) -> Iterator[ast.expr]:
    """Values of the module's tables that a test is parametrized with under ids f"fault-{...}"."""
    named = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _numbers_its_ids(node)):
        named |= {name.id for argument in call.args for name in ast.walk(argument) if isinstance(name, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.Assign) and named & {t.id for t in node.targets if isinstance(t, ast.Name)}:
            yield node.value


def _numbers_its_ids(call: ast.Call) -> bool:
    ids = [keyword.value for keyword in call.keywords if keyword.arg == "ids"]
    texts = [node.values[0] for value in ids for node in ast.walk(value) if isinstance(node, ast.JoinedStr)]
    return any(isinstance(text, ast.Constant) and text.value == "fault-" for text in texts)


def _rows(table: ast.expr) -> Iterator[int]:
    """The keys of {73: ...}, the first words of [Case("19", ...), ...]."""
    if isinstance(table, ast.Dict):
        yield from (key.value for key in table.keys if isinstance(key, ast.Constant))
    for row in table.elts if isinstance(table, ast.List) else ():
        first = row.args[0] if isinstance(row, ast.Call) and row.args else None
        if isinstance(first, ast.Constant) and (found := _IN_A_ROW.match(str(first.value))):
            yield int(found[1])


def test_every_fault_has_a_test_that_carries_its_number():
    files = [path for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    carried = set().union(*(carried_by(path.read_text(encoding="utf-8")) for path in files))
    assert not sorted(FAULTS - carried), "no test carries the numbers of these faults"
    assert not sorted(carried - FAULTS), "numbers that no fault has"


def test_numbers_are_found_where_tests_carry_them():
    source = """
import pytest
ROWS = [Case("19", 1), Case("20-at-the-end", 2), Case("x-21", 3)]
WORDS = {73: "a"}
OTHER = [Case("1", 1)]
@pytest.mark.parametrize("row", [r for r in ROWS if r], ids=lambda row: f"fault-{row.number}")
def test_rows(row): ...
@pytest.mark.parametrize("n", WORDS, ids=[f"fault-{n}" for n in WORDS])
def test_words(n): ...
@pytest.mark.parametrize("o", OTHER, ids=lambda o: f"other-{o}")
def test_fault_79_kill(o): ...
def test_faults_7_and_64_alike(): ...
@pytest.mark.parametrize("a", [1], ids=["fault-90-all"])
def test_fault_in_words(a): ...
"""
    assert carried_by(source) == {19, 20, 73, 79, 7, 64, 90}
    assert carried_by("def test_default_41_is(): ...") == set()
