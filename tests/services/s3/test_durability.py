"""What was acknowledged survives SIGKILL; what was not is whole or not there at all.

A few rounds run with all tests. `CUMULET_ROUNDS=200 pytest tests/services/s3/test_durability.py` runs as many
as one has patience for; `CUMULET_SEED` repeats a run's choices (though not its timing).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from cumulet.house import House

from .asking import MIB
from .journal import SEALED, VERSIONED, Contended, Writer
from .quick import Quick
from .settling import BUCKETS, in_order, settle

WRITERS = 6
ROUNDS = int(os.environ.get("CUMULET_ROUNDS", "5"))
SEED = int(os.environ.get("CUMULET_SEED", "0")) or random.randrange(1 << 30)
WORK = (0.2, 1.2)  # seconds between which the server is killed
AES = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}


def processes_of(pid: int) -> set[int]:
    """The living processes below a process."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return set()
    return {int(child) for child in children}.union(*(processes_of(int(child)) for child in children))


class Soak:
    """A server that is killed again and again while clients write to it."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.random = random.Random(SEED)
        self.contended = Contended()
        self.writers = [Writer(number, self.contended, SEED) for number in range(WRITERS)]
        self.kills = {"at work": 0, "starting": 0, "checking": 0, "a worker": 0}
        s3 = server.client("s3")
        for bucket in BUCKETS:
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_encryption(Bucket=SEALED, ServerSideEncryptionConfiguration=AES)
        s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})

    def round(self) -> None:
        self._work_until_killed()
        for _ in range(self.random.choice((0, 0, 0, 1, 2))):
            self._kill_starting()
        self.server.start()
        if self.random.random() < 0.3:
            time.sleep(self.random.uniform(0, 0.1))
            self._kill("checking")
            self.server.start()
        settle(self.server.client("s3"), self.writers, self.contended)
        in_order(self.server.data_dir)

    def _work_until_killed(self) -> None:
        """The moment is chosen by chance, so that over the rounds every step is hit."""
        killed = threading.Event()
        threads = [
            threading.Thread(target=writer.work, args=(self.client(), killed)) for writer in self.writers
        ]
        for thread in threads:
            thread.start()
        until = time.monotonic() + self.random.uniform(*WORK)
        if self.random.random() < 0.25:
            killed.wait((until - time.monotonic()) / 2)
            self.kill_a_worker()
        killed.wait(max(0.0, until - time.monotonic()))
        killed.set()
        self._kill("at work")
        for thread in threads:
            thread.join()

    def _kill(self, when: str) -> None:
        below = processes_of(self.server.child.process.pid)
        self.server.kill()
        self.kills[when] += 1
        until = time.monotonic() + 30
        while left := [pid for pid in below if Path(f"/proc/{pid}/exe").exists()]:
            assert time.monotonic() < until, f"outlived the server: {left}"
            time.sleep(0.01)

    def kill_a_worker(self) -> None:
        """Of several processes that serve one store, one may go: the others serve on."""
        if below := processes_of(self.server.child.process.pid):
            os.kill(self.random.choice(sorted(below)), signal.SIGKILL)
            self.kills["a worker"] += 1

    def _kill_starting(self) -> None:
        where = ["--data-dir", str(self.server.data_dir), "--port", str(self.server.port)]
        process = subprocess.Popen(
            [sys.executable, "-m", "cumulet", "up", *where],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(self.random.uniform(0.1, 1.0))
        below = processes_of(process.pid)
        process.kill()
        process.wait()
        self.kills["starting"] += 1
        while [pid for pid in below if Path(f"/proc/{pid}/exe").exists()]:
            time.sleep(0.01)

    def client(self) -> Quick:
        told = self.server.credentials
        return Quick(self.server.endpoint, told["aws_access_key_id"], told["aws_secret_access_key"])


@pytest.mark.slow
@pytest.mark.timeout(120 + 30 * ROUNDS)
def test_what_was_acknowledged_survives_kills_at_any_moment(own_server: Any) -> None:
    soak = Soak(own_server)
    for number in range(ROUNDS):
        try:
            soak.round()
        except BaseException:
            print(f"CUMULET_SEED={SEED}, round {number}, kills so far: {soak.kills}")
            raise
    acknowledged = sum(writer.acknowledged for writer in soak.writers)
    print(f"{ROUNDS} rounds, {acknowledged} acknowledged requests, kills: {soak.kills}")


def test_what_a_process_leaves_that_dies_alone_is_put_in_order(
    serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes on without it; an orderly stop and a start later nothing is left of its work."""
    monkeypatch.setenv("CUMULET_WORKERS", "3")
    server = serve(tmp_path / "cumulet")
    soak = Soak(server)
    killed = threading.Event()
    threads = [threading.Thread(target=each.work, args=(soak.client(), killed)) for each in soak.writers]
    for thread in threads:
        thread.start()
    for _ in range(3):
        killed.wait(0.4)
        soak.kill_a_worker()
    killed.wait(0.4)
    killed.set()
    for thread in threads:
        thread.join()
    settle(server.client("s3"), soak.writers, soak.contended)
    server.restart()
    settle(server.client("s3"), soak.writers, soak.contended)
    in_order(server.data_dir)


def test_the_check_after_a_crash_puts_files_in_step_with_the_index(lake: Any, tmp_path: Path) -> None:
    store = lake.store
    for key in ("a", "a/b", "shown-again.csv"):
        lake.put_object(Bucket="lake", Key=key, Body=key.encode())
    store.settler.settle()
    with store.blobs.draft(".csv") as draft:
        draft.write(bytes(MIB))
        orphan = draft.keep()
    folder = store.directory / "s3/lake"
    (folder / "stale.csv").hardlink_to(store.blobs.path(orphan))
    (folder / "shown-again.csv").unlink()
    (folder / "by-hand.txt").write_text("not ours")
    lake.house.close()
    store.checkup.mark.touch()  # as a crash leaves it

    house = House(lake.house.config)
    try:
        assert house.store.checkup.wait(30)
        assert not house.store.blobs.path(orphan).exists()
        assert not (folder / "stale.csv").exists()
        assert (folder / "shown-again.csv").read_text() == "shown-again.csv"
        assert (folder / "by-hand.txt").read_text() == "not ours"
    finally:
        house.close()
