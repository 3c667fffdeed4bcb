"""An uploaded file becomes a file of the workspace, named by its content."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from core import actions


def keep(uploaded: Any) -> Path:
    """Write the upload once; the same content gives the same path, so a rerun or a second upload writes nothing."""
    content = uploaded.getbuffer()
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(uploaded.name).name).lstrip(".") or "upload"
    folder = actions.workspace() / "uploads" / hashlib.sha256(content).hexdigest()[:16]
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(content)
        part.replace(path)
    return path
