"""The rows just selected, kept so that a reload, the back button or a shared address brings them back."""

from __future__ import annotations

import hashlib
import zlib

import numpy as np
import sqlalchemy as sa

from . import tables
from .database import Database

KEPT = 50  # selections of one run; the least recently used is evicted first
_p = tables.picked.c


class Picks:
    """Sets of rows by their digest; the same rows have the same digest everywhere."""

    def __init__(self, database: Database):
        self.database = database

    def keep(self, run_id: str, rows: np.ndarray, size: int) -> str:
        """Put rows (of `size`) on disk; returns the digest that finds them again."""
        mask = np.zeros(size, bool)
        mask[rows] = True
        packed = np.packbits(mask).tobytes()
        digest = hashlib.sha256(packed).hexdigest()[:16]
        with self.database.writing() as connection:
            _drop(connection, run_id, digest)
            used = connection.execute(sa.select(sa.func.max(_p.used)).where(_p.run_id == run_id)).scalar() or 0
            connection.execute(
                tables.picked.insert().values(
                    run_id=run_id, digest=digest, used=used + 1, size=size, bits=zlib.compress(packed)
                )
            )
            old = sa.select(_p.digest).where(_p.run_id == run_id).order_by(_p.used.desc()).offset(KEPT)
            for name in connection.execute(old).scalars().all():
                _drop(connection, run_id, name)
        return digest

    def rows(self, run_id: str, digest: str, size: int) -> np.ndarray | None:
        """int64, ascending; None when they are no longer kept or the run had another size then."""
        with self.database.reading() as connection:
            row = connection.execute(
                sa.select(_p.size, _p.bits).where(_p.run_id == run_id, _p.digest == digest)
            ).first()
        if row is None or row.size != size:
            return None
        bits = np.frombuffer(zlib.decompress(row.bits), np.uint8)
        return np.flatnonzero(np.unpackbits(bits, count=size)).astype(np.int64)


def _drop(connection: sa.Connection, run_id: str, digest: str) -> None:
    connection.execute(tables.picked.delete().where(_p.run_id == run_id, _p.digest == digest))
