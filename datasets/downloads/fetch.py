"""Downloads: checked against a published hash, resumed where they broke off."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from mottle.checks import check_whole
from mottle.datasets.disk import file_hash, write_whole
from mottle.datasets.downloads.home import ENVIRONMENT, data_home
from mottle.datasets.downloads.unpack import unpack

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
    """Download and unpack one file, where it is not there yet."""
    home = data_home()
    target = home / (remote.folder or remote.name)
    if target.exists():
        return target
    file = home / remote.name
    if not file.exists():
        download(remote, file, licence, progress, max_bytes)
    if remote.folder is not None:
        unpack(file, target)
    return target


def download(
    remote: Remote, file: Path, licence: str, progress: bool, max_bytes: int = MAX_BYTES
) -> None:
    """Download one file; the part that an earlier, broken download left is continued."""
    import pooch
    import requests
    import urllib3

    file.parent.mkdir(parents=True, exist_ok=True)
    kept = file.with_name(f"{file.name}.sha256")
    known = remote.hash
    if known is None and kept.exists():
        known = f"sha256:{kept.read_text().split()[0]}"
    part = file.with_name(f"{file.name}.part")
    try:
        pooch.retrieve(
            remote.url, known_hash=known, fname=file.name, path=file.parent,
            downloader=Resuming(part, progress, max_bytes),
        )  # fmt: skip
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
        raise ConnectionError(
            f"{remote.url} could not be fetched ({error}). Run again to go on where it broke off; "
            f"or get the file on another machine (licence: {licence}) and put it at {file}; or "
            f"name the folder that has it in the environment variable {ENVIRONMENT}."
        ) from error
    part.unlink(missing_ok=True)
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
