r"""Quantum jumps on kets: a whole trajectory between two times in one compiled call that holds no lock.

The ket obeys :math:`\dot\psi = G(t)\psi` with :math:`G = -iH - \tfrac12\sum_k\gamma_k L_k^+L_k` until its squared norm
has fallen to a threshold; then one :math:`L_k` acts. G is a sum of pieces; each is a diagonal, plus a diagonal between
two Walsh-Hadamard transforms (all products of sigma^x for the price of one), plus sparse rows for what is left. The
coefficients of the pieces are polynomials of time, so that the Taylor series of the ket has a short recursion; the
series is dense output, so that norm events and save times lie anywhere inside a step.

Arguments that travel together are tuples:

* ``pieces``: diagonals (P, D); crossed (P, 2 D), the diagonal of H between the transforms, each value twice; woven
  (P,), whether there is such a part; starts (P, D + 1), columns, entries: sparse rows; clock (P,), the index of the
  coefficient, -1 for constant 1.
* ``clocks``: edges (Q + 1,) of panels in time; values (Q, C, M + 1), a polynomial of the time since the panel's start.
* ``jumps``: kind (J,), bit (J,), rate (J,), clock (J,), which (J,); and starts (K, D + 1), columns, entries of the
  general ones, `which` being their number.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

#: terms of a Taylor series, at most and as aimed at
MOST_TERMS = 34
_FEW, _MANY = 15, 24
#: looks at the norm before a jump's time must be found
_MOST_LOOKS = 60
#: loops that only loops call: wrappers for other callers would be a twentieth of what the first run compiles
INNER: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
#: kinds of jumps: sigma^-, sigma^+, sigma^z of one spin, or sparse rows
LOWER, RAISE, TURN, GENERAL = 0, 1, 2, 3


@numba.njit(**INNER)
def _copy(f, x, y):  # type: ignore[no-untyped-def]
    """y = f x."""
    for k in range(x.size):
        y[k] = f * x[k]


@numba.njit(**INNER)
def _walsh(v):  # type: ignore[no-untyped-def]
    """Walsh-Hadamard transform of a ket, unnormalised: it exchanges sigma^x and sigma^z.

    Loops over reals, and over blocks named before they are walked, are what the compiler turns into vector code.
    """
    size = v.size
    h = 2
    while 2 * h < size:  # two stages in one pass
        for i in range(0, size, 4 * h):
            p, q, r, s = v[i : i + h], v[i + h : i + 2 * h], v[i + 2 * h : i + 3 * h], v[i + 3 * h : i + 4 * h]
            for j in range(h):
                a, b, c, d = p[j] + q[j], p[j] - q[j], r[j] + s[j], r[j] - s[j]
                p[j], q[j], r[j], s[j] = a + c, b + d, a - c, b - d
        h *= 4
    if h < size:
        p, q = v[:h], v[h:]
        for j in range(h):
            a, b = p[j], q[j]
            p[j], q[j] = a + b, a - b


@numba.njit(**INNER)
def _rows(which, starts, columns, entries, x, y):  # type: ignore[no-untyped-def]
    """Add sparse rows times x to y."""
    for k in range(starts.shape[1] - 1):
        real, imag = 0.0, 0.0
        for e in range(starts[which, k], starts[which, k + 1]):
            at, f = 2 * columns[e], entries[e]
            real += f.real * x[at] - f.imag * x[at + 1]
            imag += f.real * x[at + 1] + f.imag * x[at]
        y[2 * k] += real
        y[2 * k + 1] += imag


@numba.njit(**INNER)
def _apply(p, pieces, x, y):  # type: ignore[no-untyped-def]
    """y = piece p of G times x."""
    diagonals, crossed, woven, starts, columns, entries, _ = pieces
    size = diagonals.shape[1]
    if woven[p]:
        _copy(1.0, x, y)
        _walsh(y)
        for k in range(2 * size):
            y[k] *= crossed[p, k]
        _walsh(y)
    else:
        for k in range(2 * size):
            y[k] = 0.0
    for k in range(size):
        f = diagonals[p, k]
        a, b, c, d = x[2 * k], x[2 * k + 1], y[2 * k], y[2 * k + 1]
        y[2 * k] = f.real * a - f.imag * b + d  # -i times what is between the transforms
        y[2 * k + 1] = f.real * b + f.imag * a - c
    if starts[p, size] > starts[p, 0]:
        _rows(p, starts, columns, entries, x, y)


@numba.njit(**INNER, fastmath={"reassoc", "contract"})
def _square(v):  # type: ignore[no-untyped-def]
    """Squared norm; the order of the sum is free, so that it is vectorised."""
    total = 0.0
    for k in range(v.size):
        total += v[k] * v[k]
    return total


@numba.njit(**INNER)
def _at(terms, count, theta, y):  # type: ignore[no-untyped-def]
    """y = sum_n theta^n v_n by Horner's rule, and its squared norm."""
    _copy(1.0, terms[count], y)
    for n in range(count - 1, -1, -1):
        x = terms[n]
        for k in range(y.size):
            y[k] = theta * y[k] + x[k]
    return _square(y)


@numba.njit(**INNER)
def _clocks(clocks, panel, t, h, local):  # type: ignore[no-untyped-def]
    """Coefficients of the polynomials of theta = (time - t)/h, from those of the time since the panel's start."""
    edges, values = clocks
    s = t - edges[panel]
    degree = values.shape[2] - 1
    for c in range(values.shape[1]):
        for m in range(degree + 1):
            local[c, m] = values[panel, c, m]
        for low in range(degree):  # Taylor shift by repeated synthetic division
            for m in range(degree - 1, low - 1, -1):
                local[c, m] += s * local[c, m + 1]
        scale = 1.0
        for m in range(degree + 1):
            local[c, m] *= scale
            scale *= h


@numba.njit(**INNER)
def _series(pieces, local, h, tolerance, terms, parts):  # type: ignore[no-untyped-def]
    """Taylor terms of the ket over a step of length h; their number, or -1 if the step is too long."""
    clock = pieces[6]
    moving = clock.size - 1
    degree = local.shape[1] - 1
    least = tolerance * tolerance * _square(terms[0])
    quiet = 0
    for n in range(MOST_TERMS - 1):
        new = terms[n + 1]
        for p in range(moving + 1):
            out = parts[p - 1, n] if p else new
            _apply(p, pieces, terms[n], out)
            for m in range(min(n, degree) + 1 if p else 0):
                f = local[clock[p], m]
                if f != 0.0:
                    part = parts[p - 1, n - m]
                    for k in range(new.size):
                        new[k] += f * part[k]
        _copy(h / (n + 1), new, new)
        quiet = quiet + 1 if _square(new) <= least else 0
        if quiet > (degree if moving else 0):
            return n + 1
    return -1


@numba.njit(**INNER)
def _event(terms, count, before, after, threshold, tolerance, work):  # type: ignore[no-untyped-def]
    """Where in the step, theta in (0, 1], the squared norm is the threshold: regula falsi (Illinois) on its logarithm.

    Leaves the ket in `work` and returns (theta, what is left of the deviation).
    """
    low, high = 0.0, 1.0
    goal = np.log(threshold)
    f_low, f_high = np.log(before) - goal, np.log(after) - goal
    theta, miss, side = 1.0, f_high, 0
    for _ in range(_MOST_LOOKS):
        theta = low + (high - low) * f_low / (f_low - f_high)
        miss = np.log(_at(terms, count, theta, work)) - goal
        if abs(miss) <= tolerance or high - low < 1e-15:
            break
        if miss > 0:
            low, f_low = theta, miss
            if side == 1:
                f_high *= 0.5
            side = 1
        else:
            high, f_high = theta, miss
            if side == -1:
                f_low *= 0.5
            side = -1
    return theta, abs(miss)


@numba.njit(**INNER)
def _weigh(jumps, local, theta, psi, weights, image):  # type: ignore[no-untyped-def]
    """weights_k = gamma_k(t) |L_k psi|^2; their sum, and the sum of gamma_k(t) |psi|^2 that it is compared with."""
    kind, bit, rate, clock, which, starts, columns, entries = jumps
    total, scale = 0.0, 0.0
    whole = _square(psi)
    for j in range(kind.size):
        if kind[j] == TURN:
            w = whole
        elif kind[j] == GENERAL:
            _copy(0.0, psi, image)
            _rows(which[j], starts, columns, entries, psi, image)
            w = _square(image)
        else:
            wanted = 0 if kind[j] == LOWER else bit[j]
            w = 0.0
            for k in range(psi.size):
                if ((k >> 1) & bit[j]) == wanted:
                    w += psi[k] * psi[k]
        gamma = rate[j]
        if clock[j] >= 0:
            f = 0.0
            for m in range(local.shape[1] - 1, -1, -1):
                f = f * theta + local[clock[j], m]
            gamma *= max(f, 0.0)
        weights[j] = gamma * w
        total += weights[j]
        scale += gamma * whole
    return total, scale


@numba.njit(**INNER)
def _jump(jumps, local, theta, chance, psi, weights, image):  # type: ignore[no-untyped-def]
    """Let one jump, chosen by its weight, act on psi and normalise; False if every weight is rounding."""
    kind, bit, _, _, which, starts, columns, entries = jumps
    total, scale = _weigh(jumps, local, theta, psi, weights, image)
    if not total > 1e-13 * scale:
        return False
    left, j = chance * total, 0
    while j < kind.size - 1 and left >= weights[j]:
        left -= weights[j]
        j += 1
    while weights[j] == 0.0:  # rounding may leave the walk on one that cannot happen
        j -= 1
    if kind[j] == GENERAL:
        _copy(0.0, psi, image)
        _rows(which[j], starts, columns, entries, psi, image)
    else:
        for k in range(psi.size):
            down = ((k >> 1) & bit[j]) != 0
            if kind[j] == TURN:
                image[k] = -psi[k] if down else psi[k]
            else:
                image[k] = psi[k ^ (2 * bit[j])] if down == (kind[j] == LOWER) else 0.0
    _copy(1.0 / np.sqrt(_square(image)), image, psi)
    return True


@numba.njit(nogil=True, error_model="numpy", cache=True)
def evolve(pieces, clocks, jumps, psi, span, times, chances, memory, tolerance, states):  # type: ignore[no-untyped-def]
    """Carry one trajectory from span[0] to span[1], and give its normalised states at `times`, all within the span.

    Args:
        pieces: of G, as above.
        clocks: of the coefficients, as above.
        jumps: as above.
        psi: the ket (D,), changed in place; its norm is part of the state.
        span: start, end and the longest step.
        times: save times (T,), ascending.
        chances: uniform random numbers, used one after another, two a jump.
        memory: (threshold of the squared norm, numbers used so far, step to try), changed in place.
        tolerance: of the ket over a step, and of the logarithm of the squared norm at a jump.
        states: (T, D), filled.

    Returns:
        (number of jumps, largest deviation of a norm event); -1 jumps if the random numbers ran out, -2 if no step is
        short enough.
    """
    # kets are seen as 2 D reals
    ket, saves = psi.view(np.float64), states.view(np.float64)
    size, moving = ket.size, pieces[6].size - 1
    terms = np.empty((MOST_TERMS, size))
    parts = np.empty((moving, MOST_TERMS if moving else 0, size))
    work = np.empty(size)
    weights = np.empty(jumps[0].size)
    local = np.zeros((clocks[1].shape[1], clocks[1].shape[2]))
    t, end, longest = span
    panel, saved, count, worst = 0, 0, 0, 0.0
    while saved < times.size and times[saved] <= t:
        _copy(1.0 / np.sqrt(_square(ket)), ket, saves[saved])
        saved += 1
    while t < end:
        while panel < clocks[0].size - 2 and clocks[0][panel + 1] <= t:
            panel += 1
        stop = min(end, clocks[0][panel + 1])
        h = min(memory[2], longest, stop - t)
        _copy(1.0, ket, terms[0])
        before = _square(ket)
        n = -1
        while n < 0:
            _clocks(clocks, panel, t, h, local)
            n = _series(pieces, local, h, tolerance, terms, parts)
            if n < 0:
                h *= 0.5
                memory[2] = h
                if h < 1e-13 * end:
                    return -2, worst
        whole = h >= stop - t
        if h == memory[2]:
            memory[2] *= 1.25 if n < _FEW else (0.8 if n > _MANY else 1.0)
        after = _at(terms, n, 1.0, ket)
        theta = 1.0
        happens = after <= memory[0] and jumps[0].size > 0
        if happens:
            if int(memory[1]) + 2 > chances.size:
                return -1, worst
            theta, miss = _event(terms, n, before, after, memory[0], tolerance, ket)
            worst = max(worst, miss)
        now = stop if theta == 1.0 and whole else t + theta * h
        while saved < times.size and times[saved] < now:
            there = _at(terms, n, (times[saved] - t) / h, saves[saved])
            _copy(1.0 / np.sqrt(there), saves[saved], saves[saved])
            saved += 1
        t = now
        if happens:
            at = int(memory[1])
            if _jump(jumps, local, theta, chances[at], ket, weights, work):
                memory[0] = chances[at + 1]
                count += 1
            else:  # nothing can jump: the norm has moved by rounding alone, and the threshold is drawn again below it
                memory[0] = chances[at + 1] * _square(ket)
            memory[1] += 2
        while saved < times.size and times[saved] <= t:
            _copy(1.0 / np.sqrt(_square(ket)), ket, saves[saved])
            saved += 1
    return count, worst


@numba.njit(nogil=True, error_model="numpy", cache=True)
def apply_many(p, pieces, kets, out):  # type: ignore[no-untyped-def]
    """out_t = piece p times ket t, (T, D)."""
    x, y = kets.view(np.float64), out.view(np.float64)
    for t in range(kets.shape[0]):
        _apply(p, pieces, x[t], y[t])


@numba.njit(nogil=True, error_model="numpy", cache=True)
def cells_of(kets, sites, out):  # type: ignore[no-untyped-def]
    """Add the states of the cells, (T, N, 2, 2), of kets (T, 2^N) to `out`."""
    size = kets.shape[1]
    for t in range(kets.shape[0]):
        psi = kets[t]
        for i in range(sites):
            bit = 1 << (sites - 1 - i)
            up, down, mixed = 0.0, 0.0, 0.0 + 0.0j
            for k in range(size):
                if k & bit == 0:
                    a, b = psi[k], psi[k | bit]
                    up += a.real * a.real + a.imag * a.imag
                    down += b.real * b.real + b.imag * b.imag
                    mixed += a * np.conj(b)
            out[t, i, 0, 0] += up
            out[t, i, 1, 1] += down
            out[t, i, 0, 1] += mixed
            out[t, i, 1, 0] += np.conj(mixed)
