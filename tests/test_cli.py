"""The command line as a person types it."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cumulet import cli
from cumulet.listening import listen
from cumulet.presence import held, serving
from cumulet.profiles import NotOurs, write_profile

if TYPE_CHECKING:
    from tests.conftest import Server

Run = Callable[..., subprocess.CompletedProcess[str]]
CUMULET = [sys.executable, "-m", "cumulet"]
KEYS = {"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "secret"}


def cumulet(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [*CUMULET, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """A `cumulet` command that goes on."""
    command = [*CUMULET, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory on which no server is left."""
    folder = tmp_path / "data"
    yield folder
    cumulet("down", "--data-dir", folder)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: cumulet {name}" in capsys.readouterr().out


def test_help_imports_no_command() -> None:
    program = (
        "import sys; from cumulet import cli; cli.main([]); print([m for m in sys.modules if 'boto' in m])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version"]) == 0
    assert re.fullmatch(r"cumulet \d+\.\d+\.\d+\S*", capsys.readouterr().out.strip())


def test_up_says_where_it_is_and_how_to_connect(data_dir: Path) -> None:
    process = start("up", "--port", "0", "--data-dir", str(data_dir))
    assert process.stdout
    said = "".join(process.stdout.readline() for _ in range(4))
    found = serving(data_dir)
    assert found
    assert f"http://127.0.0.1:{found.port}" in said
    assert str(data_dir) in said
    assert "cumulet env" in said
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not held(data_dir)
    assert not (data_dir / "run" / "server.json").exists()


def test_the_note_of_a_server_is_for_its_owner_only(server: Server) -> None:
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    for name in ("server.json", "administrator.json"):
        assert stat.S_IMODE((server.data_dir / "run" / name).stat().st_mode) == 0o600
    note = json.loads((server.data_dir / "run" / "server.json").read_text())
    assert note.keys() == {"pid", "host", "port", "proxy_port", "started"}


def test_two_servers_never_share_a_data_directory(server: Server) -> None:
    second = cumulet("up", "--port", "0", "--data-dir", server.data_dir)
    assert second.returncode == 1
    assert "already serves" in second.stderr
    assert str(server.port) in second.stderr
    assert "Traceback" not in second.stderr


def test_a_taken_port_is_said_plainly(data_dir: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        done = cumulet("up", "--port", taken.getsockname()[1], "--data-dir", data_dir)
    assert done.returncode == 1
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_server_leaves_no_claim(own_server: Server) -> None:
    own_server.kill()
    assert not held(own_server.data_dir)
    assert cumulet("status", "--data-dir", own_server.data_dir).returncode == 3
    own_server.start()
    assert held(own_server.data_dir)


def test_a_server_ends_with_the_program_that_started_it(data_dir: Path) -> None:
    program = (
        "import sys, os, signal; from pathlib import Path; from cumulet.launch import Child;"
        "Child(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(data_dir)], check=False, timeout=60)
    _await(lambda: not held(data_dir))


def _await(condition: Callable[[], bool]) -> None:
    """For what another process does in its own time; the test's timeout is the limit."""
    while not condition():
        time.sleep(0.01)


def test_down_stops_a_server_in_order(own_server: Server) -> None:
    done = cumulet("down", "--data-dir", own_server.data_dir)
    assert done.returncode == 0
    assert own_server.child.process.wait(5) == 0
    assert "No Cumulet" in cumulet("down", "--data-dir", own_server.data_dir).stdout


def test_status_counts_what_there_is(own_server: Server) -> None:
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="counted")
    s3.put_object(Bucket="counted", Key="a", Body=b"12345")
    done = cumulet("status", "--format", "json", "--data-dir", own_server.data_dir)
    facts = json.loads(done.stdout)
    assert done.returncode == 0
    assert facts["endpoint"] == own_server.endpoint
    assert facts["objects"] == {"count": 1, "bytes": 5}
    assert "s3" in facts["services"]
    assert facts["endpoints"] == 0
    text = cumulet("status", "--data-dir", own_server.data_dir).stdout
    assert own_server.endpoint in text
    assert "1 (5 bytes)" in text


def test_status_of_nothing_makes_nothing(tmp_path: Path) -> None:
    done = cumulet("status", "--data-dir", tmp_path / "none")
    assert done.returncode == 3
    assert not (tmp_path / "none").exists()


def test_doctor_names_what_is_missing_and_the_command_that_adds_it(data_dir: Path) -> None:
    findings = json.loads(cumulet("doctor", "--format", "json", "--data-dir", data_dir).stdout)
    by_name = {finding["what"]: finding for finding in findings}
    assert {"python", "data directory", "disk", "mount namespaces", "extra sklearn"} <= by_name.keys()
    assert by_name["extra sklearn"]["state"] == "ok"
    for finding in findings:
        assert finding["state"] == "ok" or finding["remedy"] or finding["what"] == "curl"


def test_doctor_calls_a_taken_port_a_problem(data_dir: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        done = cumulet("doctor", "--port", taken.getsockname()[1], "--data-dir", data_dir)
    assert done.returncode == 1
    assert "PROBLEM" in done.stdout


def test_the_shell_understands_the_environment(server: Server) -> None:
    script = 'eval "$("$@")"; echo "$AWS_ENDPOINT_URL|$AWS_PROFILE|$AWS_SECRET_ACCESS_KEY"'
    command = [*CUMULET, "env", "--data-dir", str(server.data_dir)]
    done = subprocess.run(
        ["sh", "-c", script, "sh", *command],
        env={**os.environ, "AWS_PROFILE": "work"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [server.endpoint, "", server.credentials["aws_secret_access_key"]]
    assert done.stdout.strip().split("|") == expected


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("dotenv", "AWS_ENDPOINT_URL={endpoint}"),
        ("powershell", "$env:AWS_ENDPOINT_URL = '{endpoint}'"),
        ("shell", "export AWS_ENDPOINT_URL={endpoint}"),
    ],
)
def test_the_environment_comes_in_many_tongues(server: Server, form: str, line: str) -> None:
    assert line.format(endpoint=server.endpoint) in server.cumulet("env", "--format", form).splitlines()


def test_the_environment_names_a_region(server: Server) -> None:
    found = json.loads(server.cumulet("env", "--format", "json", "--region", "ap-southeast-1"))
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "ap-southeast-1"


def test_a_profile_makes_the_aws_cli_and_boto3_speak_to_cumulet(server: Server, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = cumulet("env", "--profile", "local", "--data-dir", server.data_dir, env=home)
    assert done.returncode == 0, done.stderr
    program = (
        "import boto3; print(boto3.Session(profile_name='local').client('sts').get_caller_identity()['Arn'])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], env=home, capture_output=True, text=True, check=True
    )
    assert "assumed-role/CumuletAdministrator" in said.stdout


def test_a_profile_leaves_the_rest_of_the_files_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    before = "# mine\n[default]\nregion=eu-west-1\n\n[profile work]\ns3 =\n  max_queue_size = 9\n"
    config.write_text(before)
    write_profile("local", "http://127.0.0.1:1", "us-east-1", KEYS)
    assert config.read_text().startswith(before)
    write_profile("local", "http://127.0.0.1:2", "us-east-1", KEYS)
    assert config.read_text().startswith(before)
    assert config.read_text().count("[profile local]") == 1
    assert "http://127.0.0.1:2" in config.read_text()
    assert "http://127.0.0.1:1" not in config.read_text()
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600


def test_a_profile_that_is_not_ours_is_not_replaced_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    config.write_text("[profile work]\nregion = us-east-2\n\n[default]\noutput = json\n")
    with pytest.raises(NotOurs, match="profile work"):
        write_profile("work", "http://127.0.0.1:1", "us-east-1", KEYS)
    assert not credentials.exists()
    write_profile("work", "http://127.0.0.1:1", "us-east-1", KEYS, force=True)
    assert config.read_text().endswith("\n\n[default]\noutput = json\n")


def test_a_command_runs_with_everything_set(server: Server) -> None:
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    own = {**os.environ, "AWS_PROFILE": "none-such", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}
    done = cumulet("run", "--data-dir", server.data_dir, "--", sys.executable, "-c", program, env=own)
    assert done.returncode == 0, done.stderr
    assert "assumed-role/CumuletAdministrator" in done.stdout


def test_a_command_gets_a_cumulet_of_its_own_where_none_runs(data_dir: Path) -> None:
    program = "import boto3; boto3.client('s3').create_bucket(Bucket='kept')"
    for code in (program, "import boto3; print(boto3.client('s3').list_buckets()['Buckets'][0]['Name'])"):
        done = cumulet("run", "--data-dir", data_dir, "--", sys.executable, "-c", code)
        assert done.returncode == 0, done.stderr
        assert not held(data_dir)
    assert done.stdout.strip() == "kept"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -TERM $$"], 128 + signal.SIGTERM),
        (["no-such-command"], 127),
    ],
)
def test_the_exit_code_is_the_commands(data_dir: Path, command: list[str], code: int) -> None:
    assert cumulet("run", "--data-dir", data_dir, "--", *command).returncode == code


def test_nothing_to_run_is_a_mistake_in_usage(data_dir: Path) -> None:
    assert cumulet("run", "--data-dir", data_dir).returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_passed_on_and_everything_ends(data_dir: Path, number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.05; done"
    process = start("run", "--data-dir", str(data_dir), "--", "sh", "-c", script, start_new_session=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.stdout.readline() == f"got {name}\n"
    assert process.wait(30) == 9
    assert not held(data_dir)


def test_accounts_are_strangers_with_keys_of_their_own(server: Server) -> None:
    made = json.loads(server.cumulet("account", "create", "stranger", "--format", "json"))
    assert made.keys() == {"Name", "AccountId", "CanonicalUserId", "AccessKeyId", "SecretAccessKey"}
    keys = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": None,
    }
    assert server.client("sts", **keys).get_caller_identity()["Account"] == made["AccountId"]
    assert made["AccountId"] != server.client("sts").get_caller_identity()["Account"]
    again = cumulet("account", "create", "stranger", "--data-dir", server.data_dir)
    assert again.returncode == 1
    assert "stranger" in again.stderr


def test_the_shell_and_the_readers_of_dotenv_files_find_any_directory(tmp_path: Path) -> None:
    folder = tmp_path / "my dätä 数据 $HOME"
    for form, load in (("shell", 'eval "$1"'), ("dotenv", 'set -a; eval "$1"')):
        settings = cumulet("env", "--format", form, "--data-dir", folder).stdout
        done = subprocess.run(
            ["sh", "-c", f'{load}; cat "$AWS_CA_BUNDLE"', "sh", settings], capture_output=True
        )
        assert b"BEGIN CERTIFICATE" in done.stdout, done.stderr


def test_a_relative_data_directory_is_the_same_one_from_everywhere(tmp_path: Path) -> None:
    for name, options in (("one", ["--data-dir", "one"]), ("two", [])):
        environ = {**os.environ, "CUMULET_DATA_DIR": "two"}
        found = json.loads(cumulet("env", "--format", "json", *options, cwd=tmp_path, env=environ).stdout)
        assert found["AWS_CA_BUNDLE"] == str(tmp_path / name / "authority" / "bundle.pem")


@pytest.mark.parametrize(
    "command", [["up"], ["env"], ["run", "true"], ["account", "create", "x"], ["image", "map", "u"]]
)
def test_a_place_that_can_hold_no_data_is_said_plainly(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cumulet(*command, env={**os.environ, "CUMULET_DATA_DIR": str(tmp_path / "file" / "data")})
    assert done.returncode == 1
    assert "cannot be the data directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_calls_a_data_directory_that_is_a_file_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cumulet("doctor", "--data-dir", tmp_path / "file")
    assert done.returncode == 1
    assert "is no directory" in done.stdout


@pytest.mark.parametrize("number", ["-1", "65536", "http"])
def test_only_a_port_is_a_port(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["up", f"--port={number}"])
    assert ended.value.code == 2
    assert "from 0 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["mysql://somewhere/x", "postgresql://127.0.0.1:1/x"])
def test_a_database_that_cannot_be_opened_is_said_plainly(url: str, data_dir: Path) -> None:
    for command in ("up", "status", "env"):
        environ = {**os.environ, "CUMULET_DATABASE_URL": url}
        data_dir.mkdir(exist_ok=True)
        done = cumulet(command, "--data-dir", data_dir, env=environ)
        assert done.returncode == 1
        assert "CUMULET_DATABASE_URL" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_server_that_others_can_reach_says_so(data_dir: Path) -> None:
    process = start("up", "--port", "0", "--host", "0.0.0.0", "--data-dir", str(data_dir))
    assert process.stdout
    assert "open to other machines" in process.stdout.readline()


@pytest.mark.parametrize("command", ["up", "status", "down", "env", "doctor"])
def test_a_place_that_cannot_be_looked_at_is_said_plainly(command: str, tmp_path: Path) -> None:
    done = cumulet(command, "--data-dir", tmp_path / ("x" * 300))
    assert done.returncode == 1
    assert "cannot be the data directory" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
