"""The exceptions of `qsb`: every error a user can cause or meet says what is wrong, which value, and what to do.

::

    QsbError
    ├── SpecError          the request is wrong (unknown key, NaN, negative rate)
    ├── StructureError     the physics is ill-defined (non-Hermitian, degenerate start)
    ├── PlanError          nothing exact fits; carries the bytes that would be needed
    ├── ConvergenceError   a result failed its own checks and is not returned
    ├── PhysicsBoundError  a claim is beyond a law of nature; carries the stamp that opting in would put on results
    └── PlatformError      hardware limits or a missing optional package
"""

from __future__ import annotations

import os
import traceback


class QsbError(Exception):
    """Base class of all errors raised on purpose by `qsb`."""


class SpecError(QsbError):
    """The request is wrong: an unknown key, a NaN, a negative rate, a shape that does not fit."""


class StructureError(QsbError):
    """The physics is ill-defined: a non-Hermitian Hamiltonian, a degenerate ground state as start."""


class PlanError(QsbError):
    """No representation can do the work within the limits.

    Attributes:
        bytes_needed: memory of the smallest representation that would be exact, if known.
    """

    def __init__(self, message: str, bytes_needed: int | None = None) -> None:
        """Store the message and the memory figure that the refusal names."""
        super().__init__(message)
        self.bytes_needed = bytes_needed


class ConvergenceError(QsbError):
    """A result failed its own check.

    Attributes:
        figure: what was checked, e.g. ``"trace"``.
        value: the value found.
        bound: the bound that it broke.
        remedy: the parameter to change.
    """

    def __init__(self, figure: str, value: float, bound: float, remedy: str) -> None:
        """Compose the sentence from the figure, the value, the bound and the remedy."""
        super().__init__(f"{figure} is {value:.3g}, beyond its bound {bound:.3g}; {remedy}")
        self.figure = figure
        self.value = value
        self.bound = bound
        self.remedy = remedy


class CutoffError(ConvergenceError):
    """The highest Fock states of a truncated mode are occupied.

    Attributes:
        group: name of the mode's group.
        cutoff: the cutoff that is too low.
    """

    def __init__(self, group: str, cutoff: int, value: float, bound: float, *, automatic: bool = False) -> None:
        """Name the cutoff and a larger one; one that is `automatic` has been raised as far as it may."""
        remedy = f"the cutoff of {cutoff} is too low: raise it, e.g. to {2 * cutoff}, or take cutoff = 'auto'."
        if automatic:
            remedy = (
                f"the automatic cutoff of {cutoff} is too low and is raised no further: shorten the protocol, lower "
                f"the coupling or the drive, or give a cutoff, e.g. {2 * cutoff}."
            )
        super().__init__(f"the population of the highest Fock states of {group!r}", value, bound, remedy)
        self.group = group
        self.cutoff = cutoff


class PhysicsBoundError(QsbError):
    """A claim is beyond a law of nature, and nobody opted in to compute with it.

    Attributes:
        stamp: what every result would carry if it were computed all the same, e.g. ``"VIOLATES c^2 x1112.65"``.
    """

    def __init__(self, message: str, stamp: str) -> None:
        """Store the message and the stamp."""
        super().__init__(message)
        self.stamp = stamp


class PlatformError(QsbError):
    """A hardware limit is broken, or an optional package is missing."""


def last_line(error: BaseException) -> str:
    """The last line of a traceback, and where it ends if the error was not raised on purpose."""
    line = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, QsbError) or not frames:
        return line
    return f"{line} ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})"
