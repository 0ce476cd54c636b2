"""The aws command line, as people use it on buckets."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

AWS = Path(sys.executable).with_name("aws")
pytestmark = pytest.mark.skipif(not AWS.exists(), reason="the aws command line is not installed")


@pytest.mark.slow
def test_folders_go_up_and_down_and_are_removed(server: Any, tmp_path: Path) -> None:
    def aws(*arguments: str) -> str:
        command = [sys.executable, str(AWS), "s3", *arguments]
        done = subprocess.run(
            command, env={**os.environ, **server.environment}, capture_output=True, text=True, check=True
        )
        return done.stdout

    here, back, bucket = tmp_path / "here", tmp_path / "back", f"s3://bucket-{secrets.token_hex(6)}"
    (here / "sub").mkdir(parents=True)
    (here / "a.txt").write_text("hello\n")
    (here / "sub/large.bin").write_bytes(os.urandom(12 << 20))

    aws("mb", bucket)
    aws("sync", str(here), f"{bucket}/w")
    assert "PRE w/" in aws("ls", bucket)
    assert aws("sync", str(here), f"{bucket}/w") == ""
    aws("sync", f"{bucket}/w", str(back))
    assert {p.relative_to(back): p.read_bytes() for p in back.rglob("*.*")} == {
        p.relative_to(here): p.read_bytes() for p in here.rglob("*.*")
    }
    aws("cp", f"{bucket}/w/sub/large.bin", f"{bucket}/copy.bin")
    aws("mv", f"{bucket}/w/a.txt", f"{bucket}/moved.txt")
    assert aws("cp", f"{bucket}/moved.txt", "-") == "hello\n"
    with urllib.request.urlopen(aws("presign", f"{bucket}/moved.txt").strip()) as answer:
        assert answer.read() == b"hello\n"
    aws("rm", bucket, "--recursive")
    assert aws("ls", bucket, "--recursive") == ""
    aws("rb", bucket)
