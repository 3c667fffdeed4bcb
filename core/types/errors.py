"""Every error a person can meet: what happened and where, then what to do.

One wording for the screen and the terminal. The terminal prints two lines and exits with code 2.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class CurationError(Exception):
    """Something a person can act on. `str(error)` says what and where, `error.hint` what to do."""

    def __init__(self, what: str, hint: str = ""):
        super().__init__(what)
        self.hint = hint

    def lines(self) -> str:
        """The two lines that a terminal or an error box shows."""
        return f"{self}\n{self.hint}" if self.hint else str(self)


@contextmanager
def in_words(what: str, hint: str = "Leave it out, or change the network or the data.") -> Iterator[None]:
    """The border to code of the person's own: what it raises becomes a `CurationError` that begins with `what`."""
    try:
        yield
    except (CurationError, Cancelled):
        raise
    except Exception as error:  # their code may raise anything; the cause stays chained for the log
        first = (str(error).strip().splitlines() or [""])[0][:300]
        raise CurationError(f"{what} ({type(error).__name__}): {first or 'no reason given'}.", hint) from error


def by_reason(problems: Mapping[str, str]) -> list[tuple[list[str], str]]:
    """[(names, why)], in order of appearance: what failed for one reason stands together, and the reason once."""
    names_of: dict[str, list[str]] = {}
    for name, why in problems.items():
        names_of.setdefault(why, []).append(name)
    return [(names, why) for why, names in names_of.items()]


class DataError(CurationError):
    """The dataset cannot be read, or cannot be read safely."""


class ModelError(CurationError):
    """A network, checkpoint or estimator does not fit or must not be trusted."""


class RunError(CurationError):
    """A run cannot start, go on, or be read back."""


class BrokenOffError(RunError):
    """Work that could not go on (a full disk, a bug in every score): what is in the run folder is kept."""


class RulesError(CurationError):
    """Rules, thresholds or decisions that make no sense together."""


class VerifyError(CurationError):
    """An export differs from its manifest; the message names the cell."""


class Cancelled(Exception):  # noqa: N818 - it is no error
    """A person asked the work to stop. Not an error: what is finished stays."""
