"""What clients are told, and what they are kept from."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cumulet import environment
from cumulet.authority import Authority
from cumulet.config import Config
from cumulet.store.credentials import Credential

KEYS = Credential("AKIAEXAMPLE", "secret", "", "123456789012", "arn", "id")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(tmp_path, port=4566, proxy_port=4567)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", environment.UPSTREAM):
        monkeypatch.delenv(name, raising=False)


def test_a_session_token_is_set_only_where_there_is_one(config: Config) -> None:
    keys = {"AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t"}
    assert "AWS_SESSION_TOKEN" not in environment.variables(config, KEYS, "us-east-1")
    assert environment.variables(config, {"Credentials": keys}, "us-east-1")["AWS_SESSION_TOKEN"] == "t"


def test_a_wildcard_address_is_not_handed_out_as_a_destination(config: Config) -> None:
    found = environment.variables(config.at("0.0.0.0", 80, 81), KEYS, "us-east-1")
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:80"


def test_the_users_own_profiles_and_endpoints_do_not_interfere(config: Config) -> None:
    own = {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "old",
        "AWS_ENDPOINT_URL_S3": "http://x",
        "EDITOR": "vi",
    }
    found = environment.over(own, environment.variables(config, KEYS, "us-east-1"))
    assert found.keys().isdisjoint({"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"})
    assert found["EDITOR"] == "vi"
    assert Path(found["AWS_CONFIG_FILE"]).parent.parent == config.data_dir


def test_the_users_own_exceptions_stay_but_never_let_aws_past(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example, .amazonaws.com,*,s3.amazonaws.com,com,10.0.0.1:8080")
    found = environment.variables(config, KEYS, "us-east-1")["NO_PROXY"].split(",")
    assert found == ["localhost", "127.0.0.1", "::1", "intranet.example", "10.0.0.1:8080"]


def test_the_users_own_proxy_is_remembered_even_from_inside_our_settings(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    found = environment.variables(config, KEYS, "us-east-1")
    assert found["HTTPS_PROXY"] == "http://127.0.0.1:4567"
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    assert environment.upstream_proxy() == "http://proxy.example:3128"


def test_the_bundle_holds_our_authority_and_the_public_roots(config: Config) -> None:
    found = environment.variables(config, KEYS, "us-east-1")
    names = [dict(x[0] for x in ca["subject"]) for ca in _certificates(Path(found["AWS_CA_BUNDLE"]))]
    assert any("Cumulet" in name.get("commonName", "") for name in names)
    assert len(names) > 100
    assert found["REQUESTS_CA_BUNDLE"] == found["AWS_CA_BUNDLE"]


def _certificates(path: Path) -> list[dict[str, object]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    return context.get_ca_certs()


def test_the_bundle_keeps_a_companys_own_root(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    company = Authority(config.data_dir / "company").certificate_path
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(company))
    bundle = Authority(config.data_dir).bundle()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert company.read_text().strip() in bundle.read_text()
    assert company.read_text().strip() in Authority(config.data_dir).bundle().read_text()


def test_sagemakers_telemetry_is_off(config: Config) -> None:
    path = environment.variables(config, KEYS, "us-east-1")["SAGEMAKER_USER_CONFIG_OVERRIDE"]
    settings = yaml.safe_load(Path(path).read_text())
    assert settings["SageMaker"]["PythonSDK"]["Modules"]["TelemetryOptOut"] is True


def test_secrets_are_readable_by_their_owner_only(config: Config) -> None:
    environment.variables(config, KEYS, "us-east-1")
    assert (config.data_dir / "authority" / "authority.pem").stat().st_mode & 0o077 == 0


def test_a_file_system_of_pyarrow_made_without_an_address_is_led_here(config: Config) -> None:
    program = """if True:
        import json, pickle
        from pyarrow import fs
        told = [fs.S3FileSystem(), fs.S3FileSystem(endpoint_override="minio:9000", scheme="http")]
        found = [one.__reduce__()[1][0] for one in told]
        assert isinstance(fs.FileSystem.from_uri("s3://bucket/key")[0], fs.S3FileSystem)
        assert pickle.loads(pickle.dumps(told[0])) == told[0]
        print(json.dumps([one["scheme"] + "://" + one["endpoint_override"] for one in found]))
    """
    assert json.loads(_python(config, program)) == ["http://127.0.0.1:4566", "http://minio:9000"]


def test_the_users_own_sitecustomize_is_still_imported(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import builtins; builtins.OWN = 'seen'")
    monkeypatch.setenv("PYTHONPATH", str(own))
    assert _python(config, "import sitecustomize; print(OWN, sitecustomize.__file__)").split() == [
        "seen",
        str(own / "sitecustomize.py"),
    ]


def _python(config: Config, program: str) -> str:
    """What a program prints in the environment that clients get."""
    variables = environment.variables(config, KEYS, "us-east-1")
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=True
    ).stdout
