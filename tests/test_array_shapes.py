"""The shapes that annotations name are checked while testing: a wrong one fails, and none is there for show."""

import importlib
import inspect
import pkgutil
import re
import typing

import numpy as np
import pytest
from house_rules import KINDS, SHAPED
from jaxtyping import TypeCheckError
from shape_checker import names_a_shape

from core.types.ranks import average_rank

SHAPE = re.compile(rf"\b({'|'.join(KINDS)})\[")


def test_an_array_of_another_shape_or_kind_fails():
    assert average_rank(np.array([3.0, 1.0])).tolist() == [2.0, 1.0]
    with pytest.raises(TypeCheckError, match="values"):
        average_rank(np.ones((2, 2)))
    with pytest.raises(TypeCheckError, match="values"):
        average_rank(np.array([True, False]))


@pytest.mark.parametrize("package", [folder.replace("/", ".") for folder in SHAPED])
def test_every_shape_names_what_its_module_has_imported(package):
    """A name that is imported for a type checker alone would leave the annotation unread, and the shape unchecked."""
    unread = []
    for function in _functions(package):
        for name, hint in function.__annotations__.items():
            if SHAPE.search(str(hint)) and not _names_a_shape(hint, function):
                unread.append(f"{function.__module__}.{function.__qualname__}: {name}")
    assert not unread


def _functions(package: str) -> typing.Iterator[typing.Any]:
    modules = [m.name for m in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")]
    for module in (importlib.import_module(name) for name in (package, *modules)):
        for _, owner in (("", module), *inspect.getmembers(module, inspect.isclass)):
            for _, member in inspect.getmembers(owner, inspect.isfunction):
                if member.__module__ == module.__name__:
                    yield inspect.unwrap(member)


def _names_a_shape(hint: typing.Any, function: typing.Any) -> bool:
    if not isinstance(hint, str):
        return names_a_shape(hint)
    try:
        return names_a_shape(eval(hint, dict(function.__globals__)))  # noqa: S307 - an annotation of our own source
    except NameError:
        return False
