"""Python environments for requirements: built once for each text of requirements, then shared by all runs.

An environment stands on a base interpreter: it sees that one's packages (editable ones too) and adds or
overrides only what the requirements ask for. It is built aside and marked complete at the end, under a lock
that a dying builder lets go of: there is never half an environment, and jobs that want the same one wait for
one build.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

Log = Callable[[str], None]

LAST = 20  # lines of pip's that an error shows
MARK = "complete"  # the file that says so; its time is that of the last use
ABOUT = """
import importlib.metadata as m, sys, sysconfig
print(sys.version, sysconfig.get_platform())
for found in sorted(f"{d.name}=={d.version}" for d in m.distributions()): print(found)
"""
PATHS = """
import site, sys, sysconfig
own = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()])
if site.ENABLE_USER_SITE: own[site.getusersitepackages()] = None
print("\\n".join(own))
"""


class CannotBuild(Exception):
    """The requirements could not be installed; the message ends with the installer's last lines."""


def environment(requirements: str, folder: Path, base: Path | None = None, log: Log = lambda _: None) -> Path:
    """The Python in which the requirements (a requirements.txt's text) are installed.

    `folder` holds all environments; `base` is the interpreter to stand on, this one by default; `log` hears
    the installer's lines, where there is something to install. Relative paths in the text do not work.
    """
    base = base or Path(sys.executable)
    if not any(line.partition("#")[0].strip() for line in requirements.splitlines()):
        return base
    place = folder / _key(requirements, base)
    if _complete(place):
        return _python(place)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f"{place.name}.lock") as lock:
        if not _complete(place):
            _build(requirements, place, base, log, lock)
    return _python(place)


def private(place: Path, base: Path | None = None) -> Path:
    """The Python of an environment of one run's own, in a folder that goes with the run.

    It sees the base's packages; what a program installs while it runs (`pip install` inside a training
    script) stays here, and reaches neither the base nor another run.
    """
    base = base or Path(sys.executable)
    shutil.rmtree(place, ignore_errors=True)
    _make(place, base)
    for name in ("pip", "pip3"):
        command = place / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{_python(place)}" -m pip "$@"\n')
        command.chmod(0o755)
    return _python(place)


def forget_unused(folder: Path, before: float) -> None:
    """Delete the environments that nobody has asked for since a time (epoch seconds)."""
    for mark in folder.glob(f"*/{MARK}"):
        if mark.stat().st_mtime < before:
            with _locked(folder / f"{mark.parent.name}.lock"):
                mark.unlink()
                shutil.rmtree(mark.parent)


def _key(requirements: str, base: Path) -> str:
    """Changes with the text, the interpreter, and what is installed in it."""
    described = f"{requirements}\0{base}\0{_about(base, _fingerprint(base))}"
    return hashlib.sha256(described.encode()).hexdigest()[:24]


def _fingerprint(base: Path) -> tuple[int, ...]:
    """Changes when something is installed: the times of the interpreter and its folders of packages."""
    places = [base, *base.parent.parent.glob("lib/python*/site-packages")]
    return tuple(place.stat().st_mtime_ns for place in places)


@lru_cache(maxsize=64)
def _about(base: Path, fingerprint: tuple[int, ...]) -> str:
    return _ask(base, ABOUT)


@lru_cache(maxsize=64)
def _paths(base: Path, fingerprint: tuple[int, ...]) -> str:
    return _ask(base, PATHS)


def _ask(python: Path, program: str) -> str:
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout


def _complete(place: Path) -> bool:
    """Whether it can be used; then it counts as used now."""
    try:
        os.utime(place / MARK)
    except FileNotFoundError:
        return False
    return True


def _python(place: Path) -> Path:
    return place / "bin/python"


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The kernel lets go of the lock when its holder dies, and whoever else was given the descriptor."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _build(requirements: str, place: Path, base: Path, log: Log, lock: int) -> None:
    """An environment cannot be moved (its scripts name it), so it is made in place and marked at the end."""
    shutil.rmtree(place, ignore_errors=True)  # what a builder that died has left
    started = time.monotonic()
    try:
        _make(place, base)
        text = place / "requirements.txt"
        text.write_text(requirements)
        _install(_installer(_python(place), text), log, lock)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    log(f"Requirements installed in {time.monotonic() - started:.1f} s.")
    (place / MARK).touch()


def _make(place: Path, base: Path) -> None:
    """An environment with nothing of its own."""
    if base == Path(sys.executable):
        venv.create(place, symlinks=True, with_pip=False)
    else:
        _ask(base, f"import venv; venv.create({str(place)!r}, symlinks=True, with_pip=False)")
    _show_base(place, base)


def _show_base(place: Path, base: Path) -> None:
    """Let it see the base's packages, behind its own: `addsitedir` also follows the base's .pth files, which
    is where editable installs are."""
    paths = _paths(base, _fingerprint(base)).splitlines()
    lines = [f"import site; site.addsitedir({path!r})\n" for path in paths]
    (own,) = place.glob("lib/python*/site-packages")
    (own / "base.pth").write_text("".join(lines))


def _installer(python: Path, requirements: Path) -> list[str]:
    """uv where there is one (quicker), else the pip of the interpreter that runs this."""
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", str(python), "-r", str(requirements)]
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--no-color"]
    return [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        *options,
        "-r",
        str(requirements),
    ]


def _install(command: list[str], log: Log, lock: int) -> None:
    """The installer holds the lock too: where only its starter dies, nobody builds in the same place meanwhile."""
    last: deque[str] = deque(maxlen=LAST)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=subprocess.STDOUT, text=True, pass_fds=[lock]
    ) as process:
        assert process.stdout
        for line in process.stdout:
            last.append(line.rstrip("\n"))
            log(last[-1])
    if process.returncode:
        raise CannotBuild("The requirements could not be installed:\n" + "\n".join(last))
