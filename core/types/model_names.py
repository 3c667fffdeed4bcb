"""What a model's name can be: one of ours, a person's module:factory, a library's network, or a place on disk."""

from __future__ import annotations

import os

LIBRARIES = ("timm", "torchvision")  # timm:resnet18


def is_library_network(model: str) -> bool:
    """Whether it names a network of a library, such as timm:resnet18."""
    prefix, colon, _ = model.partition(":")
    return bool(colon) and prefix in LIBRARIES


def is_place(model: str) -> bool:
    """Whether it is a path: it has a folder in it. A name alone is one of ours, or looked for beside the person."""
    return not is_library_network(model) and (os.sep in model or "/" in model or model.startswith("~"))


def is_own_code(model: str) -> bool:
    """Whether it is "module:factory", code of the person's own."""
    return ":" in model and not is_library_network(model) and not is_place(model)


def is_read(model: str) -> bool:
    """Whether it was trained elsewhere and is read from files, as data: no code of anyone's own makes it."""
    return is_library_network(model) or is_place(model)
