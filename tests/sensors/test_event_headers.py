"""Headers of event files: which camera, which version, and where the events begin."""

from pathlib import Path

import event_writers as files
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mottle.sensors.files import read_events


def davis(events):
    t, x, y, p = files.fields(events)
    return np.stack([y << 22 | x << 12 | p << 11, t], 1).astype(">u4").tobytes()


def dvs128(events):
    t, x, y, p = files.fields(events)
    return np.stack([y << 8 | x << 1 | p, t], 1).astype(">u4").tobytes()


CHIPS = {
    "eu.seebetter.ini.chips.davis.DAVIS240A": (davis, 240, 180),
    "eu.seebetter.ini.chips.davis.DAVIS240B": (davis, 240, 180),
    "eu.seebetter.ini.chips.davis.DAVIS240C": (davis, 240, 180),
    "eu.seebetter.ini.chips.DAViS240": (davis, 240, 180),
    "eu.seebetter.ini.chips.davis.Davis346blue": (davis, 346, 260),
    "eu.seebetter.ini.chips.davis.DAVIS346cBSI": (davis, 346, 260),
    "ch.unizh.ini.jaer.chip.retina.DVS128": (dvs128, 128, 128),
}


@pytest.mark.parametrize("chip", CHIPS)
def test_addresses_of_each_chip_are_read_by_its_name(chip, tmp_path):
    write, width, height = CHIPS[chip]
    events = files.draw(width=width, height=height)
    head = f"#!AER-DAT2.0\r\n# AEChip: {chip}\r\n".encode()
    (tmp_path / "a.aedat").write_bytes(head + write(events))
    file = read_events(tmp_path / "a.aedat")
    assert_array_equal(file.events, events)
    assert file.sensor_size == (width, height)
    assert file.repairs == {}


V2E = b"#!AER-DAT2.0\r\n# created by AEDat2Output in v2e\r\n# Timestamps tick is 1 us\r\n"


@pytest.mark.parametrize("size", [(346, 260), (240, 180), (128, 128), (640, 480)])
def test_a_file_that_names_no_chip_needs_the_size_of_one(size, tmp_path):
    events = files.draw(width=size[0], height=size[1])
    if size[0] == 640:
        t, x, y, p = files.fields(events)
        body = np.stack([y << 11 | x << 1 | p, t], 1).astype(">u4").tobytes()
    else:
        body = dvs128(events) if size[0] == 128 else davis(events)
    (tmp_path / "a.aedat").write_bytes(V2E + body)
    assert_array_equal(read_events(tmp_path / "a.aedat", sensor_size=size).events, events)
    with pytest.raises(ValueError, match=r"names no chip .*sensor_size=; known are DVS128 128 x"):
        read_events(tmp_path / "a.aedat")
    with pytest.raises(ValueError, match="none has 347 x 260 pixels; known are DVS128"):
        read_events(tmp_path / "a.aedat", sensor_size=(347, 260))


@pytest.mark.parametrize("chip", ["DAVIS640", "cochlea.CochleaAMS1c", "Davis208Mono"])
@pytest.mark.parametrize("size", [None, (346, 260)])
def test_a_chip_that_is_not_known_is_refused_by_its_name(chip, size, tmp_path):
    head = f"#!AER-DAT2.0\r\n# AEChip: ch.unizh.{chip}\r\n".encode()
    (tmp_path / "a.aedat").write_bytes(head + davis(files.draw()))
    with pytest.raises(ValueError, match=rf"names the chip 'ch.unizh.{chip}'.*DAVIS346 346 x 260"):
        read_events(tmp_path / "a.aedat", sensor_size=size)


def test_external_events_are_no_pixels_and_are_counted(tmp_path):
    events = files.draw(20, 128, 128)
    words = np.frombuffer(dvs128(events), ">u4").reshape(-1, 2).copy()
    words[4, 0] |= 1 << 15
    head = b"#!AER-DAT2.0\r\n# HardwareInterface: DVS128-V1 0298\r\n"
    (tmp_path / "a.aedat").write_bytes(head + words.tobytes())
    file = read_events(tmp_path / "a.aedat")
    assert_array_equal(file.events, np.delete(events, 4))
    assert file.repairs == {"external events": 1}


def raw(kind, end, first):
    """Write EVT 2, 2.1 or 3 whose first byte is ``first``, and the number of its events."""
    n = 300
    k = np.arange(n)
    if kind == "3.0":
        words = np.stack([0x6000 | (k * 7) % 4096, k % 700, 0x2000 | k % 1200], 1).ravel()
        body = np.append(0x8000 | first, words).astype("<u2").tobytes()
    elif kind == "2.1":
        high = np.stack([8 << 28 | first + k, 1 << 28 | (k % 64) << 22 | k % 700], 1).ravel()
        low = np.stack([first + 0 * k, 1 + 0 * k], 1).ravel()
        body = np.stack([low, high], 1).astype("<u4").tobytes()
    else:
        words = np.stack([8 << 28 | first + k, 1 << 28 | (k % 64) << 22 | k % 700], 1)
        body = words.astype("<u4").tobytes()
    return f"% evt {kind}\n% geometry 1280x720\n".encode() + b"% end\n" * end + body, n


@pytest.mark.parametrize("first", [0x24, 0x25, 0x26])
@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("kind", ["2.0", "2.1", "3.0"])
def test_events_that_begin_with_the_mark_of_a_header_line_are_read(kind, end, first, tmp_path):
    data, n = raw(kind, end, first)
    (tmp_path / "e.raw").write_bytes(data)
    file = read_events(tmp_path / "e.raw", on_bad="repair")
    assert file.events.size == n
    assert file.sensor_size == (1280, 720)


@pytest.mark.parametrize("row", range(139, 145))  # 140 to 143 begin with the byte of '#'
@pytest.mark.parametrize(
    "end", [b"", b"#End Of ASCII Header\r\n", b"# \xe9\r\n#End Of ASCII Header\r\n"]
)
def test_aedat_2_loses_no_event_whatever_its_first_row(row, end, tmp_path):
    events = files.draw(300, 346, 260, seed=row)
    events["y"][0] = row
    head = b"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis346blue\r\n"
    (tmp_path / "a.aedat").write_bytes(head + end + davis(events))
    assert_array_equal(read_events(tmp_path / "a.aedat").events, events)


def test_a_header_longer_than_the_first_block_is_read_to_its_end(tmp_path):
    events = files.draw(300, 346, 260)
    head = b"#!AER-DAT2.0\r\n# AEChip: Davis346blue\r\n" + b"#<entry key='a' value='b'/>\r\n" * 5000
    (tmp_path / "a.aedat").write_bytes(head + b"#End Of ASCII Header\r\n" + davis(events))
    assert_array_equal(read_events(tmp_path / "a.aedat").events, events)


@pytest.mark.parametrize("legacy", [False, True])
def test_both_orders_of_evt_21_are_read_as_the_header_states(legacy, tmp_path):
    events = files.draw(800)
    data = files.evt21(events, legacy)
    (tmp_path / "e.raw").write_bytes(data)
    file = read_events(tmp_path / "e.raw")
    assert file.format == "evt2.1"
    assert_array_equal(file.events, events)
    other = data.replace(b"=legacy", b"=little") if legacy else data.replace(b"=little", b"=legacy")
    (tmp_path / "o.raw").write_bytes(other)
    with pytest.raises(ValueError, match=r"states endianness=l.*, but its words are in the order"):
        read_events(tmp_path / "o.raw")


def test_vectors_of_evt_21_hold_a_pixel_a_bit(tmp_path):
    words = [8 << 60 | 1000 << 32, 1 << 60 | 5 << 54 | 64 << 43 | 7 << 32 | 1 << 31 | 0b101]
    (tmp_path / "e.raw").write_bytes(b"% evt 2.1\n% end\n" + np.array(words, "<u8").tobytes())
    assert read_events(tmp_path / "e.raw").events.tolist() == [
        (64005, 64, 7, 1), (64005, 66, 7, 1), (64005, 95, 7, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("% evt 4.0", "names the encoding evt4.0, not"), ("% format EVT4;width=3", "evt4"),
        ("% format HISTO3D;height=320", "names the encoding histo3d"),
        ("% format AER-8b", "aer-8b"), ("% evt 2.0\n% format EVT3", "evt2 and evt3"),
        ("% evt 3.0\n% format EVT3;endianness=big", "endianness=big, which is not read"),
        ("% Version 3", "version 3 of DAT"),
    ],
)  # fmt: skip
def test_an_encoding_that_is_not_read_is_refused_by_its_name(head, message, tmp_path):
    (tmp_path / "e.raw").write_bytes(f"{head}\n% end\n".encode() + bytes(800))
    with pytest.raises(ValueError, match=message):
        read_events(tmp_path / "e.raw")


def test_a_format_that_the_header_contradicts_is_refused(tmp_path):
    (tmp_path / "e.raw").write_bytes(files.evt3(files.draw()))
    with pytest.raises(ValueError, match="names the encoding evt3, not evt2"):
        read_events(tmp_path / "e.raw", format="evt2")


def test_words_without_a_header_are_not_taken_for_n_mnist(tmp_path):
    events = files.draw(2000, 1280, 720)
    for writer in (files.evt2, files.evt21, files.evt3):
        data = writer(events)
        (tmp_path / "e.bin").write_bytes(data[data.index(b"% end\n") + 6 :])
        with pytest.raises(
            ValueError, match=r"has no header, and its bytes are no events of nmnist"
        ):
            read_events(tmp_path / "e.bin")
        kind = data[2:9].decode().replace(" ", "").removesuffix(".0")
        assert_array_equal(read_events(tmp_path / "e.bin", format=kind).events, events)
    with pytest.raises(ValueError, match="give its format, one of evt2"):
        read_events(Path(__file__).parent / "files" / "evt3_1280x720_cut.bin")
