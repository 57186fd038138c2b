"""Where larger recordings lie on this machine, and where to get them when they are absent."""

import os
from pathlib import Path

ENVIRONMENT = "MOTTLE_DATA"


def data_home() -> Path:
    """Return the folder of the larger recordings.

    Returns
    -------
    Path
        The folder named by the environment variable ``MOTTLE_DATA``, else ``~/.cache/mottle``.
        It need not exist.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", MOTTLE_DATA="recordings"):
    ...     data_home().name
    'recordings'
    """
    named = os.environ.get(ENVIRONMENT, "").strip()
    return Path(named).expanduser() if named else Path.home() / ".cache" / "mottle"


def find_recordings(relative: str, *, source: str, licence: str) -> Path:
    """Return the path of a file or folder below `data_home`, or raise with the way to get it.

    Parameters
    ----------
    relative : str
        Place below the data folder, such as ``"smellnet/offline_training.zip"``.
    source, licence : str
        Where it is published, and on what terms: both are part of the message.

    Returns
    -------
    Path
        The file or folder, which exists.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    """
    path = data_home() / relative
    if not path.exists():
        raise FileNotFoundError(
            f"'{relative}' is not in the data folder {data_home()}: get it from {source} "
            f"(licence: {licence}) and put it at {path}, or name the folder that has it in the "
            f"environment variable {ENVIRONMENT}."
        )
    return path


def find_within(folder: Path, name: str) -> Path:
    """Return the file of this name in a folder or below it."""
    found = sorted(folder.rglob(name))
    if not found:
        raise FileNotFoundError(f"{folder} has no {name}, in no subfolder either.")
    return found[0]
