"""No credential of the caller's environment reaches boto3 in a test session.

The list of sources is botocore's own; each is offered to a session of its own process.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

pytest.importorskip("botocore", reason="a model's environment has no boto3")

ROOT = Path(__file__).resolve().parents[1]
_KEYS = "aws_access_key_id = real\naws_secret_access_key = real\n"

PROBE = """
import json, runpy
runpy.run_path("conftest.py")
import boto3, botocore.session
from botocore.credentials import create_credential_resolver

found = {}
for provider in create_credential_resolver(botocore.session.Session()).providers:
    credentials = provider.load()
    found[provider.METHOD] = credentials and [credentials.access_key, credentials.token]
endpoint = boto3.client("sts").meta.endpoint_url
print(json.dumps([found, boto3.Session().available_profiles, endpoint]))
"""


class Metadata(BaseHTTPRequestHandler):
    """A container's or an instance's metadata service that hands real credentials out."""

    def do_GET(self) -> None:
        body = json.dumps(
            {
                "AccessKeyId": "real",
                "SecretAccessKey": "real",
                "Token": "real",
                "Expiration": "2099-01-01T00:00:00Z",
                "Code": "Success",
            }
        ).encode()
        if self.path.endswith("security-credentials/"):
            body = b"role"
        self._answer(body)

    def do_PUT(self) -> None:
        self._answer(b"token")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing: the test prints what it needs."""


@pytest.fixture(scope="module")
def metadata() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Metadata) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def sources(folder: Path, metadata: str) -> dict[str, dict[str, str]]:
    """Variables that offer real credentials, by botocore's name of the provider that reads them."""
    (folder / ".aws").mkdir()
    files = {
        "credentials": f"[default]\n{_KEYS}",
        "config": f"[profile real]\n{_KEYS}",
        "assuming": f"[profile real]\nrole_arn = arn:aws:iam::123456789012:role/real\n"
        f"source_profile = source\n[profile source]\n{_KEYS}",
        "sso": "[profile real]\nsso_start_url = https://real\nsso_region = eu-west-1\n"
        "sso_account_id = 123456789012\nsso_role_name = real\n",
        "login": "[profile real]\nlogin_session = arn:aws:iam::123456789012:user/real\n",
        "process": "[profile real]\ncredential_process = /bin/false\n",
        "ec2": "AWSAccessKeyId=real\nAWSSecretKey=real\n",
        "boto": f"[Credentials]\n{_KEYS}",
        "token": "real",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / ".aws" / "credentials").write_text(files["credentials"])
    profile = {"AWS_PROFILE": "real"}

    def of_profile(name: str) -> dict[str, str]:
        return profile | {"AWS_CONFIG_FILE": str(folder / name)}

    return {
        "env": {"AWS_ACCESS_KEY_ID": "real", "AWS_SECRET_ACCESS_KEY": "real",
                "AWS_SESSION_TOKEN": "real"},
        "assume-role": of_profile("assuming"),
        "assume-role-with-web-identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"),
                                          "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/real"},
        "sso": of_profile("sso"),
        "shared-credentials-file": {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")},
        "login": of_profile("login"),
        "custom-process": of_profile("process"),
        "config-file": of_profile("config"),
        "ec2-credentials-file": {"AWS_CREDENTIAL_FILE": str(folder / "ec2")},
        "boto-config": {"BOTO_CONFIG": str(folder / "boto")},
        "container-role": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{metadata}/role"},
        "iam-role": {"AWS_EC2_METADATA_DISABLED": "false",
                     "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata},
        "home folder": {"HOME": str(folder)},
        "endpoint": {"AWS_ENDPOINT_URL": metadata},
    }  # fmt: skip


def test_each_provider_of_botocore_is_offered_here(tmp_path: Path) -> None:
    import botocore.session
    from botocore.credentials import create_credential_resolver

    known = {one.METHOD for one in create_credential_resolver(botocore.session.Session()).providers}

    assert known == sources(tmp_path, "").keys() - {"home folder", "endpoint"}


@pytest.mark.parametrize(
    "source",
    ["env", "assume-role", "assume-role-with-web-identity", "sso", "shared-credentials-file",
     "login", "custom-process", "config-file", "ec2-credentials-file", "boto-config",
     "container-role", "iam-role", "home folder", "endpoint"],
)  # fmt: skip
def test_a_session_holds_its_own_credentials_alone(
    source: str, tmp_path: Path, metadata: str
) -> None:
    offered = sources(tmp_path, metadata)[source]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    bare.pop("BOTO_CONFIG", None)

    providers, profiles, endpoint = probed(bare | offered)

    assert {name: keys for name, keys in providers.items() if keys} == {"env": ["testing", None]}
    assert profiles == []
    assert endpoint.endswith(".amazonaws.com")


def test_the_conftest_that_drops_them_applies_to_every_session(
    request: pytest.FixtureRequest,
) -> None:
    loaded = {
        Path(module.__file__).resolve()
        for module in request.config.pluginmanager.get_plugins()
        if getattr(module, "__file__", None)
    }

    assert request.config.rootpath == ROOT
    assert ROOT / "conftest.py" in loaded


def probed(environment: dict[str, str]) -> tuple[dict[str, list[str] | None], list[str], str]:
    """What botocore finds in an environment once the conftest has run there."""
    finished = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=False,  # what it said is in the assertion
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    providers, profiles, endpoint = json.loads(finished.stdout)
    return providers, profiles, endpoint
