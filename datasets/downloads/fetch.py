"""Downloads: checked against a published hash, resumed where they broke off."""

import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from mottle.datasets.disk import file_hash, only_writer, sync, write_whole
from mottle.datasets.downloads.home import ENVIRONMENT, data_home
from mottle.datasets.downloads.unpack import UNREADABLE, members, unpack

PIECE = 1 << 16
TIMEOUT = 30  # s without a byte


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


def fetch_files(remotes: Sequence[Remote], *, licence: str, progress: bool = True) -> list[Path]:
    """Download and unpack what is not in the data folder yet.

    Parameters
    ----------
    remotes : sequence of Remote
        Files wanted.
    licence : str
        Part of the messages.
    progress : bool, default=True
        Show a progress bar on standard error.

    Returns
    -------
    list of Path
        The files, or the folders they were unpacked to.

    Raises
    ------
    ConnectionError
        If a file cannot be downloaded; the message names the place to put it by hand.
    ValueError
        If a download has another hash, or an archive cannot be unpacked safely.
    """
    return [_fetch(remote, licence, progress) for remote in remotes]


def _fetch(remote: Remote, licence: str, progress: bool) -> Path:
    """Download and unpack one file, where it is not there yet or not whole."""
    home = data_home()
    target = home / (remote.folder or remote.name)
    file = home / remote.name
    if target.exists() and (remote.folder is not None or _is_whole(remote, file)):
        return target
    file.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(file, wait=True):  # a second fetcher waits, and finds what the first fetched
        if target.exists() and (remote.folder is not None or _is_whole(remote, file)):
            return target
        was_there = file.exists() and _is_whole(remote, file)
        if not was_there:
            download(remote, file, licence, progress)
        _keep_hash(remote, file)
        if remote.folder is None:
            return target
        try:
            unpack(file, target)
        except ValueError:
            if not was_there or remote.hash is not None:  # another download would be the same
                raise
            file.with_name(f"{file.name}.sha256").unlink(missing_ok=True)  # that of a bad file
            download(remote, file, licence, progress)
            _keep_hash(remote, file)
            unpack(file, target)
    return target


def _known_hash(remote: Remote, file: Path) -> str | None:
    """Return the hash that a file must have: the published one, or that of the first download."""
    kept = file.with_name(f"{file.name}.sha256")
    if remote.hash is None and kept.exists():
        return f"sha256:{kept.read_text().split()[0]}"
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


def download(remote: Remote, file: Path, licence: str, progress: bool) -> None:
    """Download one file; the part that an earlier, broken download left is continued.

    What is in the place stays until the download is whole and has its hash.
    """
    import pooch
    import requests

    file.parent.mkdir(parents=True, exist_ok=True)
    known = _known_hash(remote, file)
    part = file.with_name(f"{file.name}.part")
    aside = file.with_name(f".{file.name}.fetching")  # pooch's own temporary files
    shutil.rmtree(aside, ignore_errors=True)  # left by a kill
    try:
        pooch.retrieve(
            remote.url, known_hash=known, fname=file.name, path=aside,
            downloader=Resuming(part, progress),
        )  # fmt: skip
        sync(aside / file.name)
        os.replace(aside / file.name, file)
        sync(file.parent)
    except ValueError as error:  # the hash: begin anew next time
        part.unlink(missing_ok=True)
        raise ValueError(
            f"{remote.url} has another hash than published ({error}); try again later, or get the "
            f"file from elsewhere and put it at {file}."
        ) from error
    except (requests.RequestException, OSError) as error:
        place = "is there, but cut or damaged, and " if file.exists() else ""
        raise ConnectionError(
            f"{file.name} {place}could not be fetched from {remote.url} ({error}). Run again to go "
            f"on where it broke off; or get the file on another machine (licence: {licence}) and "
            f"put it at {file}; or name the folder that has it in the environment variable "
            f"{ENVIRONMENT}."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    part.unlink(missing_ok=True)


def _keep_hash(remote: Remote, file: Path) -> None:
    """Write the hash of a file beside it, where none is published and none was kept yet."""
    kept = file.with_name(f"{file.name}.sha256")
    if remote.hash is None and not kept.exists():
        text = f"{file_hash(file)}  {file.name}\n"
        write_whole(kept, lambda out: out.write(text.encode()))


class Resuming:
    """A downloader for pooch that goes on where an earlier one broke off."""

    def __init__(self, part: Path, progress: bool):
        self.part, self.progress = part, progress

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
            left = int(answer.headers.get("Content-Length", 0))
            bar = tqdm(
                total=have + left or None, initial=have, unit="B", unit_scale=True,
                disable=not self.progress, desc=self.part.name.removesuffix(".part"),
            )  # fmt: skip
            with bar, self.part.open("ab" if resumes else "wb") as out:
                for piece in answer.iter_content(PIECE):
                    out.write(piece)
                    bar.update(len(piece))
            size = self.part.stat().st_size
            if left and size != have + left:
                raise requests.ConnectionError(f"only {size} of {have + left} bytes came")
        shutil.copyfile(self.part, output_file)
        return None
