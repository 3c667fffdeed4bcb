"""The rules of this house that an AST can see: who breaks which, by file and line.

    python tests/house_rules.py core/scores dashboard     # of folders or files; none named: core and dashboard

`tests/test_house_rules.py` asserts what this reports.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from radon.complexity import cc_visit_ast
from radon.visitors import Function

ROOT = Path(__file__).resolve().parents[1]
SHAPED = ("core/numerics", "core/scores", "core/composite", "core/selection", "core/types")  # as in pytest's options
MOST_COMPLEX = 12  # by radon, which counts boolean operators and comprehensions as well
MOST_PARAMETERS = 8  # besides self; more and a caller can no longer see what it says
# The library's calls: every option after the data is optional and given by name.
_MANY_BY_DESIGN = {("core/library/scoring.py", "score")} | {
    ("core/library/families.py", name) for name in ("score_logits", "score_embeddings", "score_texts")
}
_ARRAYS = {"ndarray", "Tensor", "NDArray", "ArrayLike", "memmap"}
KINDS = {"Bool", "Float", "Float16", "Float32", "Float64", "Int", "Int8", "Int16", "Int32", "Int64", "Integer", "Num",
          "Real", "Shaped", "UInt", "UInt8", "UInt16", "UInt32", "UInt64"}  # fmt: skip
_END = re.compile(r"""[.:!?][)"'`\]]*(\s|$)""")

Def = ast.FunctionDef | ast.AsyncFunctionDef
_DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Source:
    """One parsed file."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> list[str]:
        """Its lines; line 1 is the first entry."""
        return self.text.splitlines()


@dataclass(frozen=True)
class Offence:
    """What breaks a rule, and where."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file of these folders, or these files, below the checkout."""
    files = [p for name in folders for p in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))]
    texts = [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in sorted(files)]
    return tuple(Source(path, text, ast.parse(text)) for path, text in texts)


def too_complex(source: Source) -> Iterator[Offence]:
    """Functions above `MOST_COMPLEX` by radon's count."""
    for block in cc_visit_ast(source.tree):
        if not isinstance(block, Function):
            continue  # radon lists the methods of a class beside it
        for function in (block, *block.closures):
            if function.complexity > MOST_COMPLEX:
                yield Offence(source.path, function.lineno, f"{function.name} has complexity {function.complexity}")


def too_many_parameters(source: Source) -> Iterator[Offence]:
    """Functions that ask for more than `MOST_PARAMETERS`."""
    for function in _functions(source):
        a = function.args
        names = [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if p is not None]
        count = len([name for name in names if name not in ("self", "cls")])
        if count > MOST_PARAMETERS and (source.path, function.name) not in _MANY_BY_DESIGN:
            yield Offence(source.path, function.lineno, f"{function.name} has {count} parameters")


def silent_raises(source: Source) -> Iterator[Offence]:
    """Public functions that raise themselves and whose docstring does not say so."""
    for function in _functions(source):
        raised = [node for node in _own(function) if isinstance(node, ast.Raise) and node.exc is not None]
        if raised and not function.name.startswith("_"):
            says = ast.get_docstring(function) or ""
            if not re.search(r"\b[Rr]ais(es?|ed|ing)\b|\b\w+(Error|Exception|Cancelled|Missing|Interrupt)\b", says):
                what = ", ".join(sorted({ast.unparse(node.exc).split("(")[0] for node in raised if node.exc}))
                yield Offence(source.path, function.lineno, f"{function.name} raises {what} and does not say so")


def bare_constants(source: Source) -> Iterator[Offence]:
    """Numbers at module level without a reason: a comment on or above the line, or a docstring that names them."""
    explained = " ".join(ast.get_docstring(node) or "" for node in (source.tree, *_functions(source)))
    previous: ast.stmt | None = None
    reason = False  # of the statement before: one comment may stand above several constants in a row
    for node in source.tree.body:
        target = _numeric_constant(node)
        above = source.lines[node.lineno - 2].strip() if node.lineno > 1 else ""
        adjoins = previous is not None and previous.end_lineno == node.lineno - 1
        reason = "#" in "".join(source.lines[node.lineno - 1 : node.end_lineno]) or above.startswith("#") or (
            adjoins and reason and above_is_commented(source, previous)
        )  # fmt: skip
        if target and not reason and not re.search(rf"\b{target}\b", explained) and not _string_below(source, node):
            yield Offence(source.path, node.lineno, f"{target} does not say why")
        previous = node


def above_is_commented(source: Source, node: ast.stmt | None) -> bool:
    """Whether the block of statements that `node` ends begins below a comment line."""
    line = node.lineno - 2 if node is not None else -1
    while line >= 0 and source.lines[line].strip() and not source.lines[line].lstrip().startswith("#"):
        line -= 1
    return line >= 0 and source.lines[line].lstrip().startswith("#")


def broken_docstrings(source: Source) -> Iterator[Offence]:
    """Docstrings whose first sentence neither stands on one line nor belongs to a docstring of one paragraph."""
    for node in ast.walk(source.tree):
        if not isinstance(node, (*_DEFS, ast.ClassDef, ast.Module)):
            continue
        text = ast.get_docstring(node)
        if not text:
            continue
        first, _, rest = text.partition("\n\n")
        whole = _END.search(first.splitlines()[0]) if rest.strip() else _END.search(first)
        if not whole:
            line = node.body[0].lineno
            yield Offence(source.path, line, f"first sentence of a docstring is broken: {first.splitlines()[0]!r}")


def shapeless(source: Source) -> Iterator[Offence]:
    """Array arguments, results and fields that do not name their shape."""
    for where, line, annotation in _annotations(source):
        if _bare_arrays(annotation):
            yield Offence(source.path, line, f"{where} is {ast.unparse(annotation)}")


def array_annotations(source: Source) -> int:
    """How many annotations name an array at all."""
    return sum(_mentions_array(annotation) for _, _, annotation in _annotations(source))


RULES: dict[str, Callable[[Source], Iterator[Offence]]] = {
    f"complexity above {MOST_COMPLEX}": too_complex,
    f"more than {MOST_PARAMETERS} parameters": too_many_parameters,
    "raises without saying so": silent_raises,
    "numbers without a why": bare_constants,
    "broken first sentences": broken_docstrings,
    "arrays without a shape": shapeless,
}


def offences(rule: Callable[[Source], Iterator[Offence]], *folders: str) -> list[Offence]:
    """All that break a rule; shapes are asked of the folders of `SHAPED` alone."""
    asked = [s for s in sources(*folders) if rule is not shapeless or s.path.startswith(SHAPED)]
    return [offence for source in asked for offence in rule(source)]


def _functions(source: Source) -> list[Def]:
    return [node for node in ast.walk(source.tree) if isinstance(node, _DEFS)]


def _own(function: Def) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions and classes inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_DEFS, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))


def _numeric_constant(node: ast.stmt) -> str | None:
    """The name that a statement gives a number, or a tuple of numbers."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, value = node.target, node.value
    else:
        return None
    return target.id if isinstance(target, ast.Name) and _is_number(value) else None


def _is_number(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return isinstance(value.value, (int, float)) and not isinstance(value.value, bool)
    if isinstance(value, ast.UnaryOp):
        return _is_number(value.operand)
    if isinstance(value, ast.BinOp):
        return _is_number(value.left) and _is_number(value.right)
    if isinstance(value, ast.Tuple):
        return bool(value.elts) and all(map(_is_number, value.elts))
    return False


def _string_below(source: Source, node: ast.stmt) -> bool:
    """Whether a string stands below a constant, as documentation of it."""
    place = source.tree.body.index(node) + 1
    after = source.tree.body[place] if place < len(source.tree.body) else None
    return isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)


def _annotations(source: Source) -> Iterator[tuple[str, int, ast.expr]]:
    for node in ast.walk(source.tree):
        if isinstance(node, _DEFS):
            a = node.args
            for p in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg):
                if p is not None and p.annotation is not None:
                    yield f"{p.arg} of {node.name}", p.lineno, _plain(p.annotation)
            if node.returns is not None:
                yield f"the result of {node.name}", node.returns.lineno, _plain(node.returns)
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign):
                    yield f"{ast.unparse(field.target)} of {node.name}", field.lineno, _plain(field.annotation)


def _plain(annotation: ast.expr) -> ast.expr:
    """An annotation written as a string, as the expression that it holds."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return ast.parse(annotation.value, mode="eval").body
    return annotation


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _mentions_array(annotation: ast.AST) -> bool:
    return any(_name(node) in _ARRAYS for node in ast.walk(annotation))


def _bare_arrays(annotation: ast.AST) -> bool:
    """Whether an array stands here outside of `Float[array, "shape"]` and its like."""
    if isinstance(annotation, ast.Subscript) and _name(annotation.value) in KINDS:
        return False
    if _name(annotation) in _ARRAYS:
        return True
    return any(_bare_arrays(child) for child in ast.iter_child_nodes(annotation))


def main(folders: list[str]) -> None:
    """Print all that these folders still owe."""
    folders = [folder.rstrip("/") for folder in folders] or ["core", "dashboard"]
    for title, rule in RULES.items():
        broken = offences(rule, *folders)
        print(f"\n{title}: {len(broken)}")
        print("".join(f"  {offence}\n" for offence in broken), end="")
    arrays = sum(array_annotations(source) for source in sources(*folders) if source.path.startswith(SHAPED))
    bare = len(offences(shapeless, *folders))
    print(f"\nof {arrays} array annotations {arrays - bare} name their shape")


if __name__ == "__main__":
    main(sys.argv[1:])
