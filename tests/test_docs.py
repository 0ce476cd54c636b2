"""The pages: what is made from the code agrees with it, and what they tell people to type works."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Server

DOCS = Path(__file__).parent.parent / "docs"
NOTES = sorted((DOCS / "services" / "notes").glob("*.md"))
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", NOTES, ids=lambda path: path.stem)
def test_the_examples_run_as_they_stand(page: Path, server: Server) -> None:
    examples = EXAMPLE.findall(page.read_text())
    assert examples
    for example in examples:
        command = [sys.executable, "-m", "cumulet", "run", "--data-dir", str(server.data_dir)]
        done = subprocess.run([*command, "--", sys.executable, "-c", example], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_a_bar_in_a_sentence_is_no_new_cell_of_the_table(generate: ModuleType) -> None:
    assert generate.cell("Joins with ||, as\nSQL does.") == r"Joins with \|\|, as SQL does."


def test_a_newer_botocore_makes_no_page_stale_by_itself(generate: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "kms.md"
    page.write_text(generate.service_page("kms"))
    now = page.read_text()
    before = re.sub(r"of the \d+ (.*?)\(botocore [^)]*\)", r"of the 7 \1(botocore 1.0)", now)
    page.write_text(before.partition("## Not written yet")[0] + "## Not written yet\n\nSign\n")
    assert generate.agrees(page, now)
    page.write_text(before.replace("| Encrypt |", "| Encode |"))
    assert not generate.agrees(page, now)


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """docs/generate.py, which is a program and no part of the package."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(DOCS))  # for what it imports beside it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(DOCS))
    return module
