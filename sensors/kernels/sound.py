"""Gammatone filters: the energy of sound in bands, step by step."""

from math import cos, exp, pi, sin

from numba import njit


@njit(cache=True)
def add_energies(wave, rate, centers, widths, edges, filters, before, out):
    """Write the sum of squares of each band within each step to ``out`` (step, band); causal.

    A band is a cascade of four complex one-pole filters about its centre (Hohmann 2002,
    doi:10.3813/aaa.2002.88.433): the fourth-order gammatone filter with unit gain at the centre.

    Shapes: wave (sample,), centers and widths (band,) in Hz, edges (step + 1,) samples. ``filters``
    (band, 4, 2) are the filters' states, real and imaginary, and go on; to the first step,
    ``before`` (band,) is added.
    """
    for band in range(centers.size):
        decay = exp(-2.0 * pi * widths[band] / rate)
        turn = 2.0 * pi * centers[band] / rate
        pole = complex(decay * cos(turn), decay * sin(turn))
        gain = 1.0 - decay
        own = filters[band]
        a, b = complex(own[0, 0], own[0, 1]), complex(own[1, 0], own[1, 1])
        c, d = complex(own[2, 0], own[2, 1]), complex(own[3, 0], own[3, 1])
        total = before[band]
        for step in range(out.shape[0]):
            for sample in range(edges[step], edges[step + 1]):
                a = gain * wave[sample] + pole * a
                b = gain * a + pole * b
                c = gain * b + pole * c
                d = gain * c + pole * d
                total += d.real * d.real + d.imag * d.imag
            out[step, band] = total
            total = 0.0
        own[0, 0], own[0, 1], own[1, 0], own[1, 1] = a.real, a.imag, b.real, b.imag
        own[2, 0], own[2, 1], own[3, 0], own[3, 1] = c.real, c.imag, d.real, d.imag


@njit(cache=True)
def onsets(levels, fraction, mean, out):
    """Write how far each level lies above its leaky mean to ``out``, 0 where it is below.

    ``mean`` (band,) goes on.
    """
    for step in range(levels.shape[0]):
        for band in range(levels.shape[1]):
            out[step, band] = max(levels[step, band] - mean[band], 0.0)
            mean[band] += fraction * (levels[step, band] - mean[band])
