"""Downloads: checked against a published hash, resumed where they broke off."""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from mottle.checks import check_whole
from mottle.datasets.disk import file_hash, only_writer
from mottle.datasets.downloads.home import ENVIRONMENT, data_home
from mottle.datasets.downloads.unpack import UNREADABLE, members, unpack
from mottle.disk import sync, write_whole

PIECE = 1 << 16
TIMEOUT = 30  # s without a byte
SLOWEST = 1 << 14  # bytes that must come ...
WINDOW = 60.0  # ... in so many s
MAX_BYTES = 16 << 30  # of a download


class Remote(NamedTuple):
    """A file to download: place below the data folder, address, published hash, where to unpack.

    ``hash`` is "md5:...", "sha1:..." or "sha256:...", or None where none is published: then the
    sha256 of the first download is kept beside the file, and later downloads must match it.
    ``folder`` is what the archive is unpacked to, below the data folder; None leaves it packed.

    Examples
    --------
    >>> packed = Remote("smells/all.zip", "https://example.org/all.zip", folder="smells/unpacked")
    >>> packed.name, packed.hash  # the first download's hash is kept
    ('smells/all.zip', None)
    """

    name: str
    url: str
    hash: str | None = None
    folder: str | None = None


class TooLarge(ValueError):
    """A download of more bytes than were allowed."""


def fetch_files(
    remotes: Sequence[Remote],
    *,
    licence: str,
    progress: bool = True,
    max_bytes: int = MAX_BYTES,
) -> list[Path]:
    """Download and unpack what is not in the data folder yet.

    Parameters
    ----------
    remotes : sequence of Remote
        Files wanted.
    licence : str
        Part of the messages.
    progress : bool, default=True
        Show a progress bar on standard error.
    max_bytes : int, default=16 GiB
        The most bytes that a file may have.

    Returns
    -------
    list of Path
        The files, or the folders they were unpacked to.

    Raises
    ------
    ConnectionError
        If a file cannot be downloaded, or comes at less than 16 KiB a minute; the message names
        the place to put it by hand.
    ValueError
        If a download has another hash or more bytes than ``max_bytes``, or an archive cannot be
        unpacked safely.
    """
    check_whole("max_bytes", max_bytes)
    return [_fetch(remote, licence, progress, max_bytes) for remote in remotes]


def _fetch(remote: Remote, licence: str, progress: bool, max_bytes: int) -> Path:
    """Download and unpack one file, where it is not there yet or not whole."""
    home = data_home()
    target = home / (remote.folder or remote.name)
    file = home / remote.name
    if _is_there(remote, file, target):
        return target
    file.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(file, wait=True):  # a second fetcher waits, and finds what the first fetched
        if _is_there(remote, file, target):
            return target
        was_there = file.exists() and _is_whole(remote, file)
        if not was_there:
            download(remote, file, licence, progress, max_bytes)
        remove_rest(file)
        _keep_hash(remote, file)
        if remote.folder is None:
            return target
        try:
            unpack(file, target)
        except ValueError:
            if not was_there or remote.hash is not None:  # another download would be the same
                raise
            file.with_name(f"{file.name}.sha256").unlink(missing_ok=True)  # that of a bad file
            download(remote, file, licence, progress, max_bytes)
            remove_rest(file)
            _keep_hash(remote, file)
            unpack(file, target)
    return target


def _is_there(remote: Remote, file: Path, target: Path) -> bool:
    """Return whether a file or its folder is in place and whole."""
    there = target.exists() and (remote.folder is not None or _is_whole(remote, file))
    if there:
        remove_rest(file)
    return there


def _known_hash(remote: Remote, file: Path) -> str | None:
    """Return the hash that a file must have: the published one, or that of the first download."""
    kept = file.with_name(f"{file.name}.sha256")
    if remote.hash is None and kept.exists():
        return f"sha256:{kept.read_text(encoding='utf-8').split()[0]}"
    return remote.hash


def _is_whole(remote: Remote, file: Path) -> bool:
    """Return whether a file in place has its hash; an archive of unknown hash, whether it opens."""
    known = _known_hash(remote, file)
    if known is not None:
        kind, _, digest = known.partition(":")
        return file_hash(file, kind) == digest.lower()
    if remote.folder is None:
        return True
    try:
        return all(True for _ in members(file))
    except (*UNREADABLE, ValueError):
        return False


def download(
    remote: Remote, file: Path, licence: str, progress: bool, max_bytes: int = MAX_BYTES
) -> None:
    """Download one file; the part that an earlier, broken download left is continued.

    What is in the place stays until the download is whole and has its hash.
    """
    import pooch
    import requests
    import urllib3

    file.parent.mkdir(parents=True, exist_ok=True)
    known = _known_hash(remote, file)
    part = part_of(file)
    aside = aside_of(file)
    shutil.rmtree(aside, ignore_errors=True)  # left by a kill
    try:
        pooch.retrieve(
            remote.url, known_hash=known, fname=file.name, path=aside,
            downloader=Resuming(part, progress, max_bytes),
        )  # fmt: skip
        sync(aside / file.name)
        os.replace(aside / file.name, file)
        sync(file.parent)
    except TooLarge:
        part.unlink(missing_ok=True)
        raise
    except ValueError as error:  # the hash: begin anew next time
        part.unlink(missing_ok=True)
        raise ValueError(
            f"{remote.url} has another hash than published ({error}); try again later, or get the "
            f"file from elsewhere and put it at {file}."
        ) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        place = "is there, but cut or damaged, and " if file.exists() else ""
        raise ConnectionError(
            f"{file.name} {place}could not be fetched from {remote.url} ({error}). Run again to go "
            f"on where it broke off; or get the file on another machine (licence: {licence}) and "
            f"put it at {file}; or name the folder that has it in the environment variable "
            f"{ENVIRONMENT}."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def part_of(file: Path) -> Path:
    """Return where the beginning of a file is kept until the rest has come."""
    return file.with_name(f"{file.name}.part")


def aside_of(file: Path) -> Path:
    """Return the folder of pooch's own temporary files."""
    return file.with_name(f".{file.name}.fetching")


def remove_rest(file: Path) -> None:
    """Remove what a kill leaves just after a whole file was in place: its part and folder."""
    with suppress(OSError):  # a folder that can only be read
        part_of(file).unlink()
    shutil.rmtree(aside_of(file), ignore_errors=True)


def _keep_hash(remote: Remote, file: Path) -> None:
    """Write the hash of a file beside it, where none is published and none was kept yet."""
    kept = file.with_name(f"{file.name}.sha256")
    if remote.hash is None and not kept.exists():
        text = f"{file_hash(file)}  {file.name}\n"
        write_whole(kept, lambda out: out.write(text.encode()))


class Resuming:
    """A downloader for pooch that goes on where an earlier one broke off."""

    def __init__(self, part: Path, progress: bool, max_bytes: int = MAX_BYTES):
        self.part, self.progress, self.max_bytes = part, progress, max_bytes

    def __call__(self, url: str, output_file: Any, pooch: Any, check_only: bool = False) -> None:
        """Bring ``url`` to ``output_file``, by way of the part file."""
        import requests
        from tqdm import tqdm

        have = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {
            "Accept-Encoding": "identity"
        }  # fmt: skip
        with closing(requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)) as answer:
            if have and answer.status_code == requests.codes.requested_range_not_satisfiable:
                total = answer.headers.get("Content-Range", "").rpartition("/")[2]
                if total != str(have):  # the part is longer than the file: another file
                    self.part.unlink()
                    return self(url, output_file, pooch)
                shutil.copyfile(self.part, output_file)
                return None
            answer.raise_for_status()
            resumes = have > 0 and answer.status_code == requests.codes.partial_content
            have = have if resumes else 0
            stated = left = int(answer.headers.get("Content-Length", 0))
            self.check_size(url, have + left)
            bar = tqdm(
                total=have + left or None, initial=have, unit="B", unit_scale=True,
                disable=not self.progress, desc=self.part.name.removesuffix(".part"),
            )  # fmt: skip
            with bar, self.part.open("ab" if resumes else "wb") as out:
                for piece in pieces(answer.raw, url):
                    out.write(piece)
                    have += len(piece)
                    left -= len(piece)
                    self.check_size(url, have)
                    bar.update(len(piece))
            size = self.part.stat().st_size
            if stated and left:
                raise requests.ConnectionError(f"only {size} of {have + left} bytes came")
        shutil.copyfile(self.part, output_file)
        return None

    def check_size(self, url: str, n_bytes: int) -> None:
        """Raise if a download has, or is to have, too many bytes."""
        if n_bytes > self.max_bytes:
            raise TooLarge(
                f"{url} has {n_bytes} bytes or more, which is over max_bytes={self.max_bytes}; "
                "if it can be trusted, fetch it with a larger max_bytes=."
            )


def pieces(raw: Any, url: str) -> Iterator[bytes]:
    """Yield what comes as it comes; raise if it comes too slowly to ever end."""
    take = getattr(raw, "read1", raw.read)
    begin, n_bytes = time.monotonic(), 0
    while piece := take(PIECE):
        yield piece
        n_bytes += len(piece)
        now = time.monotonic()
        if now - begin >= WINDOW:
            if n_bytes < SLOWEST:
                raise ConnectionError(f"{url} gave {n_bytes} bytes in {now - begin:.0f} s")
            begin, n_bytes = now, 0
