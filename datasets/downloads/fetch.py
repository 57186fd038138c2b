"""Downloads: checked against a published hash, resumed where they broke off."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from mottle.datasets.disk import file_hash, write_whole
from mottle.datasets.downloads.home import ENVIRONMENT, data_home
from mottle.datasets.downloads.unpack import unpack

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
    """Download and unpack one file, where it is not there yet."""
    home = data_home()
    target = home / (remote.folder or remote.name)
    if target.exists():
        return target
    file = home / remote.name
    if not file.exists():
        download(remote, file, licence, progress)
    if remote.folder is not None:
        unpack(file, target)
    return target


def download(remote: Remote, file: Path, licence: str, progress: bool) -> None:
    """Download one file; the part that an earlier, broken download left is continued."""
    import pooch
    import requests

    file.parent.mkdir(parents=True, exist_ok=True)
    kept = file.with_name(f"{file.name}.sha256")
    known = remote.hash
    if known is None and kept.exists():
        known = f"sha256:{kept.read_text().split()[0]}"
    part = file.with_name(f"{file.name}.part")
    try:
        pooch.retrieve(
            remote.url, known_hash=known, fname=file.name, path=file.parent,
            downloader=Resuming(part, progress),
        )  # fmt: skip
    except ValueError as error:  # the hash: begin anew next time
        part.unlink(missing_ok=True)
        raise ValueError(
            f"{remote.url} has another hash than published ({error}); try again later, or get the "
            f"file from elsewhere and put it at {file}."
        ) from error
    except (requests.RequestException, OSError) as error:
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
