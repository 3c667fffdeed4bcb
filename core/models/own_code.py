"""A person's own code, "module:factory": found without running it, run only where they consented.

Consent is given on a command line and kept in the workspace (`core.store.consent`), together with the file's path and
sha256. The loaded code is the very bytes that were hashed: compiled files beside it and other folders have no say.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any

from core.store.consent import Consent, consent_for, consents_to, remember_consent, remember_factory
from core.types.errors import ModelError
from core.types.model_names import is_own_code

_HOW_TO_ALLOW = (
    "Allow it only if you know what it does: add --trust to resume, check, selftest, explain, verify or report."
)


def check_name(model: str) -> None:
    """Raise `ModelError` for what cannot be a factory of a network: no name, or a module of Python itself."""
    module, _, factory = model.partition(":")
    parts = module.split(".")
    if not all(part.isidentifier() for part in (*parts, factory)):
        raise ModelError(f"{model!r} does not name a factory.", "Write module:factory, such as mynet:make.")
    if parts[0] in sys.stdlib_module_names:
        raise ModelError(f"{model!r} is a part of Python, not a factory of a network.", "Name your own module:factory.")


def located(model: str, first: Path | None = None) -> Consent:
    """The file behind `model`, found without running anything: in `first`, then on the import path.

    Relative entries of the import path stand for the current folder and are left out. Raises `ModelError`.
    """
    check_name(model)
    module = model.partition(":")[0]
    folders = [*([str(first)] if first else []), *(p for p in sys.path if Path(p).is_absolute())]
    spec = _spec_of(module, folders)
    if spec is None or not spec.has_location or spec.origin is None or not Path(spec.origin).is_file():
        raise ModelError(
            f'"{model}" was not found: no module {module!r} on the import path. Nothing was run.',
            "Put its folder on the import path: PYTHONPATH=FOLDER python -m core ... --trust.",
        )
    file = Path(spec.origin).resolve()
    return Consent(model, str(file), _sha256(file.read_bytes()))


def allow(run_id: str, model: str) -> None:
    """A person said --trust about this run: remember the code as it is now. Nothing for models of ours.

    It is looked for where it was when the person last allowed it, else on the import path.
    """
    if is_own_code(model):
        known = consent_for(run_id, model)
        remember_consent(run_id, located(model, _root(known) if known else None))


def allowed_before(model: str) -> Consent | None:
    """Consent for a run that is about to be made: to a file that the person allowed under that name for another run of
    this workspace, and that is still the same. None for models of ours; `ModelError` when there is none, or several.
    """
    if not is_own_code(model):
        return None
    found = _unchanged(model)
    if len(found) != 1:
        raise ModelError(
            f'The model "{model}" is code from outside Chaffinch. Nothing was run.',
            f"Allow it only if you know what it does, on the command line: python -m core trust {model}.",
        )
    return found[0]


def allow_factory(model: str, first: Path | None = None) -> Consent:
    """A person named the code on a command line of its own: runs of this workspace may name it, as it is now.

    Found as `located` finds it. Raises `ModelError` where it is not found.
    """
    consent = located(model, first)
    remember_factory(consent)
    return consent


def known_or_located(model: str) -> Consent:
    """The file that was allowed under that name, where there is one; else what the import path holds."""
    found = _unchanged(model)
    return found[0] if len(found) == 1 else located(model)


def _unchanged(model: str) -> list[Consent]:
    return list(dict.fromkeys(consent for consent in consents_to(model) if _is_unchanged(consent)))


def _is_unchanged(consent: Consent) -> bool:
    file = Path(consent.file)
    return file.is_file() and _sha256(file.read_bytes()) == consent.sha256


def refuse_unless_allowed(run_id: str, model: str) -> None:
    """Raises `ModelError` for a person's code without consent for this run on this machine, or changed since."""
    if is_own_code(model):
        _allowed(run_id, model)


def own_factory(run_id: str, model: str) -> Callable[..., Any] | None:
    """The callable behind "module:factory", None for a model of ours. Importing it runs the person's code.

    Raises `ModelError` when nobody allowed it on this machine, when it has changed since, and when it cannot be
    imported.
    """
    if not is_own_code(model):
        return None
    consent, source = _allowed(run_id, model)
    name = model.partition(":")[2]
    try:
        factory = getattr(_imported(consent, source), name, None)
    except Exception as error:  # whatever the person's code does wrong, they get it in words
        raise ModelError(
            f"{consent.file} cannot be imported: {type(error).__name__}: {error}.", "Mend it, then allow it again."
        ) from error
    if not callable(factory):
        raise ModelError(f"{consent.file} has no function {name!r}.", "Write module:factory, such as mynet:make.")
    return factory


def _allowed(run_id: str, model: str) -> tuple[Consent, bytes]:
    consent = consent_for(run_id, model)
    if consent is None:
        raise ModelError(f'The model "{model}" is code from outside Chaffinch. Nothing was run.', _HOW_TO_ALLOW)
    try:
        source = Path(consent.file).read_bytes()
    except OSError as error:
        raise ModelError(
            f'The code of "{model}", {consent.file}, cannot be read: {error.strerror}. Nothing was run.',
            "Bring the file back, or put its folder on PYTHONPATH and allow it again with --trust.",
        ) from error
    if _sha256(source) != consent.sha256:
        raise ModelError(
            f'The code of "{model}", {consent.file}, has changed since you allowed it. Nothing was run.',
            _HOW_TO_ALLOW,
        )
    return consent, source


class _Hashed(SourceFileLoader):
    """Runs the bytes that were hashed, never a compiled file that says it belongs to them."""

    def __init__(self, name: str, path: str, source: bytes):
        super().__init__(name, path)
        self.source = source

    def get_code(self, fullname: str) -> Any:
        """Compiled from `source`."""
        return self.source_to_code(self.source, self.path)


def _imported(consent: Consent, source: bytes) -> ModuleType:
    name, file, root = consent.model.partition(":")[0], Path(consent.file), str(_root(consent))
    if root not in sys.path:
        sys.path.insert(0, root)  # its siblings, now and when the factory is called
    loaded = sys.modules.get(name)
    if loaded is not None and _is_of(loaded, file, source):
        return loaded
    parent = name.rpartition(".")[0]
    if parent:
        _import_package(parent, file)
    folders = [str(file.parent)] if file.name == "__init__.py" else None
    loader = _Hashed(name, str(file), source)
    spec = spec_from_file_location(name, file, loader=loader, submodule_search_locations=folders)
    assert spec is not None
    module = sys.modules[name] = module_from_spec(spec)
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_of(module: ModuleType, file: Path, source: bytes) -> bool:
    """Whether a loaded module is this file: an installed one that others have imported too, or these very bytes."""
    loader = getattr(module, "__loader__", None)
    if isinstance(loader, _Hashed):
        return loader.path == str(file) and loader.source == source
    return Path(getattr(module, "__file__", None) or "").resolve() == file


def _import_package(name: str, file: Path) -> None:
    """Import the package around a file, unless the import path holds another one of that name before it."""
    spec = _spec_of(name, [p for p in sys.path if Path(p).is_absolute()])
    inside = file.parent.parent if file.name == "__init__.py" else file.parent
    found = (spec.submodule_search_locations if spec is not None else None) or ()
    if inside not in [Path(folder).resolve() for folder in found]:
        raise ImportError(f"another package {name!r} comes before it on the import path")
    importlib.import_module(name)


def _root(consent: Consent) -> Path:
    """The folder that the module's first name stands in."""
    file, deep = Path(consent.file), consent.model.partition(":")[0].count(".")
    return file.parents[deep + (file.name == "__init__.py")]


def _spec_of(module: str, folders: Sequence[str]) -> ModuleSpec | None:
    """As an import from `folders` would find it; importlib's own would run the packages around it."""
    spec, search = None, list(folders)
    for name in accumulate(module.split("."), "{}.{}".format):
        spec = PathFinder.find_spec(name, search) or (_editable(name) if "." not in name else None)
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or ())
    return spec


def _editable(name: str) -> ModuleSpec | None:
    """Packages that pip installed as editable are found by finders of their own."""
    finders = (f for f in sys.meta_path if getattr(f, "__module__", "").startswith("__editable__"))
    return next((spec for f in finders if (spec := f.find_spec(name, None)) is not None), None)


def _sha256(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()
