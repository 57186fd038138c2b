"""Elementary functions in the precision of their argument: those of ``functions`` for float64.

For float32 the polynomials have fewer terms (``benchmarks/polynomials.py``), and twice as many
numbers fit into a vector.
"""

from math import sqrt
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import lower_builtin, overload, type_callable

from mottle.reservoir.compiled.functions import INNER, VECTOR
from mottle.reservoir.compiled.functions import exp2 as _exp2_double
from mottle.reservoir.compiled.functions import one_minus_cos as _one_minus_cos_double

OPTIONS: Any = {name: value for name, value in VECTOR.items() if name != "cache"}


def packed(numbers):
    """Return how many numbers of an array take 8 bytes: 1 of float64, 2 of float32."""
    return 8 // numbers.itemsize


@type_callable(packed)
def _type_packed(context: Any) -> Any:
    return lambda numbers: types.intp


@lower_builtin(packed, types.Array)
def _lower_packed(context, builder, signature, arguments):
    return context.get_constant(types.intp, 64 // signature.args[0].dtype.bitwidth)


@njit(cache=True, **INNER)
def make_lines(n, like):
    """Return ``n`` zeros of the type of ``like``, aligned to cache lines as in ``blocks``."""
    room = np.zeros(n + 63 // like.itemsize, like.dtype)
    skip = (-(room.ctypes.data // like.itemsize)) % (64 // like.itemsize)
    return room[skip : skip + n]


def exp2(z):
    """Return 2 ** z, |z| <= 1000 in float64, 126 in float32; relative error 2e-9 or 3e-7."""
    return _exp2_single(z) if isinstance(z, np.float32) else _exp2_double(z)


@overload(exp2, jit_options=OPTIONS)
def _overload_exp2(z):
    return _exp2_single if z == types.float32 else _exp2_double.py_func


def one_minus_cos(u):
    """Return 1 - cos(u) for |u| <= 1.8, absolute error below 2e-9 in float64, 4e-7 in float32."""
    return _one_minus_cos_single(u) if isinstance(u, np.float32) else _one_minus_cos_double(u)


@overload(one_minus_cos, jit_options=OPTIONS)
def _overload_one_minus_cos(u):
    return _one_minus_cos_single if u == types.float32 else _one_minus_cos_double.py_func


def _exp2_single(z):
    real = np.float32
    shifted = z + real(12582912.0)  # 1.5 * 2 ** 23: the last bits are now those of round(z)
    r = z - (shifted - real(12582912.0))
    p = real(0.0013276466800634132) * r + real(0.009675541293033142)
    p = p * r + real(0.055507132895586966)
    p = p * r + real(0.2402211972487128)
    p = p * r + real(0.6931469670549263)
    p = p * r + real(1.000000071654366)
    exponent = np.int32(real(shifted).view(np.int32) << np.int32(23))
    return np.int32(real(p).view(np.int32) + exponent).view(real)


def _one_minus_cos_single(u):
    real = np.float32
    s = u * u
    p = real(-2.271119707733801e-05) * s + real(0.0013832784610852895)
    p = p * s - real(0.041660694016515024)
    p = p * s + real(0.49999801913791025)
    return p * s


@njit(**VECTOR, **INNER)
def _log2_single(x):
    real = np.float32
    bits = real(x).view(np.int32)
    exponent = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))
    f = np.int32(bits - np.int32(exponent << np.int32(23))).view(real) - real(1.0)
    p = real(0.23570885867402414) - real(0.1497313096166125) * f
    p = p * f - real(0.24832310716922923)
    p = p * f + real(0.28686898372826797)
    p = p * f - real(0.36026344781098935)
    p = p * f + real(0.4809311584625748)
    p = p * f - real(0.7213524875666417)
    p = p * f + real(1.4426949223980725)
    return real(exponent) + p * f


@njit(**VECTOR, **INNER)
def halves(key):
    """Return the halves of a key as two numbers of float32, for ``normals_of``."""
    high = np.int32(~np.uint64(key) >> np.uint64(33))
    low = np.int32((np.uint64(key) ^ np.uint64(0x80000000)) & np.uint64(0xFFFFFFFF))
    return np.float32(high), np.float32(low)


@njit(**VECTOR, **INNER)
def normals_of(high, low):
    """Return two independent standard normal numbers of float32 from the halves of a key.

    They differ by 1e-5 from ``noise.normals``, and by more where both are below 0.01.
    """
    real = np.float32
    u = (high + real(0.5)) * real(2.0**-31)  # above 0, so that its logarithm is finite
    radius = real(sqrt(real(-1.3862943611198906) * _log2_single(u)))
    c = low * real(2.0**-32)  # turns
    q = c * c
    p = real(-21.07677930306833) * q + real(58.79403695492041)
    p = p * q - real(85.27239662566122)
    p = p * q + real(64.92872654488966)
    p = p * q - real(19.738982515354046)
    cosine = p * q + real(0.9999992215668714)
    p = real(-12.271261392280293) * q + real(41.205394214304356)
    p = p * q - real(76.58010036574133)
    p = p * q + real(81.59618385581965)
    p = p * q - real(41.341421397935136)
    sine = c * (p * q + real(6.283182818541812))
    return radius * cosine, radius * sine
