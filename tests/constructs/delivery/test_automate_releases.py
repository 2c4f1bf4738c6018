"""The script of the release automation: real git against a server of its own, the rest stood in."""

import base64
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest

from mlops.cli import cli
from mlops_constructs.delivery.release_automation import automation_script

SECRET = "arn:aws:secretsmanager:eu-central-1:100000000000:secret:push-AbCdEf"
TOKEN = "t0ken-of-the-robot"
KEY = "-----BEGIN KEY-----\nc2VjcmV0\n-----END KEY-----"
HOST_KEY = "git.example.com ssh-ed25519 AAAA"
HTTPS = "https://git.example.com/origin.git"
SSH = {"private_key": KEY, "known_hosts": HOST_KEY, "url": "ssh://git@git.example.com/origin.git"}
AWS = """#!/bin/sh
echo "aws $*" >> "$CALLS"
case "$*" in
  "codecommit credential-helper get") cat >/dev/null; echo username=role; echo password=signed ;;
  "secretsmanager get-secret-value"*) cat "$VALUE" ;;
esac
"""
GIT = """#!/bin/sh
echo "git $*" >> "$CALLS"
exec {git} "$@"
"""
SSH_PROGRAM = """#!/bin/sh
echo "ssh $*" >> "$CALLS"
shift $(($# - 1))
exec sh -c "$(echo "$1" | sed "s#/origin.git#$ORIGIN#")"
"""
# The environment's target makes the program, which only says what it was given.
MAKE = """#!/bin/sh
echo "make $*" >> "$CALLS"
mkdir -p .venv/bin
cat > .venv/bin/mlops <<'END'
#!/bin/sh
echo "mlops $*" >> "$CALLS"
env > "$SEEN/env"
git log --format=%s > "$SEEN/log"
git config remote.origin.url > "$SEEN/remote"
find "$TMPDIR" -mindepth 1 -perm /077 > "$SEEN/open"
find "$TMPDIR" -name secret > "$SEEN/kept"
cd / && git ls-remote "$(cat "$SEEN/remote")" refs/heads/main > "$SEEN/reached"
cat "$TMPDIR"/*/private_key "$TMPDIR"/*/known_hosts > "$SEEN/key" 2>/dev/null
exit "$ENDS"
END
chmod +x .venv/bin/mlops
"""
pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


class Guarded(http.server.SimpleHTTPRequestHandler):
    """Files of a repository for whoever knows the password."""

    expected = ""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") == self.expected:
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Says nothing."""


class Workshop:
    """A build container: the script, a repository with a history, stand-ins, and what they saw."""

    def __init__(self, folder: Path, origin: Path) -> None:
        self.folder = folder
        self.seen = folder / "seen"
        self.temporary = folder / "tmp"
        self.origin = origin
        for made in (self.seen, self.temporary, folder / "bin"):
            made.mkdir()
        self.script = folder / "script.sh"
        self.script.write_text(automation_script())
        git = GIT.format(git=shutil.which("git"))
        for name, text in {"aws": AWS, "git": git, "make": MAKE, "ssh": SSH_PROGRAM}.items():
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)

    def run(
        self, *, value: object = None, ends: int = 0, instead: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the script with this value behind SECRET; HTTPS leads to `instead`."""
        (self.folder / "value").write_text(value if isinstance(value, str) else json.dumps(value))
        (self.folder / "calls").write_text("")
        leads = f'[url "{instead or self.origin}"]\n  insteadOf = {HTTPS}\n'
        (self.folder / ".gitconfig").write_text(leads)
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "TMPDIR": str(self.temporary),
            "CALLS": str(self.folder / "calls"),
            "SEEN": str(self.seen),
            "VALUE": str(self.folder / "value"),
            "ORIGIN": str(self.origin),
            "ENDS": str(ends),
            "GIT_CONFIG_NOSYSTEM": "1",
            "BRANCH": "main",
        }
        return subprocess.run(
            ["sh", str(self.script)],
            cwd=self.folder,
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def saw(self, name: str) -> str:
        return (self.seen / name).read_text()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with three commits; nobody here pushes to it."""
    folder = tmp_path_factory.mktemp("served")
    made, work = folder / "origin.git", folder / "work"
    git = partial(subprocess.run, check=True, cwd=folder, stderr=subprocess.DEVNULL)
    git(["git", "init", "-q", "--bare", "-b", "main", made])
    git(["git", "clone", "-q", made, work])
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for subject in ("one", "two", "three"):
        git(["git", "-C", work, *who, "commit", "-q", "--allow-empty", "-m", subject])
    git(["git", "-C", work, "push", "-q", "origin", "HEAD:main"])
    git(["git", "-C", made, "update-server-info"])
    return made


@pytest.fixture
def workshop(tmp_path: Path, origin: Path) -> Workshop:
    return Workshop(tmp_path, origin)


@pytest.fixture
def serve(workshop: Workshop) -> Iterator[Callable[[str, str], str]]:
    """Serves the repository to one user; returns the address."""
    servers = []

    def served(user: str, password: str) -> str:
        expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        handler = type("Handler", (Guarded,), {"expected": expected})
        directory = str(workshop.origin.parent)
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(handler, directory=directory)
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/origin.git"

    yield served
    for server in servers:
        server.shutdown()
        server.server_close()


def token(**changed: Any) -> dict[str, Any]:
    given = {"username": "robot", "token": TOKEN, "url": HTTPS} | changed
    return {key: value for key, value in given.items() if value is not None}


def test_the_program_runs_in_a_clone_with_its_whole_history(workshop: Workshop) -> None:
    done = workshop.run(REPOSITORY=HTTPS)

    assert done.returncode == 0, done.stderr
    assert workshop.saw("log").split() == ["three", "two", "one"]
    assert [call for call in workshop.calls if not call.startswith("git")] == [
        "make .venv/.ready",
        "mlops release automate --target aws --remote origin --branch main",
    ]


def test_the_program_knows_what_the_script_asks_of_it() -> None:
    (call,) = [line for line in automation_script().splitlines() if ".venv/bin/mlops" in line]
    _, group, command, *words = call.split()
    release = cli.get_command(click.Context(cli), group)
    assert isinstance(release, click.Group)
    automate = release.get_command(click.Context(release), command)
    assert automate is not None

    options = {option for one in automate.params for option in one.opts}

    assert {word for word in words if word.startswith("--")} <= options


def test_the_role_of_the_build_opens_the_repository(
    workshop: Workshop, serve: Callable[[str, str], str]
) -> None:
    done = workshop.run(REPOSITORY=HTTPS, instead=serve("role", "signed"))

    assert done.returncode == 0, done.stderr
    assert "aws codecommit credential-helper get" in workshop.calls
    assert "refs/heads/main" in workshop.saw("reached")
    assert not [call for call in workshop.calls if "secretsmanager" in call]


def test_a_token_opens_the_repository(workshop: Workshop, serve: Callable[[str, str], str]) -> None:
    done = workshop.run(SECRET=SECRET, value=token(), instead=serve("robot", TOKEN))

    assert done.returncode == 0, done.stderr
    assert workshop.saw("remote").strip() == HTTPS
    assert "refs/heads/main" in workshop.saw("reached")
    assert workshop.calls[0] == (
        f"aws secretsmanager get-secret-value --secret-id {SECRET} --region eu-central-1 "
        "--query SecretString --output text"
    )
    assert not [call for call in workshop.calls if "credential-helper get" in call]


def test_a_token_is_seen_by_nobody_else(
    workshop: Workshop, serve: Callable[[str, str], str]
) -> None:
    done = workshop.run(SECRET=SECRET, value=token(), instead=serve("robot", TOKEN))

    said = done.stdout + done.stderr + "".join(workshop.calls)
    assert TOKEN not in said + workshop.saw("env") + workshop.saw("remote")
    assert workshop.saw("open") == ""
    assert workshop.saw("kept") == ""
    assert list(workshop.temporary.iterdir()) == []


def test_a_wrong_token_ends_without_a_question(
    workshop: Workshop, serve: Callable[[str, str], str]
) -> None:
    done = workshop.run(SECRET=SECRET, value=token(), instead=serve("robot", "another"))

    assert done.returncode != 0
    assert "make .venv/.ready" not in workshop.calls
    assert list(workshop.temporary.iterdir()) == []


def test_a_key_opens_the_repository_of_a_host_that_is_known(workshop: Workshop) -> None:
    done = workshop.run(SECRET=SECRET, value=SSH)

    assert done.returncode == 0, done.stderr
    opened = [call for call in workshop.calls if call.startswith("ssh ")]
    assert "refs/heads/main" in workshop.saw("reached")
    assert all("-o StrictHostKeyChecking=yes" in call for call in opened)
    assert all("-o GlobalKnownHostsFile=/dev/null" in call for call in opened)
    assert workshop.saw("key") == f"{KEY}\n{HOST_KEY}\n"
    assert workshop.saw("open") == ""
    assert list(workshop.temporary.iterdir()) == []


def test_codecommit_gives_the_address_that_a_secret_leaves_out(
    workshop: Workshop, serve: Callable[[str, str], str]
) -> None:
    address = serve("robot", TOKEN)

    done = workshop.run(SECRET=SECRET, REPOSITORY=HTTPS, value=token(url=None), instead=address)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("t0ken", "is not a JSON object"),
        ("None", "is not a JSON object"),
        ([TOKEN], "is not a JSON object"),
        (token(url=None), "has no url"),
        (token(token=None), "has no token"),
        (token(token=""), "has no token"),
        (token(token=7), "has no token"),
        (token(username=None), "has no username"),
        (token(url="http://git.example.com/origin.git"), "a token travels over https:// alone"),
        (token(url=f"https://robot:{TOKEN}@git.example.com/o.git"), "its url holds a user"),
        (SSH | {"known_hosts": ""}, "has no known_hosts"),
        (SSH | {"url": HTTPS}, "a key opens ssh://user@host/path"),
        (SSH | {"url": "--upload-pack=touch me@host:path"}, "a key opens ssh://user@host/path"),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_secret_that_opens_nothing_is_refused_with_what_it_lacks(
    workshop: Workshop, value: object, said: str
) -> None:
    done = workshop.run(SECRET=SECRET, value=value)

    assert done.returncode == 1
    assert f"{SECRET}: {said}" in done.stderr
    assert "remedy" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert [call for call in workshop.calls if call.startswith("git")] == []
    assert list(workshop.temporary.iterdir()) == []


def test_how_the_program_ends_the_build_ends(workshop: Workshop) -> None:
    assert workshop.run(REPOSITORY=HTTPS, ends=3).returncode == 3
    assert list(workshop.temporary.iterdir()) == []


def test_a_secret_that_cannot_be_read_ends_the_build(workshop: Workshop) -> None:
    (workshop.folder / "bin" / "aws").write_text("#!/bin/sh\nexit 254\n")

    assert workshop.run(SECRET=SECRET).returncode != 0
    assert workshop.calls == []
