"""Sums that must come out the same on every path: one fused multiply-add after the other.

A node's sum is taken term by term in one order, whether nodes or recordings lie side by side in the
vector registers, so both ways give the same bytes. What LLVM does not make of plain loops (gathers,
vectors as wide as the machine's, sums that stay in registers) is spelt out here and nowhere else.
"""

import numpy as np
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

SLICE = 16  # nodes beside each other
ABREAST = 4  # rows of a dense matrix
LANE_BYTES = 256  # of recordings beside each other: 32 of float64, 64 of float32

ir = cgutils.ir
POINTER, INDEX, PLACE = ir.PointerType(), ir.IntType(64), ir.IntType(32)


def _vector(builder, base, element, place, width):
    """Return ``width`` elements of an array from ``place`` on."""
    at = builder.gep(base, [place], source_etype=element)
    at.type = POINTER
    return builder.load(at, typ=ir.VectorType(element, width), align=1)


def _splat(builder, value, width):
    """Return a value in every lane."""
    undefined = ir.Constant(ir.VectorType(value.type, width), ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(PLACE, 0))
    return builder.shuffle_vector(
        one, undefined, ir.Constant(ir.VectorType(PLACE, width), [0] * width)
    )


def _gather(builder, base, element, places, width):
    """Return the elements at ``places``."""
    vector, pointers = ir.VectorType(element, width), ir.VectorType(POINTER, width)
    mask = ir.VectorType(ir.IntType(1), width)
    kind = ir.FunctionType(vector, [pointers, PLACE, mask, vector])
    name = f"llvm.masked.gather.v{width}{element.intrinsic_name}.v{width}p0"
    at = builder.gep(base, [places], source_etype=element)
    at.type = pointers
    every, nothing = ir.Constant(mask, [1] * width), ir.Constant(vector, ir.Undefined)
    gather = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(gather, [at, ir.Constant(PLACE, element_bytes(element)), every, nothing])


def element_bytes(element):
    """Size of a float in bytes."""
    return 8 if element.intrinsic_name == "f64" else 4


def _sum_up(builder, sums, element, width, begin, end, term):
    """Add ``term(k)``, a pair of factors, to ``sums`` for every k from ``begin`` to ``end``."""
    vector = ir.VectorType(element, width)
    name = f"llvm.fma.v{width}{element.intrinsic_name}"
    kind = ir.FunctionType(vector, [vector] * 3)
    fused = cgutils.get_or_insert_function(builder.module, kind, name)
    before, loop, after = (
        builder.block, builder.append_basic_block("terms"), builder.append_basic_block("sum"),
    )  # fmt: skip
    start = builder.load(sums, typ=vector, align=1)
    builder.cbranch(builder.icmp_signed("<", begin, end), loop, after)
    builder.position_at_end(loop)
    k, total = builder.phi(INDEX), builder.phi(vector)
    following = builder.add(k, ir.Constant(INDEX, 1))
    grown = builder.call(fused, [*term(k), total])
    for phi, first, then in ((k, begin, following), (total, start, grown)):
        phi.add_incoming(first, before)
        phi.add_incoming(then, loop)
    builder.cbranch(builder.icmp_signed("<", following, end), loop, after)
    builder.position_at_end(after)
    result = builder.phi(vector)
    result.add_incoming(start, before)
    result.add_incoming(grown, loop)
    builder.store(result, sums, align=1)


def _arrays(context, builder, sig, args, which):
    """Return the data pointers of the array arguments."""
    return [context.make_array(sig.args[i])(context, builder, args[i]).data for i in which]


@intrinsic
def fma(typingctx, a, b, c):
    """``a * b + c`` rounded once."""

    def codegen(context, builder, sig, args):
        return builder.fma(*args)

    return a(a, a, a), codegen


@intrinsic
def gather_sums(typingctx, sums, first, weights, columns, begin, end, x):
    """Add to SLICE ``sums`` from ``first`` on: row k of ``weights`` times x at row k of ``columns``.

    Shapes: sums (node,), weights and columns (term, SLICE), x (source,).
    """

    def codegen(context, builder, sig, args):
        total, factor, place, source = _arrays(context, builder, sig, args, (0, 2, 3, 6))
        element = context.get_data_type(x.dtype)
        index = context.get_data_type(columns.dtype)
        at = builder.gep(total, [args[1]], source_etype=element)
        at.type = POINTER

        def term(k):
            row = builder.mul(k, ir.Constant(INDEX, SLICE))
            places = builder.zext(
                _vector(builder, place, index, row, SLICE), ir.VectorType(INDEX, SLICE)
            )
            values = _gather(builder, source, element, places, SLICE)
            return _vector(builder, factor, element, row, SLICE), values

        _sum_up(builder, at, element, SLICE, args[4], args[5], term)
        return context.get_dummy_value()

    return types.void(sums, types.int64, weights, columns, types.int64, types.int64, x), codegen


@intrinsic
def lane_sums(typingctx, sums, row, weights, columns, begin, end, x):
    """Add to all lanes of row ``row`` of ``sums``: weight k times row ``columns[k]`` of x.

    Shapes: sums (node, lane), weights and columns (term,), x (source, lane); LANE_BYTES of lanes.
    """

    def codegen(context, builder, sig, args):
        total, factor, place, source = _arrays(context, builder, sig, args, (0, 2, 3, 6))
        element = context.get_data_type(x.dtype)
        index = context.get_data_type(columns.dtype)
        width = LANE_BYTES // element_bytes(element)
        wide = ir.Constant(INDEX, width)
        at = builder.gep(total, [builder.mul(args[1], wide)], source_etype=element)
        at.type = POINTER

        def term(k):
            weight = builder.load(builder.gep(factor, [k], source_etype=element), typ=element)
            column = builder.load(builder.gep(place, [k], source_etype=index), typ=index)
            start = builder.mul(builder.zext(column, INDEX), wide)
            values = _vector(builder, source, element, start, width)
            return _splat(builder, weight, width), values

        _sum_up(builder, at, element, width, args[4], args[5], term)
        return context.get_dummy_value()

    return types.void(sums, types.int64, weights, columns, types.int64, types.int64, x), codegen


@intrinsic
def dense_sums(typingctx, sums, row, weights, begin, n_terms, x):
    """Add to all lanes of ABREAST rows of ``sums`` from ``row`` on: weights times the rows of x.

    The rows' ``n_terms`` weights follow one another from ``begin`` on. The same bytes as from
    ``lane_sums``, but a row of x is read once for all of them.
    """

    def codegen(context, builder, sig, args):
        total, factor, source = _arrays(context, builder, sig, args, (0, 2, 5))
        element = context.get_data_type(x.dtype)
        width = LANE_BYTES // element_bytes(element)
        vector, wide = ir.VectorType(element, width), ir.Constant(INDEX, width)
        kind = ir.FunctionType(vector, [vector] * 3)
        name = f"llvm.fma.v{width}{element.intrinsic_name}"
        fused = cgutils.get_or_insert_function(builder.module, kind, name)
        first = builder.mul(args[1], wide)
        at = [builder.add(first, ir.Constant(INDEX, k * width)) for k in range(ABREAST)]
        rows = [builder.gep(total, [place], source_etype=element) for place in at]
        for place in rows:
            place.type = POINTER
        starts = [builder.load(place, typ=vector, align=1) for place in rows]
        before, loop = builder.block, builder.append_basic_block("terms")
        after = builder.append_basic_block("sum")
        builder.branch(loop)
        builder.position_at_end(loop)
        k, totals = builder.phi(INDEX), [builder.phi(vector) for _ in rows]
        values = _vector(builder, source, element, builder.mul(k, wide), width)
        place, grown = builder.add(args[3], k), []
        for phi in totals:
            weight = builder.load(builder.gep(factor, [place], source_etype=element), typ=element)
            grown.append(builder.call(fused, [_splat(builder, weight, width), values, phi]))
            place = builder.add(place, args[4])
        following = builder.add(k, ir.Constant(INDEX, 1))
        pairs = zip([k, *totals], [ir.Constant(INDEX, 0), *starts], [following, *grown], strict=True)
        for phi, start, then in pairs:
            phi.add_incoming(start, before)
            phi.add_incoming(then, loop)
        builder.cbranch(builder.icmp_signed("<", following, args[4]), loop, after)
        builder.position_at_end(after)
        for value, place in zip(grown, rows, strict=True):
            builder.store(value, place, align=1)
        return context.get_dummy_value()

    return types.void(sums, types.int64, weights, types.int64, types.int64, x), codegen


if config.DISABLE_JIT:  # the same in plain Python, where indices are checked

    def fma(a, b, c):
        """``a * b + c``, rounded twice."""
        return a * b + c

    def gather_sums(sums, first, weights, columns, begin, end, x):
        """See above."""
        for k in range(begin, end):
            sums[first : first + SLICE] += weights[k] * x[columns[k]]

    def lane_sums(sums, row, weights, columns, begin, end, x):
        """See above."""
        for k in range(begin, end):
            sums[row] += weights[k] * x[columns[k]]

    def dense_sums(sums, row, weights, begin, n_terms, x):
        """See above."""
        for k in range(ABREAST):
            own = weights[begin + k * n_terms : begin + (k + 1) * n_terms]
            for term in range(n_terms):
                sums[row + k] += own[term] * x[term]


def n_lanes(dtype):
    """Recordings beside each other."""
    return LANE_BYTES // np.dtype(dtype).itemsize
