"""A folder under another path, for one program only; the host sees nothing of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cumulet.engines.run import MountsUnavailable, Task, mounts_refused, mounts_supported, namespace, start

PATIENCE = 20.0  # seconds that a test waits for what must come

needs_mounts = pytest.mark.skipif(not mounts_supported(), reason=mounts_refused())
SOURCE = Path(__file__).parents[3] / "src"


def shell(tmp_path: Path, script: str, *targets: str) -> list[str]:
    shown = tmp_path / "shown"
    shown.mkdir(exist_ok=True)
    (shown / "here").touch()
    run = start(Task(tmp_path / "run", ["sh", "-ec", script], mounts=dict.fromkeys(targets, shown)))
    ended = run.wait(PATIENCE)
    assert ended.exit_code == 0, run.log.read_text()
    return run.log.read_text().split()


@needs_mounts
@pytest.mark.parametrize("target", ["/opt/ml", "/opt/a/b/c", "/no-such-place/ml", "/usr/share/no-such-place"])
def test_a_mount_point_that_is_not_there_is_made_for_the_program_only(tmp_path, target):
    assert not Path(target).exists()
    seen = shell(tmp_path, f"ls {target}; touch {target}/made", target)
    assert seen == ["here"]
    assert (tmp_path / "shown/made").exists()
    assert not Path(target).exists()
    assert not Path(target).parent.joinpath(".old").exists()


@needs_mounts
@pytest.mark.parametrize("parent", ["/opt", "/"])
def test_what_lies_beside_a_mount_point_stays_in_sight(tmp_path, parent):
    beside = sorted(path.name for path in Path(parent).iterdir())
    seen = shell(tmp_path, f"ls -A {parent}", f"{parent.rstrip('/')}/no-such-place/ml")
    assert sorted(seen) == sorted([*beside, "no-such-place"])


@needs_mounts
def test_files_and_links_beside_a_mount_point_keep_their_content(tmp_path):
    place = tmp_path / "place"
    (place / "folder").mkdir(parents=True)
    (place / "file").write_text("text")
    (place / "link").symlink_to("file")
    script = f"cat {place}/link; echo; readlink {place}/link; echo more >> {place}/file; ls {place}/ml"
    assert shell(tmp_path, script, f"{place}/ml") == ["text", "file", "here"]
    assert (place / "file").read_text() == "textmore\n"
    assert sorted(path.name for path in place.iterdir()) == ["file", "folder", "link"]


@needs_mounts
def test_a_mount_covers_a_folder_that_is_there(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/old").touch()
    assert shell(tmp_path, f"ls {tmp_path}/there", f"{tmp_path}/there") == ["here"]
    assert (tmp_path / "there/old").exists()


@needs_mounts
def test_several_mounts_at_once_and_one_within_another(tmp_path):
    seen = shell(tmp_path, "ls /opt/ml /no-such-place/x", "/opt/ml", "/no-such-place/x")
    assert seen == ["/no-such-place/x:", "here", "/opt/ml:", "here"]
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "deep").touch()
    (tmp_path / "shown/input").mkdir()
    mounts = {"/opt/ml": tmp_path / "shown", "/opt/ml/input": inner}
    run = start(Task(tmp_path / "second", ["ls", "/opt/ml/input"], mounts=mounts))
    run.wait(PATIENCE)
    assert run.log.read_text() == "deep\n"


@needs_mounts
def test_the_program_can_start_in_a_mounted_folder(tmp_path):
    shown = tmp_path / "shown"
    shown.mkdir()
    run = start(Task(tmp_path / "run", ["pwd"], mounts={"/opt/ml": shown}, cwd=Path("/opt/ml")))
    run.wait(PATIENCE)
    assert run.log.read_text() == "/opt/ml\n"


@needs_mounts
def test_two_programs_see_two_folders_at_one_path(tmp_path):
    runs = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "name").write_text(name)
        runs.append(
            start(Task(tmp_path / f"run-{name}", ["cat", "/opt/ml/name"], mounts={"/opt/ml": folder}))
        )
    assert [run.wait(PATIENCE).exit_code for run in runs] == [0, 0]
    assert [run.log.read_text() for run in runs] == ["a", "b"]


@needs_mounts
def test_what_is_written_to_shared_files_goes_to_copies(tmp_path):
    job, lake = tmp_path / "job, with: odd name", tmp_path / "lake"
    (job / "data").mkdir(parents=True)
    lake.write_text("the lake's own\n")
    lake.chmod(0o444)
    (job / "data/file").hardlink_to(lake)
    script = "cd /opt/ml/data; chmod u+w file; echo more >> file; cat file; touch new; ls"
    task = Task(
        job / "run", ["sh", "-ec", script], mounts={"/opt/ml": job}, shielded=["/opt/ml/data", "/opt/no"]
    )
    for _ in range(2):  # and a second time, as after a crash
        run = start(task)
        assert run.wait(PATIENCE).exit_code == 0, run.log.read_text()
        assert run.log.read_text() == "the lake's own\nmore\nfile\nnew\n"
    assert lake.read_text() == "the lake's own\n"
    assert [path.name for path in (job / "data").iterdir()] == ["file"]


SHIELD_ON_AN_OVERLAY = """
import os, sys
sys.path.append(sys.argv[1])
import namespace
os.chdir(sys.argv[2])
for name in ("up", "work", "low/data", "over"):
    os.makedirs(name)
namespace.enter({})
namespace._mount("overlay", "over", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work")
with open("over/data/file", "w") as file:
    file.write("the lake's own")
namespace.shield(os.path.abspath("over/data"), os.path.abspath("over/scratch"))
with open("over/data/file", "a") as file:
    file.write(", and more")
print(open("over/data/file").read(), "/", open("up/data/file").read())
"""


@needs_mounts
def test_where_no_overlay_can_lie_on_the_disk_copies_are_held_in_memory(tmp_path):
    folder = Path(namespace.__file__).parent
    command = [sys.executable, "-c", SHIELD_ON_AN_OVERLAY, str(folder), str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == "the lake's own, and more / the lake's own\n"


@needs_mounts
def test_folders_can_be_shown_for_reading_only(tmp_path):
    (tmp_path / "shown/data").mkdir(parents=True)
    (tmp_path / "shown/data/file").write_text("text\n")
    script = "cat /opt/ml/data/file; echo more >> /opt/ml/data/file || echo no; touch /opt/ml/beside"
    command = ["sh", "-c", script]
    mounts = {"/opt/ml": tmp_path / "shown"}
    run = start(Task(tmp_path / "run", command, mounts=mounts, read_only=["/opt/ml/data"]))
    assert run.wait(PATIENCE).exit_code == 0
    said = run.log.read_text().splitlines()
    assert (said[0], said[-1]) == ("text", "no")
    assert (tmp_path / "shown/data/file").read_text() == "text\n"


@needs_mounts
def test_a_program_can_have_a_name_and_an_address_of_its_own(tmp_path):
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n127.1.2.3 algo-1\n")
    program = "import socket; print(socket.gethostname(), socket.gethostbyname(socket.gethostname()))"
    command = [sys.executable, "-c", program]
    mounts = {"/etc/hosts": tmp_path / "hosts"}
    run = start(Task(tmp_path / "run", command, mounts=mounts, hostname="algo-1"))
    assert run.wait(PATIENCE).exit_code == 0
    assert run.log.read_text() == "algo-1 127.1.2.3\n"


@needs_mounts
def test_a_program_without_a_network_reaches_nothing_but_itself(tmp_path):
    program = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
    print("itself")
with socket.socket() as other:
    print(other.connect_ex(("127.0.0.1", %d)) != 0)
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", program % server.getsockname()[1]]
        run = start(Task(tmp_path / "run", command, offline=True))
        assert run.wait(PATIENCE).exit_code == 0, run.log.read_text()
    assert run.log.read_text() == "itself\nTrue\n"


@needs_mounts
def test_a_file_is_shown_where_none_was(tmp_path):
    (tmp_path / "file").write_text("text\n")
    mounts = {"/opt/no-such-place/file": tmp_path / "file"}
    run = start(Task(tmp_path / "run", ["cat", "/opt/no-such-place/file"], mounts=mounts))
    assert run.wait(PATIENCE).exit_code == 0
    assert run.log.read_text() == "text\n"
    assert not Path("/opt/no-such-place").exists()


def system_python() -> str | None:
    """A Python that any user may start (pyenv's lie in a home)."""
    found = (shutil.which(f"python3.{minor}", path="/usr/bin") for minor in (11, 12, 13, 14))
    return next((path for path in found if path), None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.skipif(
    not shutil.which("setpriv") or not system_python(), reason="needs setpriv and a system Python"
)
def test_somebody_who_is_not_root_gets_mounts_too():
    program = f"""
import os, sys, tempfile
from pathlib import Path
sys.path.insert(0, {str(SOURCE)!r})
from cumulet.engines.run import Task, start, mounts_refused
if refused := mounts_refused():
    print("refused:", refused)
    sys.exit()
with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
    for target in ("/opt/ml", "/no-such-place/ml"):
        shown = Path(place, "shown")
        shown.mkdir(exist_ok=True)
        command = ["sh", "-ec", f"echo text > {{target}}/made; id -u"]
        run = start(Task(Path(place, "run"), command, mounts={{target: shown}}))
        ended = run.wait(20)
        print(target, ended.exit_code, run.log.read_text().strip(), (shown / "made").read_text().strip())
"""
    nobody = [
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        system_python(),
        "-B",
        "-c",
        program,
    ]
    said = subprocess.run(nobody, capture_output=True, text=True, check=False, cwd="/", env={"HOME": "/"})
    if said.stdout.startswith("refused:"):
        pytest.skip(said.stdout)
    assert said.stdout.split("\n")[:2] == ["/opt/ml 0 65534 text", "/no-such-place/ml 0 65534 text"], (
        said.stderr
    )
    assert not Path("/opt/ml").exists()
    assert not Path("/no-such-place").exists()


def test_where_there_are_no_namespaces_it_is_said_and_not_guessed(tmp_path, monkeypatch):
    monkeypatch.setenv("CUMULET_NO_NAMESPACE", "1")
    assert not mounts_supported()
    with pytest.raises(MountsUnavailable, match="CUMULET_NO_NAMESPACE"):
        start(Task(tmp_path / "run", ["true"], mounts={"/opt/ml": tmp_path}))
    assert start(Task(tmp_path / "run", [sys.executable, "-c", ""])).wait(PATIENCE).exit_code == 0
