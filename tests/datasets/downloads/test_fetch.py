"""Downloads are checked, go on where they broke off, and unpack inside their folder only."""

import hashlib
import io
import os
import shutil
import signal
import tarfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from click.testing import CliRunner
from preparing import fetch_one, forked

from mottle.datasets import fetch, load_nmnist
from mottle.datasets.downloads import fetch as fetching
from mottle.datasets.downloads.fetch import Remote, fetch_files
from mottle.datasets.downloads.unpack import unpack
from mottle.datasets.sets import nmnist
from mottle.pipelines.cli import main

DATA = np.random.default_rng(0).integers(0, 256, 400_000, dtype=np.uint8).tobytes()
KNOWN = f"sha256:{hashlib.sha256(DATA).hexdigest()}"


class Server(ThreadingHTTPServer):
    """Serves ``files``; breaks off after ``cut`` bytes, ignores ranges unless ``ranges``."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cut, self.ranges, self.ranges_wanted = {}, None, True, []
        self.delay = 0.0
        self.endless, self.drip = False, 0.0
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request, client_address):
        """Say nothing where a client has left, as it does from what is too large."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        data = self.server.files.get(self.path[1:])
        time.sleep(self.server.delay)
        wanted = self.headers.get("Range")
        self.server.ranges_wanted.append(wanted)
        if data is None:
            self.send_error(404)
            return
        begin = 0
        if wanted and self.server.ranges:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            if begin >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.end_headers()
                return
            self.send_response(206)
        else:
            self.send_response(200)
        if self.server.endless:
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(bytes(1 << 16))
        body = data[begin:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # the client may have left
            for k in range(100 if self.server.drip else 0):
                self.wfile.write(body[k : k + 1])
                time.sleep(self.server.drip)
            self.wfile.write(body[: self.server.cut])
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path / "home"))
    server = Server()
    server.files["x.bin"] = DATA
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server, known=KNOWN, folder=None, name="x.bin"):
    remote = Remote(f"set/{name}", server.url + name, known, folder)
    return fetch_files([remote], licence="CC0", progress=False)[0]


def test_a_file_is_fetched_once(server):
    path = get(server)
    assert path.read_bytes() == DATA
    assert get(server) == path
    assert len(server.ranges_wanted) == 1
    assert [p.name for p in path.parent.iterdir()] == ["x.bin"]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_broke_off_goes_on(server, ranges):
    server.cut, server.ranges = 150_000, ranges
    with pytest.raises(ConnectionError, match="Run again to go on where it broke off"):
        get(server)
    server.cut = None
    assert get(server).read_bytes() == DATA
    assert server.ranges_wanted == [None, "bytes=150000-"]  # all that came


def test_a_whole_part_is_taken_and_a_longer_one_is_not(server, tmp_path):
    part = tmp_path / "home/set/x.bin.part"
    for there in (DATA, DATA + b"more"):
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(there)
        path = get(server)
        assert path.read_bytes() == DATA
        path.unlink()


def test_another_hash_is_refused_and_nothing_kept(server, tmp_path):
    server.files["x.bin"] = DATA[:-1] + b"x"
    with pytest.raises(ValueError, match=r"another hash than published.*put it at"):
        get(server)
    assert list((tmp_path / "home/set").iterdir()) == []
    server.files["x.bin"] = DATA
    assert get(server).read_bytes() == DATA


def test_without_a_published_hash_the_first_download_decides(server):
    path = get(server, known=None)
    kept = path.with_name("x.bin.sha256")
    assert kept.read_text() == f"{KNOWN.removeprefix('sha256:')}  x.bin\n"
    path.unlink()
    server.files["x.bin"] = DATA[::-1]
    with pytest.raises(ValueError, match="another hash"):
        get(server, known=None)


def test_the_error_without_a_connection_names_the_place_for_the_file(server, tmp_path):
    with pytest.raises(ConnectionError, match=r"404.*licence: CC0.*put it at .*set/none\.bin"):
        get(server, name="none.bin")
    remote = Remote("set/y", "http://127.0.0.1:9/y", None)
    with pytest.raises(ConnectionError, match=r"could not be fetched.*MOTTLE_DATA"):
        fetch_files([remote], licence="CC0", progress=False)


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def test_a_fetched_archive_is_unpacked_and_loads(server, monkeypatch, tmp_path):
    events = bytes([3, 4, 0x80, 0, 10]) + bytes([5, 6, 0, 0, 20])
    remotes = []
    for part in ("Train", "Test"):
        files = {f"{part}__{digit}__0000{digit}.bin": events for digit in (3, 7)}
        server.files[f"{part}.zip"] = zipped(**files)
        remotes.append(
            Remote(f"nmnist/{part}.zip", f"{server.url}{part}.zip", None, f"nmnist/{part}")
        )
    monkeypatch.setattr(nmnist, "DATA_SET", replace(nmnist.DATA_SET, files=tuple(remotes)))
    table, target, groups = fetch("nmnist", progress=False)
    assert target.tolist() == [3, 7, 3, 7]
    assert groups.tolist() == ["test", "test", "train", "train"]
    assert table["sight"].iloc[0].tolist() == [(10, 3, 4, 1), (20, 5, 6, 0)]
    assert load_nmnist().table.shape == (4, 1)
    assert len(server.ranges_wanted) == 2
    run = CliRunner().invoke(main, ["datasets", "fetch", "nmnist"])
    assert run.exit_code == 0
    assert "nmnist/Train" in run.output


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "C:/x", "..\\x"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("ok", b"1")
        archive.writestr(zipfile.ZipInfo(name), b"2")
    (tmp_path / "a.zip").write_bytes(out.getvalue())
    with pytest.raises(ValueError, match="leads out of the folder"):
        unpack(tmp_path / "a.zip", tmp_path / "to")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("x")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(ValueError, match="no plain file: refused"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_bombs_and_broken_archives_leave_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(10**7))
    with pytest.raises(ValueError, match="unpacks to more than max_bytes=1000000 bytes"):
        unpack(tmp_path / "a.zip", tmp_path / "to", max_bytes=10**6)
    data = (tmp_path / "a.zip").read_bytes()
    for bad in (data[:-40], b"PK\x03\x04" + bytes(50), b"no archive", data[:3000] + data[3001:]):
        (tmp_path / "b.zip").write_bytes(bad)
        with pytest.raises(ValueError, match=r"b\.zip"):
            unpack(tmp_path / "b.zip", tmp_path / "to")
    assert {p.name for p in tmp_path.iterdir()} == {"a.zip", "b.zip"}


def test_two_fetchers_at_once_download_one_file(server, tmp_path):
    server.delay = 0.3
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: get(server), range(2)))
    assert {path.read_bytes() for path in paths} == {DATA}
    assert len(server.ranges_wanted) == 1
    assert [p.name for p in (tmp_path / "home/set").iterdir()] == ["x.bin"]


@pytest.mark.parametrize("published", [True, False])
def test_a_cut_or_damaged_file_in_place_is_fetched_again(server, published):
    path = get(server, KNOWN if published else None)  # unpublished: its hash is kept beside it
    for bad in (DATA[:1000], b"", DATA[:-1] + b"x"):
        path.write_bytes(bad)
        assert get(server, KNOWN if published else None).read_bytes() == DATA
    path.write_bytes(DATA[:1000])
    server.files.clear()
    with pytest.raises(ConnectionError, match="is there, but cut or damaged"):
        get(server, KNOWN if published else None)
    assert path.read_bytes() == DATA[:1000]  # it stays until a better one is there


@pytest.mark.parametrize("published", [True, False])
@pytest.mark.parametrize("kind", ["cut", "empty", "damaged inside"])
def test_a_cut_archive_in_place_is_fetched_again_and_unpacked(server, tmp_path, kind, published):
    content = np.random.default_rng(1).bytes(50_000)
    data = server.files["a.zip"] = zipped(a__b=content, c=b"1")
    known = f"sha256:{hashlib.sha256(data).hexdigest()}" if published else None
    place = tmp_path / "home/set/a.zip"
    place.parent.mkdir(parents=True)
    damaged = data[:20_000] + b"?" + data[20_001:]
    place.write_bytes({"cut": data[:20_000], "empty": b"", "damaged inside": damaged}[kind])
    folder = get(server, known, "set/a", "a.zip")
    assert (folder / "a/b").read_bytes() == content
    assert place.read_bytes() == data


def test_what_a_killed_fetch_left_is_cleared(server, tmp_path):
    place = tmp_path / "home/set"
    (place / ".x.bin.fetching").mkdir(parents=True)
    (place / ".x.bin.fetching/tmpabc").write_bytes(b"half")
    (place / "x.bin.lock").write_bytes(b"")
    assert get(server).read_bytes() == DATA
    assert [p.name for p in place.iterdir()] == ["x.bin"]
    server.files["a.zip"] = zipped(b=b"1")
    (place / "a.zip").write_bytes(server.files["a.zip"])  # killed before its hash was kept
    (place / "a.zip.sha256.partial").write_bytes(b"")
    get(server, None, "set/a", "a.zip")
    assert {p.name for p in place.iterdir()} == {"x.bin", "a.zip", "a.zip.sha256", "a"}


def test_ctrl_c_ends_a_fetch_with_130_and_the_way_on(monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("mottle.datasets.record.fetch_files", interrupted)
    run = CliRunner().invoke(main, ["datasets", "fetch", "fsdd"])
    assert run.exit_code == 130
    assert "goes on where the download broke off" in run.output


def test_a_part_beside_a_whole_file_is_removed(server, tmp_path):
    """A kill between putting a file in place and removing its part leaves both."""
    server.files["a.zip"] = zipped(d__0=DATA)
    remote = Remote("set/a.zip", f"{server.url}a.zip", None, "set/a")
    alone = Remote("set/x.bin", f"{server.url}x.bin", None)
    server.files["x.bin"] = DATA
    home = tmp_path / "home"
    (home / "set").mkdir(parents=True)
    for name in ("a.zip", "x.bin"):
        for end in ("", ".part"):
            (home / "set" / f"{name}{end}").write_bytes(server.files[name])
        (home / "set" / f".{name}.fetching").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTTLE_DATA", str(home))
        fetch_files([remote, alone], licence="CC0", progress=False)
    assert {p.name for p in (home / "set").iterdir()} == {"a", "a.zip", "a.zip.sha256", "x.bin"}


def test_a_fetch_killed_at_random_moments_ends_with_the_same_bytes(server, tmp_path):
    context = forked()
    server.files["a.zip"] = zipped(**{f"d__{row}": DATA[:9000] for row in range(40)})
    remote = Remote("set/a.zip", f"{server.url}a.zip", None, "set/a")
    home = tmp_path / "home"
    rng = np.random.default_rng(0)
    killed, took = 0, 1.0
    while killed < 6:
        begun = context.Event()
        child = context.Process(target=fetch_one, args=(str(home), remote, begun))
        child.start()
        begun.wait()
        start = time.perf_counter()
        child.join(rng.uniform(0, took))
        if child.exitcode is None:
            os.kill(child.pid, (signal.SIGKILL, signal.SIGTERM)[killed % 2])
            child.join()
            killed += 1
        else:
            assert child.exitcode == 0
            took = min(took, 1.5 * (time.perf_counter() - start))
        if (home / "set/a").exists():  # whole, or not there
            assert len(list((home / "set/a/d").iterdir())) == 40
            shutil.rmtree(home)
    assert fetch_files([remote], licence="CC0", progress=False) == [home / "set/a"]
    assert sorted(p.name for p in (home / "set").iterdir()) == ["a", "a.zip", "a.zip.sha256"]


def test_by_default_an_archive_unpacks_to_a_multiple_of_its_size(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(300_000_000))
    with pytest.raises(ValueError, match=r"unpacks to more than max_bytes=268435456 bytes"):
        unpack(tmp_path / "a.zip", tmp_path / "to")
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("name", ["", ".", "./", "/", "a\udc80b"])
def test_names_that_name_no_file_are_refused(name, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("ok", b"1")
        entry = zipfile.ZipInfo("placeholder")
        archive.writestr(entry, b"2")
    data = (tmp_path / "a.zip").read_bytes()
    raw = name.encode("utf-8", "surrogateescape")
    old = b"placeholder"
    for at in (data.index(b"PK\3\4", 5), data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)):
        where = at + (26 if data[at + 2] == 3 else 28)
        data = data[:where] + len(raw).to_bytes(2, "little") + data[where + 2 :]
    (tmp_path / "a.zip").write_bytes(data.replace(old, raw))
    with pytest.raises(ValueError, match=r"a\.zip"):
        unpack(tmp_path / "a.zip", tmp_path / "to")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"1"))
    try:
        unpack(tmp_path / "a.tar", tmp_path / "to")
    except ValueError as error:
        assert "a.tar" in str(error)  # noqa: PT017


def test_a_download_larger_than_allowed_is_refused_before_and_while_it_comes(server, tmp_path):
    remote = Remote("set/x.bin", server.url + "x.bin", None)
    with pytest.raises(ValueError, match=r"has 400000 bytes or more, which is over max_bytes=1000"):
        fetch_files([remote], licence="CC0", progress=False, max_bytes=1000)
    server.endless = True  # no length is stated
    with pytest.raises(ValueError, match=r"over max_bytes=1000000; .* with a larger max_bytes="):
        fetch_files([remote], licence="CC0", progress=False, max_bytes=1_000_000)
    assert list((tmp_path / "home/set").iterdir()) == []
    with pytest.raises(ValueError, match="max_bytes=0 must be a whole number"):
        fetch_files([remote], licence="CC0", progress=False, max_bytes=0)


def test_a_download_that_drips_ends(server, monkeypatch):
    monkeypatch.setattr(fetching, "WINDOW", 0.3)
    server.drip = 0.02
    with pytest.raises(ConnectionError, match=r"gave \d+ bytes in 0 s.*Run again"):
        get(server)


@pytest.mark.parametrize(
    "name", ["d/NUL", "aux.txt", "a/com1.csv/b", "what?.npy", "d/a:b", "dot./a", "space /a"]
)
def test_names_that_windows_refuses_are_refused_there_and_only_there(name, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"1")
    unpack(tmp_path / "a.zip", tmp_path / "here")
    assert (tmp_path / "here" / name).read_bytes() == b"1"
    monkeypatch.setattr("mottle.datasets.downloads.unpack.WINDOWS", True)
    with pytest.raises(ValueError, match="a name that Windows gives to no file"):
        unpack(tmp_path / "a.zip", tmp_path / "there")
    assert not (tmp_path / "there").exists()
