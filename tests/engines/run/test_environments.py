"""Environments for requirements: built once, whole or not at all, standing on what is there already."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cumulet.engines.run.environments import CannotBuild, environment, forget_unused


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package of one line, made here so that no network is needed."""
    path = tmp_path / "cumulet_probe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("cumulet_probe.py", "ANSWER = 42\n")
        about = "cumulet_probe-1.0.dist-info/"
        file.writestr(about + "METADATA", "Metadata-Version: 2.1\nName: cumulet-probe\nVersion: 1.0\n")
        file.writestr(
            about + "WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(about + "RECORD", "")
    return path


def said(python: Path, program: str) -> str:
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_nothing_required_means_the_base_itself(tmp_path):
    assert environment("# only a remark\n\n", tmp_path) == Path(sys.executable)


def test_what_is_required_is_there_and_the_base_sees_nothing_of_it(tmp_path, wheel):
    log: list[str] = []
    python = environment(f"{wheel}\n", tmp_path / "environments", log=log.append)
    assert said(python, "import cumulet_probe; print(cumulet_probe.ANSWER)") == "42"
    assert "cumulet-probe" in "\n".join(log)
    with pytest.raises(subprocess.CalledProcessError):
        said(Path(sys.executable), "import cumulet_probe")


def test_the_packages_of_the_base_are_seen_with_editable_ones(tmp_path, wheel):
    python = environment(str(wheel), tmp_path / "environments")
    program = "import botocore, cumulet; print(cumulet.__file__)"
    assert said(python, program) == said(Path(sys.executable), program)


def test_the_second_time_it_is_there_at_once(tmp_path, wheel):
    first = environment(str(wheel), tmp_path / "environments")
    log: list[str] = []
    assert environment(str(wheel), tmp_path / "environments", log=log.append) == first
    assert log == []
    assert environment(f"{wheel}\n# changed", tmp_path / "environments") != first


def test_many_who_want_the_same_share_one_build(tmp_path, wheel):
    log: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        pythons = set(
            pool.map(lambda _: environment(str(wheel), tmp_path / "environments", log=log.append), range(4))
        )
    assert len(pythons) == 1
    assert len([line for line in log if line.startswith("Requirements installed")]) == 1


def test_what_cannot_be_installed_is_said_with_the_installers_words(tmp_path):
    folder = tmp_path / "environments"
    with pytest.raises(CannotBuild, match="no-such-file"):
        environment(f"{tmp_path}/no-such-file-1.0-py3-none-any.whl", folder)
    assert [path.name for path in folder.iterdir() if path.is_dir()] == []


def test_a_builder_that_is_killed_leaves_no_half_environment(tmp_path, wheel):
    folder = tmp_path / "environments"
    program = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from cumulet.engines.run import environments
        def die(*_): os.kill(os.getpid(), signal.SIGKILL)
        environments._install = die
        environments.environment({str(wheel)!r}, Path({str(folder)!r}))
    """)
    died = subprocess.run([sys.executable, "-c", program], check=False)
    assert died.returncode == -signal.SIGKILL
    assert [path.name for path in folder.iterdir() if path.is_dir()] != []
    python = environment(str(wheel), folder)
    assert said(python, "import cumulet_probe; print(cumulet_probe.ANSWER)") == "42"


def test_environments_that_nobody_uses_are_forgotten(tmp_path, wheel):
    folder = tmp_path / "environments"
    python = environment(str(wheel), folder)
    forget_unused(folder, before=0)
    assert python.exists()
    os.utime(python.parent.parent / "complete", (1, 1))
    forget_unused(folder, before=2)
    assert not python.exists()


@pytest.mark.slow
def test_a_package_of_the_registry_can_be_had_in_another_version_than_the_bases(tmp_path):
    python = environment("jmespath==1.0.0\n", tmp_path / "environments")
    assert said(python, "import jmespath; print(jmespath.__version__)") == "1.0.0"
