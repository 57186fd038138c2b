"""Hide from every process with this folder on its path what Windows or macOS lacks.

The module is loaded at the start of Python. What only a real system shows (its own locks, names
that it refuses, its separators) is not covered.
"""

import errno
import os
import signal
import sys

HIDDEN = {
    os: ("fork", "forkpty", "sched_getaffinity", "mkfifo", "wait4", "nice"),
    signal: (
        "SIGKILL",
        "SIGHUP",
        "SIGUSR1",
        "SIGUSR2",
        "SIGALRM",
        "SIGXFSZ",
        "SIGPIPE",
        "setitimer",
    ),
}
_open = os.open


def refuse_folders(path, *arguments, **named):
    """Open a file; refuse a folder, as Windows does."""
    if isinstance(path, (str, os.PathLike)) and os.path.isdir(path):
        raise PermissionError(errno.EACCES, "no folder can be opened", str(path))
    return _open(path, *arguments, **named)


def refuse_links(source, target, **named):
    """Refuse hard and symbolic links, as a file system without them does."""
    raise OSError(errno.EPERM, "no links", str(source))


for module in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[module] = None
for module, names in HIDDEN.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
if hasattr(os, "process_cpu_count"):  # from Python 3.13, where it would call sched_getaffinity
    os.process_cpu_count = os.cpu_count
os.open, os.link, os.symlink = refuse_folders, refuse_links, refuse_links
