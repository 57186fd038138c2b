"""Text headers before binary events: where they end, whatever byte the events begin with."""

import re

from mottle.sensors.files.formats.record import Source

LONGEST = 1 << 22  # bytes of a header; jAER writes all preferences of a camera into it
CONTROL = frozenset(range(32)) - {9, 13}  # bytes that no line of text holds: all but tab and return


def whole_head(source: Source, mark: bytes) -> bytes:
    """Return the first bytes of a file: more than recognise it, where its header may be longer."""
    if not source.head.startswith(mark) or not (CONTROL - {10}).isdisjoint(source.head):
        return source.head  # events have begun
    with source.path.open("rb") as file:
        return file.read(LONGEST)


def text_header(
    head: bytes, mark: bytes, *, ends: tuple[str, ...], space: bool, place: str
) -> tuple[list[str], int]:
    r"""Return the header lines without their mark, and the byte behind them.

    The header ends behind one of the lines ``ends``. Where there is none, a line belongs to it if
    it begins with ``mark``, followed by a space where ``space`` demands one, and holds text only:
    the first event may begin with the same byte.

    Examples
    --------
    >>> text_header(b"% evt 3.0 \n%\x80", b"%", ends=("end",), space=True, place="a file")
    (['evt 3.0'], 11)
    """
    begin = mark + b" " if space else mark
    last = rb"^%s[ \t]*(?:%s)[ \t]*\r?\n" % (mark, "|".join(map(re.escape, ends)).encode())
    low = head.lower()  # finding is much faster than searching, and mostly there is no such line
    perhaps = any(end.lower().encode() in low for end in ends)
    if perhaps and (closed := re.search(last, head, re.IGNORECASE | re.MULTILINE)):
        rows = head[: closed.end()].splitlines()
        return [row[len(mark) :].decode("latin-1").strip() for row in rows], closed.end()
    lines: list[str] = []
    start = 0
    while head.startswith(begin, start):
        end = head.find(b"\n", start)
        text = head[start + len(mark) : end if end >= 0 else None]
        if not is_text(text):
            break
        if end < 0:
            raise ValueError(
                f"the header of {place} does not end within {len(head)} bytes (line at byte "
                f"{start}); the copy is incomplete, or this is another format."
            )
        lines.append(text.decode("latin-1").strip())
        start = end + 1
    return lines, start


def is_text(line: bytes) -> bool:
    """Return whether bytes are a line of text: no control bytes, and valid UTF-8.

    Examples
    --------
    >>> is_text(b"evt 2.0"), is_text(bytes([0x80, 0, 0]))
    (True, False)
    """
    if not CONTROL.isdisjoint(line):
        return False
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
