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

from mottle.reservoir.compiled.lanes import (
    ACROSS,
    DENSE_ROWS,
    DENSE_VECTORS,
    GATHERS,
    LANE_BYTES,
    REGISTERS,
    SLICE,
    TILE_NODES,
    TILE_STEPS,
    n_together,
)

INDEX, PLACE = ir.IntType(64), ir.IntType(32)
CACHE_LINE = 64  # bytes


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


def _collect(builder, base, element, places, index, row, width):
    """Return the elements at ``width`` places from ``row``: several places a load, no gather."""
    values = ir.Constant(ir.VectorType(element, width), ir.Undefined)
    bits, together = ir.Constant(INDEX, index.width), INDEX.width // index.width
    last = ir.Constant(INDEX, (1 << index.width) - 1)
    for first in range(0, width, together):
        begin = builder.gep(places, [builder.add(row, ir.Constant(INDEX, first))])
        word = builder.load(builder.bitcast(begin, INDEX.as_pointer()), align=1)
        for lane in range(first, first + together):
            value = builder.load(builder.gep(base, [builder.and_(word, last)]))
            values = builder.insert_element(values, value, ir.Constant(PLACE, lane))
            word = builder.lshr(word, bits)
    return values


def _prefetch(builder, pointer):
    """Bring the cache line of a pointer to the second cache; it may lie beyond an array."""
    byte = pointer.type if str(pointer.type) == "ptr" else ir.IntType(8).as_pointer()
    name = f"llvm.prefetch.p0{'' if str(byte) == 'ptr' else 'i8'}"
    kind = ir.FunctionType(ir.VoidType(), [byte, PLACE, PLACE, PLACE])
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    numbers = [ir.Constant(PLACE, number) for number in (0, 2, 1)]  # to read, second cache, data
    builder.call(function, [builder.bitcast(pointer, byte), *numbers])


def element_bytes(element):
    """Return the size of a float in bytes."""
    return 8 if element.intrinsic_name == "f64" else 4


def _fused(builder, vector):
    """Return the function that multiplies and adds vectors in one instruction."""
    name = f"llvm.fma.v{vector.count}{vector.element.intrinsic_name}"
    kind = ir.FunctionType(vector, [vector] * 3)
    return cgutils.get_or_insert_function(builder.module, kind, name)


def _sum_up(builder, sums, element, width, begin, end, term):
    """Add ``term(k)``, a pair of factors, to ``sums`` for every k from ``begin`` to ``end``."""
    vector = ir.VectorType(element, width)
    fused = _fused(builder, vector)
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
            if GATHERS:
                places = _vector(builder, place, index, row, SLICE)
                wide = builder.zext(places, ir.VectorType(INDEX, SLICE))
                values = _gather(builder, source, element, wide, SLICE)
            else:
                values = _collect(builder, source, element, place, index, row, SLICE)
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


def _products(builder, n_terms, starts, factors, vectors):
    """Return ``starts[i][j]`` plus ``factors(k)[i] * vectors(k)[j]`` for k up to ``n_terms``.

    The sums stay in registers; there must be a term.
    """
    vector = starts[0][0].type
    fused = _fused(builder, vector)
    before, loop, after = (
        builder.block, builder.append_basic_block("terms"), builder.append_basic_block("sum"),
    )  # fmt: skip
    builder.branch(loop)
    builder.position_at_end(loop)
    k, totals = builder.phi(INDEX), [[builder.phi(vector) for _ in row] for row in starts]
    across, added = vectors(k), []
    for factor, row in zip(factors(k), totals, strict=True):
        pairs = zip(across, row, strict=True)
        added.append([builder.call(fused, [factor, *pair]) for pair in pairs])
    following = builder.add(k, ir.Constant(INDEX, 1))
    k.add_incoming(ir.Constant(INDEX, 0), before)
    k.add_incoming(following, loop)
    for rows in zip(totals, starts, added, strict=True):
        for phi, start, then in zip(*rows, strict=True):
            phi.add_incoming(start, before)
            phi.add_incoming(then, loop)
    builder.cbranch(builder.icmp_signed("<", following, n_terms), loop, after)
    builder.position_at_end(after)
    return added


def _dense_sums(typingctx, sums, row, weights, begin, n_terms, x, used):
    """Add weights times the terms of x to DENSE_ROWS rows of ``sums`` from ``row``.

    The rows' ``n_terms`` weights each are stored consecutively from ``begin``; x (vector * n_terms
    + term, lane of a vector). Same bytes as ``lane_sums``, but a term of x is read once for all
    rows. Of the lanes the first ``used`` are summed, others perhaps.
    """
    if not sums.dtype == weights.dtype == x.dtype:
        return None

    def codegen(context, builder, sig, args):
        total, factor, source = _arrays(context, builder, sig, args, (0, 2, 5))
        element = context.get_data_type(x.dtype)
        width = REGISTERS.size // element_bytes(element)
        wide = ir.Constant(INDEX, LANE_BYTES // element_bytes(element))
        lone, first = ir.Constant(INDEX, width), builder.mul(args[1], wide)
        rows = builder.mul(args[4], ir.Constant(INDEX, DENSE_ROWS))
        following = builder.add(args[3], rows)  # the rows that are summed next

        def add_products(vector, n_vectors):
            numbers = [builder.add(vector, ir.Constant(INDEX, k)) for k in range(n_vectors)]
            lanes = [builder.mul(number, lone) for number in numbers]
            begins = [builder.mul(number, args[4]) for number in numbers]
            places = [
                [_pointer(builder, total, element, builder.add(start, at), width) for at in lanes]
                for k in range(DENSE_ROWS)
                for start in [builder.add(first, ir.Constant(INDEX, k * wide.constant))]
            ]

            def factors(k):
                line = builder.mul(k, ir.Constant(INDEX, CACHE_LINE // element_bytes(element)))
                _prefetch(builder, builder.gep(factor, [builder.add(following, line)]))
                place = builder.add(args[3], k)
                for _ in range(DENSE_ROWS):
                    yield _splat(builder, builder.load(builder.gep(factor, [place])), width)
                    place = builder.add(place, args[4])

            def vectors(k):
                terms = [builder.add(start, k) for start in begins]
                return [
                    _vector(builder, source, element, builder.mul(term, lone), width)
                    for term in terms
                ]

            starts = [[builder.load(place, align=1) for place in row] for row in places]
            added = _products(builder, args[4], starts, factors, vectors)
            for rows in zip(added, places, strict=True):
                for value, place in zip(*rows, strict=True):
                    builder.store(value, place, align=1)

        done = ir.Constant(INDEX, 0)  # vectors
        lacking = builder.add(args[6], ir.Constant(INDEX, width - 1))
        n_vectors = builder.sdiv(lacking, lone)
        for together in dict.fromkeys((DENSE_VECTORS, 1)):
            rest = builder.sub(n_vectors, done)
            n_chunks = builder.sdiv(rest, ir.Constant(INDEX, together))
            with cgutils.for_range(builder, n_chunks) as chunk:
                at = builder.mul(chunk.index, ir.Constant(INDEX, together))
                add_products(builder.add(done, at), together)
            done = builder.add(done, builder.mul(n_chunks, ir.Constant(INDEX, together)))
        return context.get_dummy_value()

    place = types.int64
    return types.void(sums, place, weights, place, place, x, place), codegen


def _spread_sums(typingctx, sums, first, weights, begin, n_terms, x):
    """Add dense weights times ``x`` to the sums of ``n_together`` slices from ``first``.

    Each slice has ``n_terms`` rows of ``weights`` (term, SLICE), one after another from ``begin``:
    term k is a weight of x[k]. Same bytes as ``gather_sums``.
    """
    if not sums.dtype == weights.dtype == x.dtype:
        return None

    def codegen(context, builder, sig, args):
        total, factor, source = _arrays(context, builder, sig, args, (0, 2, 5))
        element, wide = context.get_data_type(x.dtype), ir.Constant(INDEX, SLICE)
        slices = [ir.Constant(INDEX, k) for k in range(n_together(element_bytes(element)))]
        places = [
            _pointer(builder, total, element, builder.add(args[1], builder.mul(k, wide)), SLICE)
            for k in slices
        ]
        rows = [builder.add(args[3], builder.mul(k, args[4])) for k in slices]

        def factors(k):
            return [_splat(builder, builder.load(builder.gep(source, [k])), SLICE)]

        def vectors(k):
            at = [builder.mul(builder.add(row, k), wide) for row in rows]
            return [_vector(builder, factor, element, place, SLICE) for place in at]

        starts = [[builder.load(place, align=1) for place in places]]
        for value, place in zip(
            *_products(builder, args[4], starts, factors, vectors), places, strict=True
        ):
            builder.store(value, place, align=1)
        return context.get_dummy_value()

    place = types.int64
    return types.void(sums, place, weights, place, place, x), codegen


def _tile(n_steps):
    """Return an intrinsic for tiles of TILE_NODES nodes and ``n_steps`` steps."""

    def write_sums(typingctx, out, step, node, x, begin, weights, row, gain, bias, low, high):
        """Write clipped ``bias + gain * weights * x`` to ``out`` from (step, node).

        Shapes: out (step, node), x (step, input), read from ``begin``, weights (input, TILE_NODES),
        read from ``row``; contiguous, of float64. Returns the number of clipped values.
        """
        if not out.dtype == x.dtype == weights.dtype == types.float64:
            return None

        def codegen(context, builder, sig, args):
            element = context.get_data_type(types.float64)
            width = REGISTERS.size // 8
            target, source, packed = (
                context.make_array(sig.args[i])(context, builder, args[i]) for i in (0, 3, 5)
            )
            n_nodes, n_inputs = (
                builder.extract_value(array.shape, 1) for array in (target, source)
            )
            numbers = [_splat(builder, value, width) for value in args[7:]]
            scale, shift, least, most = numbers
            steps = [ir.Constant(INDEX, k) for k in range(n_steps)]
            rows = [
                builder.gep(source.data, [builder.mul(builder.add(args[4], k), n_inputs)])
                for k in steps
            ]
            first = builder.mul(args[6], ir.Constant(INDEX, TILE_NODES))
            lines = builder.gep(packed.data, [first])

            def factors(k):
                for row in rows:
                    yield _splat(builder, builder.load(builder.gep(row, [k])), width)

            def vectors(k):
                start = builder.mul(k, ir.Constant(INDEX, TILE_NODES))
                for j in range(ACROSS):
                    at = builder.add(start, ir.Constant(INDEX, j * width))
                    yield _vector(builder, lines, element, at, width)

            zero = ir.Constant(ir.VectorType(element, width), [0.0] * width)
            starts = [[zero] * ACROSS for _ in rows]
            added = _products(builder, n_inputs, starts, factors, lambda k: [*vectors(k)])
            fused, n_clipped = _fused(builder, zero.type), ir.Constant(INDEX, 0)
            for k, sums in zip(steps, added, strict=True):
                start = builder.add(builder.mul(builder.add(args[1], k), n_nodes), args[2])
                for j, total in enumerate(sums):
                    value = builder.call(fused, [scale, total, shift])
                    held = builder.select(builder.fcmp_ordered("<", value, least), least, value)
                    held = builder.select(builder.fcmp_ordered(">", held, most), most, held)
                    other = builder.fcmp_unordered("!=", held, value)
                    count = builder.ctpop(builder.bitcast(other, ir.IntType(width)))
                    n_clipped = builder.add(n_clipped, builder.zext(count, INDEX))
                    at = builder.add(start, ir.Constant(INDEX, j * width))
                    builder.store(held, _pointer(builder, target.data, element, at, width), align=1)
            return n_clipped

        place, number = types.int64, types.float64
        arguments = (out, place, place, x, place, weights, place, number, number, number, number)
        return place(*arguments), codegen

    return write_sums


gather_sums: Any = intrinsic(_gather_sums)
lane_sums: Any = intrinsic(_lane_sums)
dense_sums: Any = intrinsic(_dense_sums)
spread_sums: Any = intrinsic(_spread_sums)
tile_sums: Any = intrinsic(_tile(TILE_STEPS))
step_sums: Any = intrinsic(_tile(1))


@njit(cache=True)
def trial(x, weights, columns, across, packed):
    """Return whether the sums of a few known terms are right; for the trial of a version."""
    single, many = np.ones_like(weights[0]), np.ones_like(across)
    gather_sums(single, 0, weights, columns, 0, 2, x)  # 1 + 2 * 3 * 2
    lane_sums(many, 0, x, columns[0], 0, 2, across)  # 1 + 2 * 2 * 5
    dense_sums(many, 0, x, 0, 2, packed, many.shape[1])  # the same once more in every row
    right = single.min() == 13.0 and single.max() == 13.0
    return right and many[0, 0] == 41.0 and many[3, 1] == 21.0


@njit(cache=True)
def trial_spread(sums, weights, x):
    """Return whether the dense sums of a few known terms are right."""
    spread_sums(sums, 0, weights, 0, 2, x)  # 1 + 2 * 3 * 2
    return sums.min() == 13.0 and sums.max() == 13.0


@njit(cache=True)
def trial_tiles(x, weights, out):
    """Return whether tiles of a few known terms are right."""
    n_clipped = tile_sums(out, 0, 0, x, 0, weights, 0, 2.0, 1.0, 0.0, 9.0)  # 1 + 2 * 2 * 5 = 21
    n_clipped += step_sums(out, TILE_STEPS, 0, x, 0, weights, 0, 2.0, 1.0, 0.0, 30.0)
    tile, step = out[:TILE_STEPS], out[TILE_STEPS]
    right = tile.min() == 9.0 and tile.max() == 9.0 and step.min() == 21.0 and step.max() == 21.0
    return right and n_clipped == tile.size
