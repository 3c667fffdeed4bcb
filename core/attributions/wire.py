"""Attributions as JSON lines between the asking process and the worker."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from core.types.attributions import Attribution, Concept, Edit, Judgement, WhatIf
from core.types.errors import CurationError, RunError


def encode_attribution(attribution: Attribution) -> dict[str, Any]:
    """Plain JSON values; `decode_attribution` gives the same attribution back, bit for bit."""
    return {
        "method": attribution.method,
        "target": attribution.target,
        "values": attribution.values.ravel().tolist(),
        "shape": list(attribution.values.shape),
        "names": list(attribution.names),
        "base": attribution.base,
        "output": attribution.output,
        "gap": attribution.gap,
        "unit": attribution.unit,
        "notes": list(attribution.notes),
        "errors": None if attribution.errors is None else attribution.errors.ravel().tolist(),
        "concepts": [asdict(concept) for concept in attribution.concepts],
        "size": list(attribution.size),
    }


def decode_attribution(plain: dict[str, Any]) -> Attribution:
    """The inverse of `encode_attribution`."""
    values = np.array(plain["values"], dtype=np.float32).reshape(plain["shape"])
    errors = None if plain["errors"] is None else np.array(plain["errors"], dtype=np.float32).reshape(plain["shape"])
    concepts = tuple(Concept(**{**c, "crops": tuple(map(tuple, c["crops"]))}) for c in plain["concepts"])
    return Attribution(
        plain["method"],
        plain["target"],
        values,
        tuple(plain["names"]),
        plain["base"],
        plain["output"],
        plain["gap"],
        plain["unit"],
        tuple(plain["notes"]),
        errors,
        concepts,
        (plain["size"][0], plain["size"][1]),
    )


def encode_edit(edit: Edit) -> dict[str, Any]:
    """Plain JSON values of an edit."""
    return {"without": list(edit.without), "covered": list(edit.covered), "cells": dict(edit.cells)}


def decode_edit(plain: dict[str, Any]) -> Edit:
    """The inverse of `encode_edit`."""
    return Edit(
        tuple(int(i) for i in plain.get("without", ())),
        tuple(int(i) for i in plain.get("covered", ())),
        dict(plain.get("cells", {})),
    )


def decode_what_if(plain: dict[str, Any]) -> WhatIf:
    """The inverse of `dataclasses.asdict`."""
    return WhatIf(**{**plain, "before": Judgement(**plain["before"]), "after": Judgement(**plain["after"])})


def to_line(message: dict[str, Any]) -> str:
    """One line of JSON; refuses NaN."""
    return json.dumps(message, allow_nan=False) + "\n"


def from_line(line: str) -> dict[str, Any]:
    """The message on a line; `RunError` when it is none."""
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise RunError(f"Not a message: {line[:80]!r}.", "Send one JSON object per line.")
    return message


def failure(error: Exception) -> dict[str, str]:
    """An error as a person should read it; its class is named only where it is none of ours."""
    if isinstance(error, CurationError):
        return {"error": str(error), "hint": error.hint}
    said = (str(error).splitlines() or [""])[0]
    return {
        "error": f"The model could not be explained: {type(error).__name__}: {said}",
        "hint": "Try another method; if it happens again, please report it with this text.",
    }
