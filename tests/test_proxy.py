"""The proxy: AWS's hosts end here, others pass untouched."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography import x509

from cumulet import authority as authority_module
from cumulet import proxy as proxy_module
from cumulet.authority import Authority
from cumulet.config import Config
from cumulet.listening import listen
from cumulet.proxy import Proxy

if TYPE_CHECKING:
    from tests.conftest import Server


class Echo(BaseHTTPRequestHandler):
    """Says what it was asked, in place of Cumulet or of the rest of the world."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = len(self.rfile.read(int(self.headers.get("content-length", 0))))
        body = json.dumps({"host": self.headers["host"], "path": self.path, "size": size}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def echo(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def proxy(config: Config) -> Iterator[str]:
    """A proxy in a thread; its URL."""
    listener = listen("127.0.0.1", 0)
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    ready = threading.Event()

    async def serve() -> None:
        async with Proxy(config, listener):
            ready.set()
            await ended.wait()

    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield url
    loop.call_soon_threadsafe(ended.set)
    thread.join()
    loop.close()


@pytest.fixture
def house_of_echo(tmp_path: Path) -> Iterator[tuple[Config, str]]:
    with echo() as port:
        config = Config(tmp_path, port=port)
        with proxy(config) as url:
            yield config, url


Session = Callable[[], requests.Session]


@pytest.fixture
def session(house_of_echo: tuple[Config, str]) -> requests.Session:
    config, url = house_of_echo
    made = requests.Session()
    made.trust_env = False
    made.proxies = {"http": url, "https": url}
    made.verify = str(Authority(config.data_dir).bundle())
    return made


@pytest.mark.parametrize(
    "host", ["sts.us-east-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn", "amazonaws.com"]
)
def test_awss_hosts_are_answered_here_with_their_host_header_intact(
    session: requests.Session, host: str
) -> None:
    answer = session.get(f"https://{host}/a%20b?c=d").json()
    assert answer == {"host": host, "path": "/a%20b?c=d", "size": 0}


def test_plain_http_to_awss_hosts_stays_here_too(session: requests.Session) -> None:
    assert session.get("http://sts.amazonaws.com/x").json()["host"] == "sts.amazonaws.com"


def test_large_bodies_pass_whole(session: requests.Session) -> None:
    answer = session.post("https://s3.us-east-1.amazonaws.com/b/k", data=bytes(30_000_000))
    assert answer.json()["size"] == 30_000_000


def test_one_connection_carries_many_requests(session: requests.Session) -> None:
    with session as kept:
        assert [kept.get("https://sts.amazonaws.com/").status_code for _ in range(20)] == [200] * 20


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "https://169.254.170.2/", "https://[fd00:ec2::254]/"]
)
def test_a_clouds_metadata_is_out_of_reach(session: requests.Session, url: str) -> None:
    try:
        status = session.get(url).status_code
    except requests.exceptions.ProxyError as error:
        status = 403 if "403" in str(error) else 0
    assert status == 403


def test_awss_other_domains_do_not_leak_to_the_internet(session: requests.Session) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        session.get("https://sts.us-east-1.api.aws/")


def test_look_alikes_of_awss_hosts_are_not_answered_for(session: requests.Session) -> None:
    with pytest.raises((requests.exceptions.ProxyError, requests.exceptions.ConnectionError)):
        session.get("https://amazonaws.com.invalid/")
    with pytest.raises((requests.exceptions.ProxyError, requests.exceptions.ConnectionError)):
        session.get("https://notamazonaws.invalid/")


def test_other_hosts_pass_through_untouched(session: requests.Session, tmp_path: Path) -> None:
    """Their own certificate reaches the client: here one that only this test trusts."""
    other = Authority(tmp_path / "other")
    with echo(other.context("localhost")) as port:
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"https://localhost:{port}/")
        session.verify = False
        assert session.get(f"https://localhost:{port}/there").json()["path"] == "/there"


def test_other_hosts_are_reached_through_the_users_own_proxy(
    session: requests.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Authority(tmp_path / "other")
    with echo(other.context("localhost")) as port, proxy(Config(tmp_path / "upstream")) as upstream:
        monkeypatch.setenv("CUMULET_UPSTREAM_PROXY", upstream.replace("http://", "http://user:p%40ss@"))
        with proxy(Config(tmp_path / "chained")) as url:
            session.proxies = {"https": url}
            session.verify = False
            assert session.get(f"https://localhost:{port}/by").json()["path"] == "/by"


def test_an_unreachable_host_is_a_bad_gateway(session: requests.Session) -> None:
    with listen("127.0.0.1", 0) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(requests.exceptions.ProxyError, match="502"):
        session.get(f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "noise", [b"\r\n\r\n", b"CONNECT\r\n\r\n", b"CONNECT :443 HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_noise_is_a_bad_request(house_of_echo: tuple[Config, str], noise: bytes) -> None:
    port = int(house_of_echo[1].rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(noise)
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 400")


def test_a_client_that_says_nothing_that_ends_is_cut(
    house_of_echo: tuple[Config, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_module, "HEAD_PATIENCE", 0.2)
    port = int(house_of_echo[1].rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"junk without a line's end")
        reader = connection.makefile("rb")
        assert reader.readline().startswith(b"HTTP/1.1 408")
        assert reader.read().endswith(b"\n")  # and the connection has ended


def test_a_client_that_never_ends_what_it_says_is_cut(house_of_echo: tuple[Config, str]) -> None:
    port = int(house_of_echo[1].rsplit(":", 1)[1])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
        pytest.raises(OSError, match=r"reset|Broken pipe"),
    ):
        connection.sendall(b"x" * (64 << 20))


def test_the_authority_can_vouch_for_aws_only(tmp_path: Path) -> None:
    made = Authority(tmp_path)
    with echo(made.context("www.example.com")) as port:
        strict = ssl.create_default_context(cafile=str(made.certificate_path))
        with socket.create_connection(("127.0.0.1", port)) as plain:
            with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
                strict.wrap_socket(plain, server_hostname="www.example.com")


def test_strict_verifiers_accept_its_certificates(tmp_path: Path) -> None:
    """Python 3.13 and later set VERIFY_X509_STRICT by default."""
    made = Authority(tmp_path)
    strict = ssl.create_default_context(cafile=str(made.certificate_path))
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    with echo(made.context("sts.amazonaws.com")) as port:
        with socket.create_connection(("127.0.0.1", port)) as plain:
            with strict.wrap_socket(plain, server_hostname="sts.amazonaws.com") as secure:
                assert secure.version() == "TLSv1.3"


def test_the_authority_stays_the_same_until_it_nears_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Authority(tmp_path)
    assert Authority(tmp_path).certificate == first.certificate
    late = datetime.now(UTC) + authority_module.LIFETIME - timedelta(days=5)
    monkeypatch.setattr(authority_module, "_now", lambda: late)
    renewed = Authority(tmp_path)
    assert renewed.certificate != first.certificate
    blocks = x509.load_pem_x509_certificates(renewed.bundle().read_bytes())
    assert blocks[0] == renewed.certificate
    assert first.certificate not in blocks


def test_a_sagemaker_sdks_hard_coded_host_reaches_cumulet(server: Server) -> None:
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": server.environment["HTTPS_PROXY"]}
    session.verify = server.environment["REQUESTS_CA_BUNDLE"]
    answer = session.post(
        "https://sts.eu-west-1.amazonaws.com/", data={"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    )
    assert answer.status_code == 403
    assert "MissingAuthenticationToken" in answer.text
