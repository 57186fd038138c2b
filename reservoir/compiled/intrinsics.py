"""LLVM instructions that the compiler does not derive from plain loops, written out.

Gathers, full-width vectors, sums kept in registers. They rest on internals of llvmlite, here and
nowhere else: ``vectors`` uses them where they compile.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from mottle.reservoir.compiled.lanes import DENSE_ROWS, LANE_BYTES, SLICE

INDEX, PLACE = ir.IntType(64), ir.IntType(32)


def _vector(builder, base, element, place, width):
    """Return ``width`` elements of an array from ``place``."""
    return builder.load(_pointer(builder, base, element, place, width), align=1)


def _pointer(builder, base, element, place, width):
    """Return a pointer to the vector of ``width`` elements at ``place``."""
    return builder.bitcast(builder.gep(base, [place]), ir.VectorType(element, width).as_pointer())


def _splat(builder, value, width):
    """Return a value in every lane."""
    undefined = ir.Constant(ir.VectorType(value.type, width), ir.Undefined)
    single = builder.insert_element(undefined, value, ir.Constant(PLACE, 0))
    return builder.shuffle_vector(
        single, undefined, ir.Constant(ir.VectorType(PLACE, width), [0] * width)
    )


def _gather(builder, base, element, places, width):
    """Return the elements at ``places``."""
    vector, mask = ir.VectorType(element, width), ir.VectorType(ir.IntType(1), width)
    pointers = ir.VectorType(element.as_pointer(), width)
    kind = ir.FunctionType(vector, [pointers, PLACE, mask, vector])
    name = f"v{width}{element.intrinsic_name}"
    opaque = str(element.as_pointer()) == "ptr"  # in older LLVM the name contains the element type
    name = f"llvm.masked.gather.{name}.v{width}p0{'' if opaque else element.intrinsic_name}"
    at = builder.gep(base, [places], source_etype=element)
    at.type = pointers
    every, nothing = ir.Constant(mask, [1] * width), ir.Constant(vector, ir.Undefined)
    gather = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(gather, [at, ir.Constant(PLACE, element_bytes(element)), every, nothing])


def element_bytes(element):
    """Return the size of a float in bytes."""
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
    start = builder.load(sums, align=1)
    builder.cbranch(builder.icmp_signed("<", begin, end), loop, after)
    builder.position_at_end(loop)
    k, total = builder.phi(INDEX), builder.phi(vector)
    following = builder.add(k, ir.Constant(INDEX, 1))
    added = builder.call(fused, [*term(k), total])
    for phi, first, then in ((k, begin, following), (total, start, added)):
        phi.add_incoming(first, before)
        phi.add_incoming(then, loop)
    builder.cbranch(builder.icmp_signed("<", following, end), loop, after)
    builder.position_at_end(after)
    result = builder.phi(vector)
    result.add_incoming(start, before)
    result.add_incoming(added, loop)
    builder.store(result, sums, align=1)


def _arrays(context, builder, sig, args, which):
    """Return the data pointers of the array arguments."""
    return [context.make_array(sig.args[i])(context, builder, args[i]).data for i in which]


def _gather_sums(typingctx, sums, first, weights, columns, begin, end, x):
    """Add row k of weights times x at row k of columns to SLICE ``sums`` from ``first``.

    Shapes: sums (node,), weights and columns (term, SLICE), x (source,); all contiguous and of the
    same float type.
    """
    if not sums.dtype == weights.dtype == x.dtype:
        return None  # numba then rejects the call

    def codegen(context, builder, sig, args):
        total, factor, place, source = _arrays(context, builder, sig, args, (0, 2, 3, 6))
        element = context.get_data_type(x.dtype)
        index = context.get_data_type(columns.dtype)
        at = _pointer(builder, total, element, args[1], SLICE)

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


def _lane_sums(typingctx, sums, row, weights, columns, begin, end, x):
    """Add weight k times row ``columns[k]`` of x to row ``row`` of ``sums``.

    Shapes: sums (node, lane), weights and columns (term,), x (source, lane); LANE_BYTES of lanes,
    all contiguous and of the same float type.
    """
    if not sums.dtype == weights.dtype == x.dtype:
        return None

    def codegen(context, builder, sig, args):
        total, factor, place, source = _arrays(context, builder, sig, args, (0, 2, 3, 6))
        element = context.get_data_type(x.dtype)
        width = LANE_BYTES // element_bytes(element)
        wide = ir.Constant(INDEX, width)
        at = _pointer(builder, total, element, builder.mul(args[1], wide), width)

        def term(k):
            weight = builder.load(builder.gep(factor, [k]))
            column = builder.load(builder.gep(place, [k]))
            start = builder.mul(builder.zext(column, INDEX), wide)
            values = _vector(builder, source, element, start, width)
            return _splat(builder, weight, width), values

        _sum_up(builder, at, element, width, args[4], args[5], term)
        return context.get_dummy_value()

    return types.void(sums, types.int64, weights, columns, types.int64, types.int64, x), codegen


def _dense_sums(typingctx, sums, row, weights, begin, n_terms, x):
    """Add weights times the rows of x to DENSE_ROWS rows of ``sums`` from ``row``.

    The rows' ``n_terms`` weights each are stored consecutively from ``begin``. Same bytes as
    ``lane_sums``, but a row of x is read once for all rows.
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
        at = [builder.add(first, ir.Constant(INDEX, k * width)) for k in range(DENSE_ROWS)]
        rows = [_pointer(builder, total, element, place, width) for place in at]
        starts = [builder.load(place, align=1) for place in rows]
        before, loop = builder.block, builder.append_basic_block("terms")
        after = builder.append_basic_block("sum")
        builder.branch(loop)
        builder.position_at_end(loop)
        k, totals = builder.phi(INDEX), [builder.phi(vector) for _ in rows]
        values = _vector(builder, source, element, builder.mul(k, wide), width)
        place, added = builder.add(args[3], k), []
        for phi in totals:
            weight = builder.load(builder.gep(factor, [place]))
            added.append(builder.call(fused, [_splat(builder, weight, width), values, phi]))
            place = builder.add(place, args[4])
        following = builder.add(k, ir.Constant(INDEX, 1))
        pairs = zip(
            [k, *totals], [ir.Constant(INDEX, 0), *starts], [following, *added], strict=True
        )
        for phi, start, then in pairs:
            phi.add_incoming(start, before)
            phi.add_incoming(then, loop)
        builder.cbranch(builder.icmp_signed("<", following, args[4]), loop, after)
        builder.position_at_end(after)
        for value, place in zip(added, rows, strict=True):
            builder.store(value, place, align=1)
        return context.get_dummy_value()

    return types.void(sums, types.int64, weights, types.int64, types.int64, x), codegen


gather_sums: Any = intrinsic(_gather_sums)
lane_sums: Any = intrinsic(_lane_sums)
dense_sums: Any = intrinsic(_dense_sums)


@njit(cache=True)
def trial(x, weights, columns, across):
    """Return whether the sums of a few known terms are right; for the trial of a version."""
    single, many = np.ones_like(weights[0]), np.ones_like(across)
    gather_sums(single, 0, weights, columns, 0, 2, x)  # 1 + 2 * 3 * 2
    lane_sums(many, 0, x, columns[0], 0, 2, across)  # 1 + 2 * 2 * 5
    dense_sums(many, 0, x, 0, 2, across)  # the same once more in every row
    right = single.min() == 13.0 and single.max() == 13.0
    return right and many[0, 0] == 41.0 and many[3, 1] == 21.0
