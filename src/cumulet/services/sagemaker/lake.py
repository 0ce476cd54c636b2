"""Between the lake and a job's folder: channels laid out without copying, results packed and put back.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-train-storage.html
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from cumulet.engines.run import mounts_supported
from cumulet.services.sagemaker.training_request import split_uri

SMALL = 64 << 10  # bytes up to which a copy costs no more than a link, and leaves the script free to edit
CLONE = 0x40049409  # Linux's FICLONE: a copy that shares its blocks until either side changes
ATTEMPTS = 20
T = TypeVar("T")
COMPRESSION = 4  # trained weights hardly shrink; more effort only takes time


class CannotStage(Exception):
    """Objects that no folder can hold; the text says which."""


def stage_channel(s3: Any, uri: str, folder: Path, *, shared: bool = True) -> int:
    """Lay every object under a prefix into a channel's folder, by the part of its key behind the prefix.

    The bytes are shared with the lake wherever the file system can do that, so that nobody may write to them;
    files that are not `shared` are the job's own. The bytes laid out are counted.
    """
    bucket, prefix = split_uri(uri)
    return settled(
        uri, folder, lambda: _stage_all(s3.files(Bucket=bucket, Prefix=prefix), prefix, folder, shared)
    )


def settled(uri: str, folder: Path, lay: Callable[[], T]) -> T:
    """Lay objects into a folder, anew where one was overwritten or deleted after it had been listed."""
    for _ in range(ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            return lay()
        remove(folder)
    raise CannotStage(f"The objects under {uri} change faster than they can be read.")


def _stage_all(files: Iterable[Any], prefix: str, folder: Path, shared: bool) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    for file in files:
        name = name_in_channel(file.key, prefix)
        if name and not name.endswith("/"):
            stage(file.path, inside(folder, name), file.size, shared=shared)
            size += file.size
    return size


def stage_files(files: Iterable[Any], folder: Path, *, shared: bool = True) -> None:
    """Objects that have names already (`sources.listed`) into a folder; FileNotFoundError where one has just
    been overwritten or deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        stage(file.path, inside(folder, file.name), file.size, shared=shared)


def stage_object(s3: Any, uri: str, target: Path) -> None:
    """One object as one file."""
    bucket, key = split_uri(uri)
    target.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(ATTEMPTS):
        found = next((file for file in s3.files(Bucket=bucket, Prefix=key) if file.key == key), None)
        if found is None:
            break
        with contextlib.suppress(FileNotFoundError):  # overwritten since it was listed: look again
            return stage(found.path, target, found.size)
    raise CannotStage(f"There is no object {uri}.")


def name_in_channel(key: str, prefix: str) -> str:
    """`s3://b/in` and `s3://b/in/` both give `in/a.csv` as `a.csv`; `s3://b/in/a` gives it as `a.csv` too."""
    rest = key[len(prefix) :]
    if prefix.endswith("/") or not prefix:
        return rest
    return rest[1:] if rest.startswith("/") else key[prefix.rfind("/") + 1 :]


def inside(folder: Path, name: str) -> Path:
    """The place in a folder for an object of a name, its parents made."""
    parts = PurePosixPath(name).parts
    if "\0" in name or name.startswith("/") or any(part in ("..", ".") for part in parts):
        raise CannotStage(f"The key {name!r} cannot be the name of a file.")
    target = folder.joinpath(*parts)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise CannotStage(f"The key {name!r} lies below another object, which no folder can hold.") from None
    return target


def stage(source: Path, target: Path, size: int, *, shared: bool = True, small: int = SMALL) -> None:
    """One object as a file: cloned where the file system can, else linked; copied where it is small or to be
    written to, or where nothing would keep the job from writing to the lake's own bytes."""
    if size > small and _clone(source, target):
        return
    if shared and size > small and may_share():
        _link(source, target)
    else:
        shutil.copyfile(source, target)


def may_share() -> bool:
    """Whether a job can be kept off what it sees: by a shield of mounts, or by the files' modes, which only root
    passes over."""
    return mounts_supported() or os.geteuid() != 0


def _clone(source: Path, target: Path) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        with source.open("rb") as original, target.open("wb") as copy:
            fcntl.ioctl(copy.fileno(), CLONE, original.fileno())
    except OSError:
        target.unlink(missing_ok=True)
        return False
    return True


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM):
            raise
        shutil.copyfile(source, target)


def pack(folder: Path, target: Path) -> Path:
    """A folder's content as a tar.gz, names relative to it, as SageMaker packs models and outputs."""
    with tarfile.open(target, "w:gz", compresslevel=COMPRESSION) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
    return target


def unpack(archive: Path, folder: Path) -> None:
    """A tar.gz into a folder; what points outside of it is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extractall(folder, filter="data")
        else:  # Python before 3.11.4; one by one, since a link counts as what has been extracted before it
            tar.extractall(folder, members=(_inside(member, folder) for member in tar))


def _inside(member: tarfile.TarInfo, folder: Path) -> tarfile.TarInfo:
    """A member that is a file, a folder or a link, and stays in the folder."""
    root = folder.resolve()
    place = root / member.name
    ends = [place]
    if member.issym():
        ends.append(place.parent / member.linkname)
    elif member.islnk():
        ends.append(root / member.linkname)
    if member.isdev() or not all(end.resolve().is_relative_to(root) for end in ends):
        raise tarfile.TarError(f"{member.name!r} would be extracted outside of the folder")
    return member


def upload_folder(s3: Any, folder: Path, uri: str, key: str = "") -> None:
    """Every file of a folder as an object of its own. The lake takes over another name of it: the file
    stays, so that after a crash in between all can be put again."""
    for path in files_in(folder):
        upload_file(s3, path, folder, uri, key)


def upload_file(s3: Any, path: Path, folder: Path, uri: str, key: str = "") -> None:
    """One file of a folder; nobody may write to it any more."""
    handed = folder.with_name(f".{folder.name}-handed-over")
    handed.unlink(missing_ok=True)
    _link(path, handed)
    hand_over(s3, handed, path.relative_to(folder), uri, key)


def hand_over(s3: Any, file: Path, name: Path, uri: str, key: str = "") -> None:
    """Let the lake take a file over, as the object of a name under a prefix."""
    bucket, prefix = split_uri(uri)
    path = "/".join(filter(None, [prefix.rstrip("/"), name.as_posix()]))
    s3.put_object(Bucket=bucket, Key=path, Body=file, **encryption(key))


def encryption(key: str) -> dict[str, str]:
    """What PutObject is told where a job's output is to be under a KMS key; as the bucket says where it is not."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}


def files_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def merge(folder: Path, target: Path) -> None:
    """Show a folder's files in another one too, where those that are there already stay."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.rglob("*")):
        place = target / path.relative_to(folder)
        if path.is_dir() and not path.is_symlink():
            place.mkdir(exist_ok=True)
        elif not os.path.lexists(place):
            os.link(path, place, follow_symlinks=False)


def remove(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
