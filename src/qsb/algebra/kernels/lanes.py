"""Rows of 32 doubles in vector registers: what numba's own vectoriser does not find, written in LLVM's vector types.

Two loops carry every large ket: a row of a Pauli sum (the amplitudes at k ^ x are contiguous runs of four for a fixed
flip x of the higher bits, and a fixed shuffle of each four for the two lowest bits), and a row of a linear combination
of vectors. Both keep their sums in registers, so that each product costs one load.
"""

# mypy: disable-error-code="import-untyped, no-untyped-call, no-untyped-def, untyped-decorator, unused-ignore"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

#: doubles of one row, and of one vector register
ROW = 32
LANES = 4

_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_INT = ir.IntType(64)
#: as `pauli` compiles: sums may be reordered, NaN and infinity keep their meaning
_FAST = ("contract", "reassoc", "nsz")


def _const(value: int) -> Any:
    return ir.Constant(_INT, value)


def _load(builder: Any, data: Any, index: Any) -> Any:
    """Four doubles from any address."""
    return builder.load(builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer()), align=8)


def _store(builder: Any, value: Any, data: Any, index: Any) -> None:
    builder.store(value, builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer()), align=8)


def _shuffle(builder: Any, first: Any, second: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(ir.IntType(32), len(order)), order))


def _splat(builder: Any, value: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
    return _shuffle(builder, one, empty, [0] * LANES)


def _fma(builder: Any, total: Any, a: Any, b: Any) -> Any:
    return builder.fadd(total, builder.fmul(a, b, flags=_FAST), flags=_FAST)


def _loop(builder: Any, start: Any, stop: Any, totals: list[Any], body: Any) -> list[Any]:
    """For e in range(start, stop): totals = body(e, totals), with the totals in registers."""
    before = builder.block
    head, done = builder.append_basic_block("head"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", start, stop), head, done)
    builder.position_at_end(head)
    at = builder.phi(_INT)
    at.add_incoming(start, before)
    carried = [builder.phi(_VECTOR) for _ in totals]
    for phi, value in zip(carried, totals, strict=True):
        phi.add_incoming(value, before)
    made = body(at, carried)
    after = builder.add(at, _const(1))
    last = builder.block
    at.add_incoming(after, last)
    for phi, value in zip(carried, made, strict=True):
        phi.add_incoming(value, last)
    builder.cbranch(builder.icmp_signed("<", after, stop), head, done)
    builder.position_at_end(done)
    out = []
    for old, new in zip(totals, made, strict=True):
        phi = builder.phi(_VECTOR)
        phi.add_incoming(old, before)
        phi.add_incoming(new, last)
        out.append(phi)
    return out


def _data(context: Any, builder: Any, signature: Any, args: Any, count: int) -> list[Any]:
    pairs = zip(signature.args[:count], args[:count], strict=True)
    return [context.make_array(kind)(context, builder, value).data for kind, value in pairs]


def _row_of_sum(pair: int) -> Any:
    """One row of a Pauli sum, for real vectors (pair = 0) or complex ones (1).

    Args of the compiled call:
        out, src, prev, diagonal: float64 vectors; of the diagonal, one number an amplitude.
        flips: int64 (E,), multiples of 4: x_e.
        signs: int64 (E,), multiples of 4: s_e is the parity of sign & ((base + l) ^ x_e).
        weights: float64 (E, 4), raveled.
        bounds: int64 (9,): entries bounds[2g]..bounds[2g+1] have low flip g and no sign, the next ones a sign.
        at, base: first index in `out`, `prev` and (halved for pairs) `diagonal`, and in `src`.
        alpha, beta, gamma: of the diagonal, of 1 and of `prev`.
    """

    def sum_row(typing, out, src, prev, diagonal, flips, signs, weights, bounds, at, base, alpha, beta, gamma):
        i, f = types.int64, types.float64
        signature = types.void(out, src, prev, diagonal, flips, signs, weights, bounds, i, i, f, f, f)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            po, ps, pp, pd, pf, pz, pw, pb = _data(context, builder, signature, args, 8)
            at, base = args[8], args[9]
            alpha, beta, gamma = (_splat(builder, a) for a in args[10:])
            steps = range(0, ROW, LANES)
            places = [builder.add(base, _const(j)) for j in steps]
            targets = [builder.add(at, _const(j)) for j in steps]
            inner = builder.lshr(at, _const(pair))
            totals = []
            for j, place, target in zip(steps, places, targets, strict=True):
                d = _load(builder, pd, builder.add(inner, _const(j // 8 * 4 if pair else j)))
                if pair:
                    d = _shuffle(builder, d, d, [2, 2, 3, 3] if j // 4 % 2 else [0, 0, 1, 1])
                d = builder.fadd(builder.fmul(alpha, d, flags=_FAST), beta, flags=_FAST)
                total = builder.fmul(gamma, _load(builder, pp, target), flags=_FAST)
                totals.append(_fma(builder, total, d, _load(builder, ps, place)))

            def body(low: int, signed: bool) -> Any:
                def once(e: Any, sums: list[Any]) -> list[Any]:
                    flip = builder.load(builder.gep(pf, [e]))
                    weight = _load(builder, pw, builder.mul(e, _const(LANES)))
                    mask = builder.load(builder.gep(pz, [e])) if signed else None
                    made = []
                    for total, place in zip(sums, places, strict=True):
                        index = builder.xor(place, flip)
                        value = _load(builder, ps, index)
                        if low:
                            value = _shuffle(builder, value, value, [lane ^ low for lane in range(LANES)])
                        if signed:
                            value = _with_parity(builder, value, builder.and_(mask, index))
                        made.append(_fma(builder, total, weight, value))
                    return made

                return once

            edges = [builder.load(builder.gep(pb, [_const(k)])) for k in range(9)]
            for k in range(8):
                totals = _loop(builder, edges[k], edges[k + 1], totals, body(k // 2, bool(k % 2)))
            for total, target in zip(totals, targets, strict=True):
                _store(builder, total, po, target)
            return context.get_dummy_value()

        return signature, generate

    return intrinsic(sum_row)


sum_row_real = _row_of_sum(0)
sum_row_complex = _row_of_sum(1)


def _with_parity(builder: Any, value: Any, bits: Any) -> Any:
    """-value where `bits` has an odd number of ones: the parity moves onto the sign bits of the doubles."""
    kind = ir.VectorType(_INT, LANES)
    odd = builder.shl(builder.ctpop(bits), _const(63))
    empty = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(empty, odd, ir.Constant(ir.IntType(32), 0))
    lanes = _shuffle(builder, one, empty, [0] * LANES)
    return builder.bitcast(builder.xor(builder.bitcast(value, kind), lanes), _VECTOR)


def _combination(builder: Any, pr: Any, pc: Any, first: Any, stride: Any, coefs: list[Any]) -> Any:
    """Body: sums += c rows[first + 2 e stride + 4 j] for two sets of coefficients, four registers each."""

    def once(e: Any, sums: list[Any]) -> list[Any]:
        twice = builder.shl(e, _const(1))
        where = builder.add(first, builder.mul(twice, stride))
        values = [_load(builder, pr, builder.add(where, _const(LANES * j))) for j in range(4)]
        made = []
        for k, coef in enumerate(coefs):
            c = _splat(builder, builder.load(builder.gep(pc, [builder.add(coef, twice)])))
            made += [_fma(builder, total, c, v) for total, v in zip(sums[4 * k : 4 * k + 4], values, strict=True)]
        return made

    return once


def _combine(pair: int) -> Any:
    """Add scale (sum_even c phi - i sum_odd c phi) to 16 (real phi) or 8 (complex phi) amplitudes of two outputs.

    Two outputs share the loads of the vectors. Vectors alternate even, odd, ..., each `stride` doubles after the
    last; coefficients likewise. Where there is one output only, it is named twice, with a second scale of 0.
    """

    def combine(typing, out, rows, coefficients, at, other, first, stride, coef, second, evens, odds, scale, last):
        i, f = types.int64, types.float64
        signature = types.void(out, rows, coefficients, i, i, i, i, i, i, i, i, f, f)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            po, pr, pc = _data(context, builder, signature, args, 3)
            at, other, first, stride, coef, second, evens, odds, scale, last = args[3:]
            zero = [ir.Constant(_VECTOR, [0.0] * LANES)] * 8
            after = [builder.add(c, _const(1)) for c in (coef, second)]
            body = _combination(builder, pr, pc, builder.add(first, stride), stride, after)
            odd = _loop(builder, _const(0), odds, zero, body)
            if pair:  # -i (re + i im) = im - i re
                flip = ir.Constant(_VECTOR, [1.0, -1.0, 1.0, -1.0])
                zero = [builder.fmul(_shuffle(builder, v, v, [1, 0, 3, 2]), flip, flags=_FAST) for v in odd]
            even = _loop(builder, _const(0), evens, zero, _combination(builder, pr, pc, first, stride, [coef, second]))
            for k, (target, factor) in enumerate(((at, scale), (other, last))):
                plus = _splat(builder, factor)
                for j in range(4):
                    value = even[4 * k + j]
                    pieces = [value]
                    if not pair:
                        turned = builder.fneg(odd[4 * k + j])
                        pieces = [_shuffle(builder, value, turned, order) for order in ([0, 4, 1, 5], [2, 6, 3, 7])]
                    for half, piece in enumerate(pieces):
                        to = builder.add(target, _const(LANES * (j * len(pieces) + half)))
                        _store(builder, _fma(builder, _load(builder, po, to), plus, piece), po, to)
            return context.get_dummy_value()

        return signature, generate

    return intrinsic(combine)


combine_real = _combine(0)
combine_complex = _combine(1)


@intrinsic
def transpose_quad(typing, src, out, at, row, to, column, sign):
    """out[to + column j + i] = sign src[at + row i + j] for i, j < 4."""
    i = types.int64
    signature = types.void(src, out, i, i, i, i, types.float64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        ps, po = _data(context, builder, signature, args, 2)
        at, row, to, column, sign = args[2:]
        factor = _splat(builder, sign)
        a = [_load(builder, ps, builder.add(at, builder.mul(row, _const(k)))) for k in range(LANES)]
        low = [_shuffle(builder, a[k], a[k + 1], [0, 4, 2, 6]) for k in (0, 2)]
        high = [_shuffle(builder, a[k], a[k + 1], [1, 5, 3, 7]) for k in (0, 2)]
        columns = [
            _shuffle(builder, low[0], low[1], [0, 1, 4, 5]),
            _shuffle(builder, high[0], high[1], [0, 1, 4, 5]),
            _shuffle(builder, low[0], low[1], [2, 3, 6, 7]),
            _shuffle(builder, high[0], high[1], [2, 3, 6, 7]),
        ]
        for k, value in enumerate(columns):
            target = builder.add(to, builder.mul(column, _const(k)))
            _store(builder, builder.fmul(value, factor, flags=_FAST), po, target)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def transpose_pairs(typing, src, out, at, row, to, column, sign):
    """As `transpose_quad`, of 2 x 2 complex numbers stored re, im."""
    i = types.int64
    signature = types.void(src, out, i, i, i, i, types.float64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        ps, po = _data(context, builder, signature, args, 2)
        at, row, to, column, sign = args[2:]
        factor = _splat(builder, sign)
        a, b = _load(builder, ps, at), _load(builder, ps, builder.add(at, row))
        for target, order in ((to, [0, 1, 4, 5]), (builder.add(to, column), [2, 3, 6, 7])):
            value = builder.fmul(_shuffle(builder, a, b, order), factor, flags=_FAST)
            _store(builder, value, po, target)
        return context.get_dummy_value()

    return signature, generate
