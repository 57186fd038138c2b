"""Elementary functions without branches, so that loops over nodes become vector instructions.

The polynomials are minimax fits (``benchmarks/polynomials.py``).
"""

from typing import Any

import numpy as np
from numba import config, njit
from numba.core import types
from numba.extending import lower_builtin, type_callable

from mottle.reservoir.compiled.trial import compiles, is_newer

# allow fused multiply-adds, but no reordering of sums
VECTOR: dict[str, Any] = {"cache": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}

# of functions that only kernels call: no code for calls from Python, which would crash
INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def widen():
    """Let the loops of the calling function use the widest vectors of the processor.

    On most processors with AVX-512, LLVM prefers vectors of half that width; these loops of
    multiplications and additions run twice as fast with the full width. No effect elsewhere.
    """


@type_callable(widen)
def _type_widen(context: Any) -> Any:
    return lambda: types.none


@lower_builtin(widen)
def _lower_widen(context, builder, signature, arguments):
    attributes = getattr(builder.function, "attributes", None)
    if WIDE and isinstance(attributes, set):  # llvmlite has no attributes with values, prints any
        set.add(attributes, '"prefer-vector-width"="512"')
    return context.get_dummy_value()


@njit(cache=True)
def _try_widen():
    widen()
    return True


WIDE = True
if is_newer() and not vars(config)["DISABLE_JIT"]:
    WIDE = compiles(_try_widen)


@njit(**VECTOR)
def exp2(z):
    """Return 2 ** z for -1000 <= z <= 1000, relative error below 2e-9."""
    shifted = z + 6755399441055744.0  # 1.5 * 2 ** 52: the last bits are now those of round(z)
    r = z - (shifted - 6755399441055744.0)
    p = 0.00015345807361022583 * r + 0.0013399931182165288
    p = p * r + 0.00961848897438143
    p = p * r + 0.05550328777080701
    p = p * r + 0.2402264689047448
    p = p * r + 0.6931472057371943
    p = p * r + 1.0000000005541885
    exponent = np.float64(shifted).view(np.int64) << np.int64(52)
    return np.int64(np.float64(p).view(np.int64) + exponent).view(np.float64)


@njit(**VECTOR)
def clip(x, low, high):
    """Bound ``x`` from both sides.

    Examples
    --------
    >>> clip(1.7, 0.0, 1.0), clip(0.3, 0.0, 1.0)
    (1.0, 0.3)
    """
    x = low if x < low else x
    return high if x > high else x


@njit(**VECTOR)
def one_minus_cos(u):
    """Return 1 - cos(u) for |u| <= 1.8, error below 2e-9 of the value near 0 and elsewhere."""
    s = u * u
    p = 2.5629051467170617e-07 * s - 2.473386389301776e-05
    p = p * s + 0.0013887803256895895
    p = p * s - 0.041666590559041455
    p = p * s + 0.4999999826581157
    return p * s


@njit(cache=True, error_model="numpy")
def flush(x):
    """Return 0 for magnitudes below 1e-30: denormal numbers would slow down the loops."""
    return x if abs(x) > 1e-30 else x * 0


@njit(**VECTOR)
def log2(x):
    """Return the binary logarithm of a positive normal number, relative error below 1e-8."""
    bits = np.int64(np.float64(x).view(np.int64))
    exponent = (bits - np.int64(0x3FE6A09E667F3BCD)) >> np.int64(52)  # relative to sqrt(1/2)
    f = np.int64(bits - (exponent << np.int64(52))).view(np.float64) - 1.0
    p = 0.1878259044440501 - 0.11297335601063489 * f
    p = p * f - 0.19061289128076192
    p = p * f + 0.2042961641688832
    p = p * f - 0.23963656999558677
    p = p * f + 0.28858526225101966
    p = p * f - 0.36069642471628416
    p = p * f + 0.4808979008045957
    p = p * f - 0.7213473519964513
    p = p * f + 1.4426950418497166
    return np.float64(exponent) + p * f


@njit(**VECTOR)
def cos_sin_turn(c):
    """Return cosine and sine of ``c`` turns for -0.5 <= c <= 0.5, absolute error below 2e-8."""
    q = c * c
    p = 6.529609861043239 * q - 25.968312887377216
    p = p * q + 60.16783161513605
    p = p * q - 85.45016553532305
    p = p * q + 64.9391189830212
    p = p * q - 19.73920453207598
    cosine = p * q + 0.9999999891722143
    p = 3.199693462734438 * q - 14.868610836586734
    p = p * q + 42.01616577246542
    p = p * q - 76.70155116889713
    p = p * q + 81.60502462204275
    p = p * q - 41.3416970689395
    return cosine, c * (p * q + 6.283185272722295)


@njit(cache=True, error_model="numpy")
def tanh(x, real):
    """Hyperbolic tangent in the precision of ``real``; relative error below 2e-15 (float64), 5e-7.

    A continued fraction for x / 16, then tanh(2y) = 2 t / (1 + t t) four times on numerator and
    denominator, which lets errors shrink; one division at the end.
    """
    x = clip(x, real(-20.0), real(20.0))
    y = x * real(0.0625)
    s = y * y
    p = real(4729725.0) + s * (real(135135.0) + s * (real(990.0) + s))
    p = y * (real(34459425.0) + s * p)
    q = real(945945.0) + s * (real(13860.0) + s * real(45.0))
    q = real(34459425.0) + s * (real(16216200.0) + s * q)
    scale = real(1.0 / 34459425.0)
    p *= scale
    q *= scale
    p, q = (p + p) * q, p * p + q * q
    p, q = (p + p) * q, p * p + q * q
    p, q = (p + p) * q, p * p + q * q
    p, q = (p + p) * q, p * p + q * q
    return clip(p / q, real(-1.0), real(1.0))


@njit(**VECTOR)
def exp(x):
    """Exponential for |x| <= 690, relative error below 1e-15 + 2e-16 |x|.

    Examples
    --------
    >>> bool(abs(exp(1.5) / np.exp(1.5) - 1) < 1e-14)
    True
    """
    z = x * 1.4426950408889634
    shifted = z + 6755399441055744.0
    r = (z - (shifted - 6755399441055744.0)) * 0.6931471805599453
    p = r * (1.0 / 479001600.0) + 1.0 / 39916800.0  # the Taylor series is exact to the last bit
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    exponent = np.float64(shifted).view(np.int64) << np.int64(52)
    return np.int64(np.float64(p).view(np.int64) + exponent).view(np.float64)


@njit(**VECTOR)
def log(x):
    """Return the natural logarithm of a positive normal number, relative error below 1e-15.

    Examples
    --------
    >>> bool(abs(log(1.5) / np.log(1.5) - 1) < 1e-14)
    True
    """
    bits = np.int64(np.float64(x).view(np.int64))
    exponent = (bits - np.int64(0x3FE6A09E667F3BCD)) >> np.int64(52)
    m = np.int64(bits - (exponent << np.int64(52))).view(np.float64)
    f = (m - 1.0) / (m + 1.0)  # log(m) = 2 artanh(f), |f| < 0.172
    s = f * f
    p = s * (1.0 / 19.0) + 1.0 / 17.0
    p = p * s + 1.0 / 15.0
    p = p * s + 1.0 / 13.0
    p = p * s + 1.0 / 11.0
    p = p * s + 1.0 / 9.0
    p = p * s + 1.0 / 7.0
    p = p * s + 0.2
    p = p * s + 1.0 / 3.0
    f += f
    return np.float64(exponent) * 0.6931471805599453 + (f + f * s * p)


@njit(**VECTOR)
def sinh(x):
    """Hyperbolic sine for |x| <= 690, error below 1e-16 + (1e-15 + 2e-16 |x|) of the value.

    Examples
    --------
    >>> bool(abs(sinh(1.5) / np.sinh(1.5) - 1) < 1e-14)
    True
    """
    z = x * 1.4426950408889634
    shifted = z + 6755399441055744.0
    r = (z - (shifted - 6755399441055744.0)) * 0.6931471805599453
    s = r * r  # exp(r) and exp(-r) have the same even part and opposite odd parts
    even = s * (1.0 / 479001600.0) + 1.0 / 3628800.0
    even = even * s + 1.0 / 40320.0
    even = even * s + 1.0 / 720.0
    even = even * s + 1.0 / 24.0
    even = even * s + 0.5
    even = even * s + 1.0
    odd = s * (1.0 / 39916800.0) + 1.0 / 362880.0
    odd = odd * s + 1.0 / 5040.0
    odd = odd * s + 1.0 / 120.0
    odd = odd * s + 1.0 / 6.0
    odd = (odd * s + 1.0) * r
    exponent = np.float64(shifted).view(np.int64) << np.int64(52)
    up = np.int64(np.float64(even + odd).view(np.int64) + exponent).view(np.float64)
    down = np.int64(np.float64(even - odd).view(np.int64) - exponent).view(np.float64)
    return 0.5 * (up - down)
