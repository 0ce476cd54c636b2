"""Archives are unpacked inside their folder, whichever Python there is: filters came with 3.11.4."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from cumulet.services.sagemaker import lake


@pytest.fixture(params=["with filters", "without filters"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "without filters":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    return tmp_path / "deep/folder"


def archive(place: Path, *members: tuple[str, str]) -> Path:
    """Members by name: a text, or where it begins with an arrow a link to what follows."""
    with tarfile.open(place, "w:gz") as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if content.startswith("->"):
                entry.type, entry.linkname = tarfile.SYMTYPE, content[2:]
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content.encode()))
    return place


def test_files_and_links_among_them_are_there(folder: Path, tmp_path: Path) -> None:
    lake.unpack(archive(tmp_path / "a.tar.gz", ("code/x.py", "1"), ("y.py", "->code/x.py")), folder)
    assert (folder / "code/x.py").read_text() == (folder / "y.py").read_text() == "1"


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", "x")],
        [("code/../../evil", "x")],
        [("out", "->.."), ("out/evil", "x")],
        [("out", "->/tmp")],
        [("here", "->."), ("out", "->here/.."), ("out/evil", "x")],
    ],
)
def test_what_leads_outside_is_refused(folder: Path, tmp_path: Path, members: list[tuple[str, str]]) -> None:
    with pytest.raises(tarfile.TarError):
        lake.unpack(archive(tmp_path / "a.tar.gz", *members), folder)
    assert not (tmp_path / "deep/evil").exists()
