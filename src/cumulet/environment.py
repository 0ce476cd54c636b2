"""The environment in which AWS clients speak to Cumulet without a change: what `cumulet env` prints.

People's shells, `cumulet run` and every job that Cumulet starts get the same variables.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cumulet.authority import DOMAINS, Authority
from cumulet.config import Config
from cumulet.presence import private

if TYPE_CHECKING:
    from cumulet.store.credentials import Credential

LOCAL = ("localhost", "127.0.0.1", "::1")
ON_PATH = str(Path(__file__).with_name("onpath"))
UPSTREAM = "CUMULET_UPSTREAM_PROXY"  # the user's own HTTPS_PROXY, which ours takes the place of

# What would lead a client past these settings, to another account or another place.
ELSEWHERE = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)


def variables(config: Config, credential: Credential | Mapping[str, Any], region: str) -> dict[str, str]:
    """Everything to set, for clients of one credential (a `Credential`, or what sts.assume_role returns)."""
    authority = Authority(config.data_dir)
    bundle = str(authority.bundle())
    proxy = f"http://127.0.0.1:{config.proxy_port}"
    direct = _direct(config)
    return {
        **_keys(credential),
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": config.endpoint,
        "AWS_ALLOW_HTTP": "true",  # for clients built on object_store: Polars, delta-rs, obstore
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": _python_path(),
        **_profiles(config.data_dir),
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": direct,
        "no_proxy": direct,
        UPSTREAM: upstream_proxy(),
        "AWS_CA_BUNDLE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "NODE_EXTRA_CA_CERTS": str(authority.certificate_path),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(_sagemaker_settings(config.data_dir)),
    }


def over(environ: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, str]:
    """An environment with our variables in it and nothing left that would lead elsewhere."""
    return {name: value for name, value in environ.items() if not leads_elsewhere(name)} | dict(chosen)


def leads_elsewhere(name: str) -> bool:
    return name in ELSEWHERE or name.startswith("AWS_ENDPOINT_URL_")


def upstream_proxy() -> str:
    """The proxy through which the user reaches the internet, "" for none.

    Inside a shell that has our settings already, HTTPS_PROXY is Cumulet's: asking it again would be a loop.
    """
    if UPSTREAM in os.environ:
        return os.environ[UPSTREAM]
    return os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or ""


def _keys(credential: Credential | Mapping[str, Any]) -> dict[str, str]:
    if isinstance(credential, Mapping):
        keys = credential.get("Credentials", credential)
        key, secret, token = keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken")
    else:
        key, secret, token = credential.access_key, credential.secret, credential.token
    found = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    return found | ({"AWS_SESSION_TOKEN": token} if token else {})


def _direct(config: Config) -> str:
    """Hosts not to be asked through the proxy: Cumulet itself and the user's own, but never AWS's."""
    own = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    names = [*LOCAL, config.reachable_host.strip("[]"), *(part.strip() for part in own.split(","))]
    return ",".join(dict.fromkeys(name for name in names if name and not _is_aws(name)))


def _is_aws(pattern: str) -> bool:
    """Whether a NO_PROXY entry would let AWS's hosts past the proxy."""
    host = pattern.rpartition(":")[0] if pattern.count(":") == 1 else pattern
    bare = host.lower().lstrip("*.")
    return not bare or any(f".{bare}".endswith(f".{d}") or f".{d}".endswith(f".{bare}") for d in DOMAINS)


def _python_path() -> str:
    """The user's own, behind the folder whose `sitecustomize` leads pyarrow here."""
    own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(dict.fromkeys([ON_PATH, *(folder for folder in own if folder)]))


def _profiles(data_dir: Path) -> dict[str, str]:
    """Empty AWS files of our own, so that the user's profiles and their settings have no say."""
    empty = _keep(data_dir / "client" / "aws", "# Cumulet's clients are set up by variables alone.\n")
    return {"AWS_CONFIG_FILE": str(empty), "AWS_SHARED_CREDENTIALS_FILE": str(empty)}


def _sagemaker_settings(data_dir: Path) -> Path:
    """No telemetry, and none of the user's own SageMaker defaults (their subnets and roles are on AWS).

    The default bucket is not named here: it is one per region, which the SDK asks of sts through the proxy.
    https://sagemaker.readthedocs.io/en/stable/overview.html#configuring-and-using-defaults-with-the-sagemaker-python-sdk
    """
    settings = "SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n"
    return _keep(data_dir / "client" / "sagemaker.yaml", settings)


def _keep(path: Path, text: str) -> Path:
    if not path.exists() or path.read_text() != text:
        private(path.parent)
        path.write_text(text)
    return path
