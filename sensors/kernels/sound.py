"""Gammatone filters: the energy of sound in bands, step by step."""

from math import cos, exp, pi, sin

from numba import njit


@njit(cache=True)
def band_energies(wave, rate, centers, widths, edges, out):
    """Write the mean square of each band within each step to ``out`` (step, band); causal.

    A band is a cascade of four complex one-pole filters about its centre (Hohmann 2002,
    doi:10.3813/aaa.2002.88.433): the fourth-order gammatone filter with unit gain at the centre.

    Shapes: wave (sample,), centers and widths (band,) in Hz, edges (step + 1,) samples.
    """
    for band in range(centers.size):
        decay = exp(-2.0 * pi * widths[band] / rate)
        turn = 2.0 * pi * centers[band] / rate
        pole = complex(decay * cos(turn), decay * sin(turn))
        gain = 1.0 - decay
        a = b = c = d = 0j
        for step in range(out.shape[0]):
            total = 0.0
            for sample in range(edges[step], edges[step + 1]):
                a = gain * wave[sample] + pole * a
                b = gain * a + pole * b
                c = gain * b + pole * c
                d = gain * c + pole * d
                total += d.real * d.real + d.imag * d.imag
            out[step, band] = total / max(edges[step + 1] - edges[step], 1)


@njit(cache=True)
def onsets(levels, fraction, out):
    """Write how far each level lies above its leaky mean to ``out``, 0 where it is below."""
    mean = levels[0].copy()
    for step in range(levels.shape[0]):
        for band in range(levels.shape[1]):
            out[step, band] = max(levels[step, band] - mean[band], 0.0)
            mean[band] += fraction * (levels[step, band] - mean[band])
