"""What can be read off the terms of an `OpSum` without building a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.opsum import OpSum
from qsb.algebra.site_operators import SPIN_OPERATORS, adjoint_name
from qsb.algebra.space import Boson, Group, Role, Space, Spin
from qsb.algebra.terms import MOST_BONDS, Cross, Global, Local, Matrix, Pair, Quartic, Term, Word, per_site
from qsb.errors import PlanError, StructureError

#: relative tolerance for "the same" or "Hermitian"
TOLERANCE = 1e-12


def is_one_body(op: OpSum, space: Space) -> bool:
    """Whether every product touches at most one site."""
    return not op.opaque and op.order(space) <= 1


def is_uniform(values: object) -> bool:
    """Whether an array (or number) has all entries alike."""
    a = np.asarray(values)
    return a.ndim == 0 or a.size == 0 or bool(np.all(a == a.flat[0]))


def is_permutation_symmetric(op: OpSum, space: Space) -> bool:
    """Whether the operator is a polynomial of collective spins: invariant under every exchange of cells."""
    if not space.single_spin_group:
        return False
    rest = [t for t in op.active if not _symmetric_term(t, space)]
    return not rest or _mirrored(rest, space)


def _mirrored(terms: list[Any], space: Space) -> bool:
    """Whether these are sums a_i b_j over all pairs that come with their b_i a_j: together they know no order of cells.

    The anticommutator of a and b must be diagonal, as the collective forms of such sums take it.
    """
    weights: dict[tuple[str, str], complex] = {}
    for t in terms:
        if not isinstance(t, Pair) or not {t.first, t.second} <= set("xyz+-"):
            return False
        if t.geometry != "all":
            i, _, w = t.bonds(space)
            if len(i) != space.sites * (space.sites - 1) // 2 or not is_uniform(w):
                return False
        weights[t.first, t.second] = weights.get((t.first, t.second), 0.0) + t.alike(space)
    size = max(abs(w) for w in weights.values())
    return all(abs(w - weights.get((b, a), 0.0)) <= TOLERANCE * size for (a, b), w in weights.items())


def _symmetric_term(term: object, space: Space) -> bool:
    n = space.sites
    if n == 1:
        return not isinstance(term, Matrix)
    if isinstance(term, Local):
        return is_uniform(term.strength)
    if isinstance(term, Global):
        return True
    if isinstance(term, Pair):
        if term.geometry == "all":  # one strength: N(N - 1)/2 bonds need not be written down
            return term.first == term.second
        i, _, w = term.bonds(space)
        complete = len(i) == n * (n - 1) // 2 and is_uniform(w)
        return complete and (term.first == term.second)
    if isinstance(term, Word):
        return term.order(space) == 0
    return False


def cell_matrices(op: OpSum, space: Space) -> NDArray[np.complex128]:
    """Site Hamiltonians of a one-body operator on a single spin group.

    Returns:
        (N, 2, 2), or (1, 2, 2) if all cells are alike: a million uniform cells cost one matrix.

    Raises:
        StructureError: if a term touches two sites or is opaque.
    """
    if not is_one_body(op, space):
        raise StructureError("Cell matrices exist only for an operator that is a sum over cells.")
    n = space.sites
    uniform = n == 1 or all(isinstance(t, Local) and is_uniform(t.strength) for t in op.active)
    out = np.zeros((1 if uniform else n, 2, 2), dtype=complex)
    for t in op.active:
        if isinstance(t, Local):
            strengths = np.asarray(per_site(t.strength, n, t.op))[:1] if uniform else per_site(t.strength, n, t.op)
            out += strengths[:, None, None] * SPIN_OPERATORS[t.op]
        elif isinstance(t, Word | Global):
            for c, factors in t.words(space):
                for site, name in factors:
                    if name != "i":
                        out[site] += c * SPIN_OPERATORS[name]
                if all(name == "i" for _, name in factors):
                    out += c * np.eye(2) / n
    return out


def groups_of(op: OpSum, space: Space) -> set[str]:
    """Names of the groups that an operator acts on; all of them for an opaque matrix."""
    found: set[str] = set()
    for t in op.active:
        if isinstance(t, Local | Global | Pair | Quartic):
            found.add(t.group)
        elif isinstance(t, Cross):
            found |= {t.group_a, t.group_b}
        elif isinstance(t, Word):
            found |= {space.group_of(site).name for site, name in t.factors if name != "i"}
        else:
            found |= {g.name for g in space.groups}
    return found


def body_order(op: OpSum, space: Space) -> int:
    """Largest number of battery sites that one product touches."""
    if not space.charged or op.opaque:
        return op.order(space)
    found = 0
    for t in op.active:
        if isinstance(t, Local | Global | Pair | Quartic):
            found = max(found, t.order(space) if space.group(t.group).role == "battery" else 0)
        elif isinstance(t, Cross):
            pairs = ((t.group_a, t.first), (t.group_b, t.second))
            found = max(found, sum(o != "i" and space.group(g).role == "battery" for g, o in pairs))
        elif isinstance(t, Word):
            found = max(found, sum(o != "i" and space.group_of(s).role == "battery" for s, o in t.factors))
    return found


def on_part(op: OpSum, space: Space, role: Role) -> OpSum:
    """The same operator on the groups of one role alone, `Space.part`, for an operator that touches no other."""
    if not any(g.role != role for g in space.groups):
        return op
    if not any(isinstance(t, Word) for t in op.active):  # millions of sites need no list
        return OpSum(op.active)
    place = {site: k for k, site in enumerate(space.sites_of(role))}
    terms = [
        Word(t.strength, tuple((place[s], o) for s, o in t.factors if o != "i")) if isinstance(t, Word) else t
        for t in op.active
    ]
    return OpSum(tuple(terms))


def is_collective(op: OpSum, space: Space) -> bool:
    """Whether every term is collective on the battery's cells times any operator of the charger's sites.

    The battery must be one group of spins or one mode, and each charger group collective likewise (a mode is one site).
    """
    battery = space.part("battery")
    if not (battery.single_spin_group or battery.single_mode):
        return False
    rest = [t for t in op.active if not _collective_term(t, space)]
    if not rest:
        return True
    names = {t.group for t in rest if isinstance(t, Pair)}
    groups = [space.group(name) for name in names]
    if any(not isinstance(t, Pair) for t in rest) or any(not isinstance(g.kind, Spin) for g in groups):
        return False
    return all(
        _mirrored(
            [t for t in rest if isinstance(t, Pair) and t.group == g.name], Space((Group(g.name, g.kind, g.count),))
        )
        for g in groups
    )


def _collective_term(term: object, space: Space) -> bool:
    if isinstance(term, Local | Global | Pair):
        group = space.group(term.group)
        if isinstance(group.kind, Spin):
            # the role is of no interest to the exchange of sites within a group
            return _symmetric_term(term, Space((Group(group.name, group.kind, group.count),)))
        return group.count == 1 and isinstance(group.kind, Boson)
    if isinstance(term, Cross):
        return True
    if isinstance(term, Word):
        return all(space.group_of(site).count == 1 for site, name in term.factors if name != "i")
    return False


def is_hermitian(op: OpSum, space: Space) -> bool:
    """Whether the operator equals its adjoint: exactly by words, or numerically for an opaque matrix."""
    if op.opaque:
        total: Any = 0
        for t in op.active:
            if isinstance(t, Matrix):
                total = total + (t.data - t.data.conj().T)
        size = max(float(abs(t.data).max()) for t in op.active if isinstance(t, Matrix))
        rest = OpSum(tuple(t for t in op.active if not isinstance(t, Matrix)))
        return float(abs(total).max()) <= 1e-10 * max(size, 1e-300) and is_hermitian(rest, space)
    unknown = [t for t in op.active if not _manifestly_hermitian(t)]
    return _hermitian_by_terms(unknown) or _hermitian_by_words(op, space)


def _hermitian_by_terms(terms: list[Term]) -> bool:
    """Whether sums of one strength each cancel their adjoints, whatever the number of sites; False if unknown."""
    total: dict[tuple[object, ...], complex] = {}
    for t in terms:
        if isinstance(t, Word | Quartic | Matrix) or np.ndim(t.strength):
            return False
        for sign, one in ((1, t), (-1, t.adjoint())):
            key = (type(one), *(v for k, v in vars(one).items() if k != "strength"))
            total[key] = total.get(key, 0) + sign * complex(one.strength)
    scale = max((abs(complex(t.strength)) for t in terms if not isinstance(t, Matrix)), default=0.0)
    return all(abs(v) <= TOLERANCE * scale for v in total.values())


def _manifestly_hermitian(term: object) -> bool:
    if isinstance(term, Matrix):
        return False
    if isinstance(term, Local | Global):
        names = {term.op}
    elif isinstance(term, Pair | Cross):
        names = {term.first, term.second}
    elif isinstance(term, Word):
        names = {o for _, o in term.factors}
    elif isinstance(term, Quartic):
        return bool(np.all(np.abs(term.strength - term.strength.conj().T) <= TOLERANCE * np.abs(term.strength).max()))
    else:
        return False
    return all(adjoint_name(name) == name for name in names) and not np.any(np.imag(np.asarray(term.strength)))


def _hermitian_by_words(op: OpSum, space: Space) -> bool:
    total: dict[tuple[tuple[int, str], ...], complex] = {}
    scale = 0.0
    pairs = sum(space.group(t.group_a).count * space.group(t.group_b).count for t in op.active if isinstance(t, Cross))
    single = sum(space.group(t.group).count for t in op.active if isinstance(t, Local | Global))
    if pairs + single > MOST_BONDS:
        raise PlanError(
            f"The operator has {pairs + single} products of sites, which are compared one by one with their adjoints; "
            "take fewer cells, or give every term with its adjoint and one strength.",
            24 * (pairs + single),
        )
    for c, factors in op.words(space):
        key = tuple(sorted((s, o) for s, o in factors if o != "i"))
        back = tuple(sorted((s, adjoint_name(o)) for s, o in key))
        total[key] = total.get(key, 0) + c
        total[back] = total.get(back, 0) - np.conj(c)
        scale = max(scale, abs(c))
    return all(abs(v) <= TOLERANCE * scale for v in total.values())
