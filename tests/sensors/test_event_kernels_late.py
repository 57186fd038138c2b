"""Times that come late, from before the wrap of a camera's clock."""

import numpy as np
import pytest

from mottle.sensors.kernels import event_files as kernels


def decode(kernel, words, dtype):
    """Return times and the number of held ones."""
    state, n = np.zeros(kernels.N_STATE, np.int64), 32 * len(words) + 32
    fields = [np.zeros(n, np.int64) for _ in range(4)]
    found, _ = kernel(np.array(words, dtype), state, *fields)
    return fields[0][:found].tolist(), int(state[kernels.CLAMPED])


def test_a_late_high_word_of_evt3_is_held_and_counted():
    first, event = [0x8000 | 4095], [0x2005]
    late = first + event + [0x8000] + event + first + event + [0x8000] + event
    times, held = decode(kernels.evt3, late, np.uint16)
    assert times == [4095 << 12, 1 << 24, 1 << 24, 1 << 24]
    assert held == 1
    far = [0x8000, *event, 0x8000 | 3000, *event]  # no wrap before: a gap
    assert decode(kernels.evt3, far, np.uint16) == ([0, 3000 << 12], 0)


@pytest.mark.parametrize(("kernel", "shift", "dtype"), [
    (kernels.evt2, 0, np.uint32), (kernels.evt21, 32, np.uint64),
])  # fmt: skip
def test_a_late_high_word_of_evt2_does_not_wrap_twice(kernel, shift, dtype):
    last, first = (8 << 28 | (1 << 28) - 1) << shift, (8 << 28) << shift
    event = (1 << 28 | 3 << 11 | 4) << shift | bool(shift)
    times, _ = decode(kernel, [last, event, first, event, last, event, first, event], dtype)
    before, after = ((1 << 28) - 1) << 6, (1 << 28) << 6
    assert times == [before, after, before, after]


def test_a_late_time_does_not_wrap_twice():
    t = np.array([2**32 - 3, 1, 2**32 - 1, 2, 3])
    kernels.unwrap(t, np.zeros(kernels.N_STATE, np.int64), 32)
    assert (t - 2**32).tolist() == [-3, 1, -1, 2, 3]
