"""A real server for the tests that speak to one, and a house without a server for those that need none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config as ClientConfig

from cumulet.config import Config
from cumulet.house import House
from cumulet.launch import Child
from cumulet.services import Caller

REGION = "us-east-1"

# The developer's own settings are not the tests' business, but for those that are the tests' own.
OWN = {
    "CUMULET_TEST_DATA",
    "CUMULET_SAGEMAKER3_PYTHON",
    "CUMULET_CLIENTS_PYTHON",
    "CUMULET_MODELS",
    "CUMULET_MUTATIONS",
    "CUMULET_EXAMPLES",
    "CUMULET_ON_RAY",
    "CUMULET_ROUNDS",
    "CUMULET_SECONDS",
    "CUMULET_SEED",
    "CUMULET_SPARK_PYTHON",
    "CUMULET_TENSORFLOW_PYTHON",
    "CUMULET_TORCH_PYTHON",
    "CUMULET_TPCH_SCALE",
    "CUMULET_WORKERS",
}
for name in [n for n in os.environ if n.startswith(("AWS_", "CUMULET_")) and n not in OWN]:
    del os.environ[name]


class Server:
    """`cumulet up` in a process of its own, which ends with the tests however they end."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.child = Child(data_dir)
        self.environment = self._environment()
        self.credentials = {
            "aws_access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"],
            "aws_session_token": self.environment.get("AWS_SESSION_TOKEN"),
        }

    @property
    def endpoint(self) -> str:
        return self.child.config.endpoint

    @property
    def port(self) -> int:
        return self.child.config.port

    def kill(self) -> None:
        """As a crash would: SIGKILL, nothing put in order."""
        self.child.kill()

    def start(self) -> None:
        self.child = Child(self.data_dir, self.port)
        self.environment = self._environment()  # its proxy has another port

    def _environment(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.cumulet("env", "--format", "json"))
        return found

    def restart(self) -> None:
        """Stop in order (where it still runs) and start again at the same port."""
        if self.child.process.poll() is None:
            self.child.stop()
        self.start()

    def cumulet(self, *arguments: str) -> str:
        """What a `cumulet` command prints for this data directory."""
        command = [sys.executable, "-m", "cumulet", *arguments, "--data-dir", str(self.data_dir)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def client(self, service: str, region_name: str = REGION, **options: Any) -> Any:
        """A boto3 client; a `config` of the caller's own goes over the tests' (no retries)."""
        own = ClientConfig(retries={"total_max_attempts": 1}, read_timeout=60)
        config = own.merge(options.pop("config", ClientConfig()))
        keywords = {"endpoint_url": self.endpoint, **self.credentials, "region_name": region_name, **options}
        return boto3.session.Session().client(service, config=config, **keywords)


class Shared:
    """The server that the tests of one folder share. The next folder gets a new one, so that what one service's
    tests leave behind (a database `default`, an alarm) never depends on which process ran which of them."""

    def __init__(self, make: Callable[[], Server]) -> None:
        self._make = make
        self._folder: Path | None = None
        self._server: Server | None = None

    def of(self, folder: Path) -> Server:
        if self._server is None or folder != self._folder:
            self.stop()
            self._server, self._folder = self._make(), folder
        return self._server

    def stop(self) -> None:
        if self._server is not None and self._server.child.process.poll() is None:
            self._server.child.stop()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    made = Shared(lambda: Server(tmp_path_factory.mktemp("cumulet")))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def server(shared: Shared, request: pytest.FixtureRequest) -> Server:
    """A running Cumulet, shared by the tests of a folder."""
    return shared.of(request.path.parent)


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Server]]:
    """`serve(data_dir)`: a server of the test's own in a place of its choice."""
    running: list[Server] = []

    def start(data_dir: Path) -> Server:
        running.append(Server(data_dir))
        return running[-1]

    yield start
    for server in running:
        if server.child.process.poll() is None:
            server.child.stop()


@pytest.fixture
def own_server(serve: Callable[[Path], Server], tmp_path: Path) -> Server:
    """A server of the test's own, to kill or to look into."""
    return serve(tmp_path / "cumulet")


@pytest.fixture(scope="module")
def client(server: Server) -> Callable[..., Any]:
    """`client("glue", region_name="eu-west-1")`: a boto3 client of the folder's server, retries off."""
    return server.client


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 megabytes. To mount one is for root (also of a container) only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m,mode=700", "tmpfs", str(folder)]
    try:
        told = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if told.returncode:
        pytest.skip(f"no small file system can be mounted here: {told.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house in this process, its supervisor at work, nobody listening."""
    from cumulet.services import iam

    made = House(Config(data_dir=tmp_path / "house"))
    iam.bootstrap(made)
    made.jobs.start()
    yield made
    made.close()


@pytest.fixture
def caller(house: House) -> Caller:
    """The root user of the house's account, in us-east-1."""
    from cumulet.services import iam

    account = iam.account(house)
    return Caller(account=account, region=REGION, arn=f"arn:aws:iam::{account}:root", user_id=account)


@pytest.fixture(scope="session")
def ray_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Ray cluster of two nodes, one of which sees none of the tests' files."""
    import tempfile

    import ray_nodes

    if refused := ray_nodes.why_not():
        pytest.skip(refused)
    with tempfile.TemporaryDirectory(
        prefix="ray-", ignore_cleanup_errors=True
    ) as folder:  # sockets want short paths
        try:
            cluster = ray_nodes.Cluster(Path(folder), tmp_path_factory.getbasetemp())
        except ray_nodes.NotStarted as error:
            pytest.skip(f"Ray does not start here: {error}")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in cluster.settings.items():
                patch.setenv(name, value)
            yield cluster
        cluster.stop()
        assert not list(cluster.left())
