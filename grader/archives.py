"""The notebooks in what a learning platform hands out, a folder or an archive, read one by one.

Nothing in it is trusted: no name becomes a path, and nothing is read beyond a limit.
"""

import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from grader.errors import CourseError
from grader.handed_in import LARGEST, Unreadable, read_file

MOST_FILES = 50_000
MOST_BYTES = 2**30  # of all notebooks of an archive together
# Beside each attempt Blackboard puts a text that names the user.
RECEIPT = re.compile(r".*_attempt_\d{4}(?:-\d\d){5}\.txt")


@dataclass(frozen=True)
class Found:
    """A file of the archive: its path in there, what it holds or why not, and its time."""

    path: str
    content: bytes = b""
    problem: str = ""
    when: datetime | None = None


def files(source: Path) -> Iterator[Found]:
    """All notebooks of a folder or an archive, those in archives inside it included."""
    if source.is_dir():
        yield from _in_folder(source)
        return
    try:
        with open(source, "rb") as file:
            yield from _in_archive(file, "", MOST_BYTES, nested=False)
    except OSError as error:
        raise CourseError(f"{source} cannot be read: {error.strerror}") from None
    except zipfile.BadZipFile:
        raise CourseError(f"{source} is neither a folder nor a zip archive") from None


def _in_folder(source: Path) -> Iterator[Found]:
    for place, folders, names in os.walk(source):
        folders[:] = sorted(one for one in folders if one != ".git" and not _hidden(one))
        for name in sorted(names):
            path = Path(place, name)
            shown = path.relative_to(source).as_posix()
            if not _wanted(name):
                continue
            try:
                content = read_file(path)
            except (Unreadable, OSError) as error:
                yield Found(shown, problem=str(error))
                continue
            when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            yield from _unpacked(Found(shown, content, when=when), MOST_BYTES, nested=False)


def _in_archive(file: IO[bytes], above: str, most: int, *, nested: bool) -> Iterator[Found]:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_FILES:
            raise CourseError(f"the archive holds {len(entries)} files, more than {MOST_FILES}")
        for entry in entries:
            shown = above + unicodedata.normalize("NFC", entry.filename.replace("\\", "/"))
            if entry.is_dir() or not _wanted(shown):
                continue
            read = _entry(archive, entry, shown, most)
            most -= len(read.content)
            yield from _unpacked(read, most, nested=nested)


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str, most: int) -> Found:
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Found(shown, problem="it is a link")
    if entry.flag_bits & 1:
        return Found(shown, problem="it is encrypted")
    try:
        with archive.open(entry) as file:
            # What the archive says of the size need not be true.
            content = file.read(LARGEST + 1)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
        return Found(shown, problem=f"it cannot be unpacked: {error}")
    # zlib and lzma have errors of their own.
    except Exception as error:
        return Found(shown, problem=f"it cannot be unpacked: {type(error).__name__}")
    if len(content) > LARGEST:
        return Found(shown, problem=f"it is larger than {LARGEST // 2**20} MB")
    if len(content) > most:
        return Found(shown, problem="the archive as a whole is too large")
    return Found(shown, content, when=_time_of(entry))


def _unpacked(found: Found, most: int, *, nested: bool) -> Iterator[Found]:
    """A notebook as it is; of an archive in the archive, the notebooks in there."""
    if found.problem or not found.path.lower().endswith(".zip"):
        yield found
        return
    if nested:
        yield Found(found.path, problem="it is an archive in an archive in an archive")
        return
    try:
        yield from _in_archive(BytesIO(found.content), f"{found.path}/", most, nested=True)
    except (zipfile.BadZipFile, CourseError) as error:
        yield Found(found.path, problem=f"it cannot be unpacked: {error}")


def _wanted(path: str) -> bool:
    parts = path.split("/")
    useful = path.lower().endswith((".ipynb", ".zip")) or RECEIPT.fullmatch(parts[-1])
    return bool(useful) and not any(map(_hidden, parts))


def _hidden(name: str) -> bool:
    """What systems add by themselves: .ipynb_checkpoints, __MACOSX/._name."""
    return name.startswith((".", "__MACOSX")) and name not in (".", "..")


def _time_of(entry: zipfile.ZipInfo) -> datetime | None:
    try:
        when = datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return None
    # Many programs write the first day that the format knows instead of none.
    return when if when.year > 1980 else None
