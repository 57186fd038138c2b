"""The file of a model: a zip archive of arrays and text, every byte of which has a hash."""

import json
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from scipy import sparse

from mottle.sensors.files.arrays import read_header
from mottle.sensors.files.limits import check_bytes

FORMAT, FORMAT_VERSION = "mottle model", 1
MANIFEST, SCHEMA = "manifest.json", "schema.json"
KEYS = {"model": str, "versions": dict, "arithmetic": dict, "about": dict, "hashes": dict}
MOST_TEXT = 1 << 24  # bytes of schema or manifest: their nodes take forty times as much memory


def pack(members: Mapping[str, bytes], info: Mapping[str, Any]) -> bytes:
    """Return the bytes of an archive, the same for the same content.

    The manifest has the hash of every member; the comment of the archive is the manifest's.
    """
    hashes = {name: sha256(data).hexdigest() for name, data in members.items()}
    head = {"format": FORMAT, "format_version": FORMAT_VERSION}
    manifest = json.dumps({**head, **info, "hashes": hashes}, indent=1).encode()
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, data in {MANIFEST: manifest, **members}.items():
            archive.writestr(ZipInfo(name), data, ZIP_DEFLATED)
        archive.comment = sha256(manifest).hexdigest().encode()
    return buffer.getvalue()


def unpack(whole: bytes, path: Any, limit: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Compare every byte of an archive with its hash.

    Parameters
    ----------
    whole : bytes
        The archive.
    path : Path or str
        What errors name.
    limit : int
        The most bytes to which the content may come.

    Returns
    -------
    info : dict
        The manifest, and under "hash" its own.
    members : dict of str to bytes
        All others.

    Raises
    ------
    ValueError
        For another format, a newer version, damage, or a content that is too large.
    """
    if whole[:4] != b"PK\3\4":
        raise ValueError(f"{path} is no model file of mottle: it begins with {whole[:4]!r}.")
    with ZipFile(BytesIO(whole)) as archive:
        found = archive.infolist()
        names = [member.filename for member in found]
        if MANIFEST not in names:
            raise ValueError(f"{path} is no model file of mottle: it holds no {MANIFEST}.")
        if len(set(names)) < len(names):
            raise ValueError(f"{path} has a name twice.")
        check_bytes(f"the content of {path}", sum(one.file_size for one in found), limit)
        for member in found:
            if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or member.flag_bits & 1:
                raise ValueError(f"{path}: {member.filename!r} is encrypted or oddly compressed.")
            if member.filename in (MANIFEST, SCHEMA) and member.file_size > MOST_TEXT:
                raise ValueError(
                    f"{member.filename} of {path} comes to {member.file_size} bytes, more than "
                    f"{MOST_TEXT}: large tables of a model must be arrays."
                )
        info, own = read_manifest(path, archive.read(MANIFEST))
        if archive.comment.decode("ascii", "replace") != own:
            raise ValueError(f"{path} is damaged: {MANIFEST} is not as it was written.")
        members = {name: archive.read(name) for name in names if name != MANIFEST}
    hashes = info["hashes"]
    if set(hashes) != set(members):
        odd = min(set(hashes) ^ set(members))
        raise ValueError(f"{path}: {odd!r} is missing, or is not in the list of its content.")
    for name, data in members.items():
        if sha256(data).hexdigest() != hashes[name]:
            raise ValueError(f"{path} is damaged: {name} is not as it was written.")
    for name, data in members.items():
        check_member(path, name, data, limit)
    return info | {"hash": own}, members


def read_manifest(path: Any, text: bytes) -> tuple[dict[str, Any], str]:
    """Return the manifest of a model file that this version reads, and its hash."""
    info = json.loads(text)
    if not isinstance(info, dict) or info.get("format") != FORMAT:
        raise ValueError(f"{path} is no model file of mottle: {MANIFEST} does not say so.")
    version = info.get("format_version")
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"{path} states format_version={version!r}, expected a whole number.")
    if version > FORMAT_VERSION:
        by = info.get("versions", {}).get("mottle", "?")
        raise ValueError(
            f"{path} was written by mottle {by} in version {version} of the format, and this "
            f"mottle reads versions up to {FORMAT_VERSION}: install a newer one."
        )
    for key, kind in KEYS.items():
        if not isinstance(info.get(key), kind):
            raise ValueError(f"{path}: {MANIFEST} has no {key!r} that is a {kind.__name__}.")
    return info, sha256(text).hexdigest()


def check_member(path: Any, name: str, data: bytes, limit: int) -> None:
    """Refuse arrays that state other sizes than they have, and indices outside sparse arrays."""
    what = f"{name} of {path}"
    if name.endswith(".npy"):
        check_array(what, data)
    elif name.endswith(".npz"):
        with ZipFile(BytesIO(data)) as parts:
            check_bytes(what, sum(part.file_size for part in parts.infolist()), limit)
            for part in parts.namelist():
                check_array(f"{part} in {what}", parts.read(part))
        table = sparse.load_npz(BytesIO(data))
        if table.format not in ("csr", "csc"):
            raise ValueError(f"{what} is a {table.format} array.")
        table.check_format(full_check=True)
    elif name != SCHEMA:
        raise ValueError(f"{what} is neither an array nor the schema.")


def check_array(what: str, data: bytes) -> None:
    """Refuse ``.npy`` bytes of objects, and those that state another size than they have."""
    file = BytesIO(data)
    header = read_header(what, file)
    there = len(data) - header.begin
    if header.n_bytes != there:
        raise ValueError(f"{what} states {header.n_bytes} bytes of numbers and has {there}.")
