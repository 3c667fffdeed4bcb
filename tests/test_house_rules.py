"""What `house_rules` can see holds in every folder, and it does see it."""

import ast
from pathlib import Path

import house_rules as house
import pytest

FOLDERS = sorted(
    str(path.relative_to(house.ROOT))
    for path in (*(house.ROOT / "core").iterdir(), house.ROOT / "dashboard")
    if path.is_dir() and any(path.rglob("*.py"))
)


@pytest.mark.parametrize("title", house.RULES)
def test_every_folder_keeps_the_rule(title):
    broken = house.offences(house.RULES[title], *FOLDERS)
    assert not broken, "\n".join(map(str, broken))


CASES = {
    house.too_complex: ("def f(x):\n" + "    if x and x: x += 1\n" * 6, "def f(x):\n" + "    if x: x += 1\n" * 11),
    house.too_many_parameters: (
        "def f(a, b, c, d, e, *, f, g, h, **i): ...",
        "def f(self, a, b, c, d, e, f, g, h): ...",
    ),
    house.silent_raises: (
        'def f(x):\n    """Half of it."""\n    raise ValueError(x)',
        'def f(x):\n    """Half of it; `ValueError` for odd ones."""\n    raise ValueError(x)',
    ),
    house.bare_constants: (
        "A = 1\n\nLIMIT = 2 * 8",
        "# Beyond these it swaps.\nA = 1\nB = 2\n\nLIMIT = 2 * 8  # as many",
    ),
    house.broken_docstrings: ('"""Half of\nit.\n\nMore."""', '"""Half of\nit, and more. Whole paragraph."""'),
    house.shapeless: (
        "def f(x: np.ndarray) -> None: ...",
        'def f(x: Mapping[str, Float[np.ndarray, " row"]]) -> Float[Tensor, "a b"] | None: ...',
    ),
}


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_a_rule_sees_what_breaks_it_and_nothing_else(rule):
    broken, kept = (house.Source("core/types/x.py", text, ast.parse(text)) for text in CASES[rule])
    assert list(rule(broken))
    assert not list(rule(kept))


def test_every_rule_has_a_case_and_every_shaped_folder_is_checked_while_testing():
    assert set(CASES) == set(house.RULES.values())
    options = (Path(house.ROOT) / "pyproject.toml").read_text(encoding="utf-8")
    packages = ",".join(folder.replace("/", ".") for folder in house.SHAPED)
    assert f"--jaxtyping-packages={packages},shape_checker.checked" in options
