"""Sound: every width of integers and floats, any order of chunks, equal to what was written."""

import struct

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import wavfile

from mottle.sensors.files import read_samples

WAVE = np.array([[0.0, 0.25], [0.5, -0.5], [-1.0, 0.75], [0.0, -0.25], [0.125, 0.0]])


def riff(fmt, data, before=b"", order="<", magic=b"RIFF", size=None):
    size = len(data) if size is None else size
    chunks = before + b"fmt " + struct.pack(f"{order}I", len(fmt)) + fmt
    chunks += b"data" + struct.pack(f"{order}I", size) + data + b"\0" * (len(data) % 2)
    return magic + struct.pack(f"{order}I", 4 + len(chunks)) + b"WAVE" + chunks


def fmt(kind, channels, bits, order="<", frame=None):
    frame = channels * -(-bits // 8) if frame is None else frame
    return struct.pack(f"{order}HHIIHH", kind, channels, 8000, 8000 * frame, frame, bits)


def extensible(kind, channels, bits, valid):
    guid = struct.pack("<H", kind) + bytes.fromhex("000000001000800000AA00389B71")
    return fmt(0xFFFE, channels, bits) + struct.pack("<HHI", 22, valid, 3) + guid


def pcm(wave, bits, order="<"):
    """Encode fractions of full scale as integers."""
    whole = np.round(wave * 2 ** (bits - 1)).astype(np.int64)
    if bits == 8:
        return (whole + 128).astype(np.uint8).tobytes()
    raw = whole.astype(f"{order}i8").view(np.uint8).reshape(*wave.shape, 8)
    n = bits // 8
    return raw[..., :n].tobytes() if order == "<" else raw[..., 8 - n :].tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_integers_of_every_width_are_fractions_of_full_scale(bits, order, tmp_path):
    magic = b"RIFF" if order == "<" else b"RIFX"
    data = riff(fmt(1, 2, bits, order), pcm(WAVE, bits, order), order=order, magic=magic)
    (tmp_path / "a.wav").write_bytes(data)
    sound = read_samples(tmp_path / "a.wav")
    assert_array_equal(sound.values, WAVE)
    assert sound.time.values[1] == 1 / 8000


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
def test_what_scipy_writes_comes_back(dtype, tmp_path):
    scale, zero = {"u1": (128, 128), "i2": (2**15, 0), "i4": (2.0**31, 0)}.get(dtype, (1, 0))
    wavfile.write(tmp_path / "a.wav", 8000, (WAVE * scale + zero).astype(dtype))
    assert_array_equal(read_samples(tmp_path / "a.wav").values, WAVE)


@pytest.mark.parametrize("kind", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
def test_what_soundfile_writes_comes_back(kind, container, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    wave = np.random.default_rng(0).uniform(-1, 1, (101, 3))
    path = tmp_path / "a.wav"
    soundfile.write(path, wave, 44100, subtype=kind, format=container)
    assert_array_equal(read_samples(path).values, soundfile.read(path, dtype="float64")[0])


def test_chunks_of_any_length_may_lie_before_the_samples(tmp_path):
    before = b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"JUNK" + struct.pack("<I", 0)
    (tmp_path / "a.wav").write_bytes(riff(fmt(1, 2, 16), pcm(WAVE, 16), before))
    assert_array_equal(read_samples(tmp_path / "a.wav").values, WAVE)
    valid = riff(extensible(1, 2, 24, 20), pcm(WAVE, 24))  # 20 valid bits are the upper ones
    (tmp_path / "a.wav").write_bytes(valid)
    assert_array_equal(read_samples(tmp_path / "a.wav").values, WAVE)
    piped = riff(fmt(3, 2, 32), WAVE.astype("<f4").tobytes(), size=2**32 - 1)
    (tmp_path / "a.wav").write_bytes(piped)
    assert_array_equal(read_samples(tmp_path / "a.wav").values, WAVE)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (riff(fmt(6, 1, 8), b"\1\2"), "holds sound as A-law of 8 bits; PCM and floats are read"),
        (riff(extensible(7, 2, 8, 8), b"\1\2"), "as mu-law"),
        (riff(fmt(17, 1, 4), b"\1\2"), "IMA ADPCM"),
        (riff(fmt(3, 1, 16), b"\1\2"), "floats of 16 bits; 32 and 64 are read"),
        (riff(fmt(1, 1, 24, frame=4), bytes(8)), "states 24 bits a sample in 4 bytes"),
        (riff(fmt(1, 2, 16), bytes(7)), "no whole number of frames of 4 bytes"),
        (riff(fmt(1, 0, 16), bytes(8)), "states 0 channels"),
        (riff(fmt(1, 2, 16), bytes(8), size=99), "states 99 bytes of sound and holds 8"),
        (b"RIFF\0\0\0\0WAVE", "has no samples"), (b"RIFF\0\0\0\0AVI ", "is no sound file"),
        (riff(b"\1\0", bytes(8)), "chunk 'fmt' has 2 bytes"),
    ],
)  # fmt: skip
def test_sound_that_is_not_read_is_refused_by_its_name(data, message, tmp_path):
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_samples(tmp_path / "a.wav")
