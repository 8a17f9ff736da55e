"""A repository that was checked out is not its user: what its files want and links reach, before and after a yes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pushing import SECRET

from wxpub import config, trust
from wxpub.cli import cli
from wxpub.errors import ConfigError
from wxpub.ledger import FILE_NAME, Ledger, Published

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary of a private key\n"
posix = pytest.mark.skipif(os.name != "posix", reason="files have no owner here")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def write(folder: Path, text: str) -> Path:
    path = folder / "wxpub.toml"
    path.write_text(text, encoding="utf-8")
    return path


class Attacker(ThreadingHTTPServer):
    """A server that writes down what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Attacker)
        self.server.heard.append(self.rfile.read(int(self.headers.get("content-length", 0))).decode())
        self.send_response(500)
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    with Attacker() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter that somebody else wrote, and the credentials of the one who checked it out."""
    folder = tmp_path / "letter"
    (folder / ".git").mkdir(parents=True)
    (folder / "a.md").write_text("# 第一期\n\n正文。\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("WXPUB_APPID", "wx1")
    monkeypatch.setenv("WXPUB_SECRET", SECRET)
    monkeypatch.setattr("wxpub.client.FIRST_PAUSE", 0)
    return folder


COMMANDS = [("push", "a.md", "--dry-run"), ("push", "a.md"), ("doctor",), ("drafts", "list"), ("index", "rebuild")]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "text", ["api_base = '{url}'", "api_base = 'http://relay.test'\nproxy = '{url}'", "proxy = '{url}'"]
)
def test_no_credentials_go_where_a_checked_out_file_says(
    letter: Path, attacker: Attacker, text: str, words: tuple[str, ...]
) -> None:
    path = write(letter, f"[network]\n{text.format(url=attacker.url)}\n")
    result = run(*words)
    assert (result.exit_code, attacker.heard) == (1, [])
    said = result.stderr + result.stdout
    assert str(path) in said or words == ("doctor",)
    assert f"{text.partition(' ')[0]} = " in said
    assert f"wxpub trust {letter}" in said


def test_what_the_user_allows_counts_from_then_on_and_says_where_it_goes(letter: Path, attacker: Attacker) -> None:
    write(letter, f"[network]\napi_base = '{attacker.url}'\n")
    assert run("trust", "--yes").exit_code == 0
    result = run("push", "a.md", "--dry-run")
    assert SECRET in attacker.heard[0]
    assert result.stderr.count(f"sending credentials to 127.0.0.1:{attacker.server_port}") == 1


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_where_it_sends_credentials(
    letter: Path, attacker: Attacker, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("WXPUB_API_BASE", attacker.url)  # the environment is the user's own
    result = run(*words)
    assert result.stderr.count("sending credentials to 127.0.0.1") == 1
    assert attacker.heard


@pytest.mark.parametrize(
    "base", ["https://api.weixin.qq.com", "https://api2.weixin.qq.com", "https://sh.api.weixin.qq.com:443"]
)
def test_wechat_itself_needs_no_permission(letter: Path, base: str) -> None:
    write(letter, f"[network]\napi_base = '{base}'\n")
    found = config.credentials(config.find(letter))
    assert (found.api_base, config.notice(found)) == (base, "")


@pytest.mark.parametrize(
    "base",
    [
        "https://api.weixin.qq.com.evil.example",
        "https://evilweixin.qq.com",
        "https://evil.example/api.weixin.qq.com",
        "https://api.weixin.qq.com:8443",
        "https://weixin.qq.com@evil.example",
        "https://evil.example#.weixin.qq.com",
        "https://api.weixin.qq.com\\@evil.example",
    ],
)
def test_what_only_looks_like_wechat_does(letter: Path, base: str) -> None:
    write(letter, f"[network]\napi_base = '{base}'\n")
    with pytest.raises(ConfigError, match="not allowed yet"):
        config.credentials(config.find(letter))


def account(text: str) -> str:
    return f'[accounts.default]\nappid = "wx1"\n{text}\n'


def test_a_file_may_not_choose_where_secrets_are_read(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WXPUB_APPID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    (tmp_path / "id_ed25519").write_text(SECRET, encoding="utf-8")
    for text, what in [
        (account('secret_file = "../id_ed25519"'), f"secret_file = {tmp_path / 'id_ed25519'}"),
        (account('secret_env = "AWS_SECRET_ACCESS_KEY"'), "secret_env = AWS_SECRET_ACCESS_KEY"),
    ]:
        path = write(letter, text)
        with pytest.raises(ConfigError) as caught:
            config.credentials(config.find(letter))
        assert str(caught.value).startswith(f"{path}: {what} is not allowed yet")
        assert f"wxpub trust {letter}" in str(caught.value)
        assert SECRET not in str(caught.value)
        assert run("trust", "--yes").exit_code == 0
        assert config.credentials(config.find(letter)).secret == SECRET
    write(letter, account('secret_env = "WXPUB_WEEKLY_SECRET"'))
    monkeypatch.setenv("WXPUB_WEEKLY_SECRET", SECRET)
    assert config.credentials(config.find(letter)).secret == SECRET


def test_a_link_to_another_secret_is_another_wish(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WXPUB_APPID")
    for name in ("one", "two"):
        (tmp_path / name).write_text(SECRET, encoding="utf-8")
    write(letter, account('secret_file = "secret"'))
    (letter / "secret").symlink_to(tmp_path / "one")
    run("trust", "--yes")
    assert config.credentials(config.find(letter)).secret == SECRET
    (letter / "secret").unlink()
    (letter / "secret").symlink_to(tmp_path / "two")
    with pytest.raises(ConfigError, match="not allowed yet"):
        config.credentials(config.find(letter))


@pytest.mark.parametrize("secret", [KEY, "hunter2", SECRET + "0", SECRET[:-1] + "g", f"{SECRET} {SECRET}"])
def test_only_what_looks_like_an_appsecret_is_sent(
    letter: Path, tmp_path: Path, attacker: Attacker, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("WXPUB_API_BASE", attacker.url)
    monkeypatch.setenv("WXPUB_SECRET", secret)
    said = [run("push", "a.md")]
    monkeypatch.delenv("WXPUB_APPID")
    (tmp_path / "key").write_text(secret, encoding="utf-8")
    write(letter, account('secret_file = "../key"'))
    run("trust", "--yes")
    said.append(run("push", "a.md"))
    for result in said:
        assert result.exit_code == 1
        assert "does not hold an AppSecret" in result.stderr
        assert secret.strip() not in result.stderr
        assert "canary" not in result.stderr
    assert attacker.heard == []


@posix
def test_a_pipe_for_a_secret_is_not_waited_for(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WXPUB_APPID")
    os.mkfifo(letter / "pipe")
    write(letter, account('secret_file = "pipe"'))
    run("trust", "--yes")
    with pytest.raises(ConfigError, match=r"secret_file .* cannot be read: not a file"):
        config.credentials(config.find(letter))


# --- which file counts ------------------------------------------------------------------------------------------------


def test_the_search_ends_at_the_repository(tmp_path: Path) -> None:
    write(tmp_path, "[article]\nauthor = '外'\n")
    inner = tmp_path / "mine" / "issues"
    inner.mkdir(parents=True)
    assert config.find(inner).article == {"author": "外"}
    (tmp_path / "mine" / ".git").mkdir()
    found = config.find(inner / "issue.md")
    assert (found.path, found.root) == (None, (tmp_path / "mine").resolve())


def owned_by(path: Path, user: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file be another user's: to give it away takes root."""
    foreign = os.stat_result([*path.stat()[:4], user, *path.stat()[5:]])
    real = Path.stat

    def other(self: Path, **words: bool) -> os.stat_result:
        return foreign if self == path else real(self, **words)

    monkeypatch.setattr(Path, "stat", other)


@posix
def test_a_file_of_another_user_does_not_count(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(letter, "[article]\nauthor = 'x'\n")
    owner = path.stat().st_uid
    monkeypatch.delenv("SUDO_UID", raising=False)
    owned_by(path, 4242, monkeypatch)
    for words in (("check", "a.md"), ("convert", "a.md"), ("push", "a.md", "--sandbox")):
        result = run(*words)
        assert result.exit_code == 1
        assert f"{path}: owner = 4242 is not allowed yet" in result.stderr + result.stdout
    assert run("trust", "--yes").exit_code == 0
    assert config.find(letter).article == {"author": "x"}
    run("trust", "--revoke")
    if owner == 0:
        monkeypatch.setenv("SUDO_UID", "4242")  # under sudo, the files of who called it
        assert config.find(letter).article == {"author": "x"}


def test_a_file_may_not_name_modules_to_run(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (letter / "evil.py").write_text("raise SystemExit('run')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(letter)
    write(letter, "[markdown]\nextensions = ['abbr', 'evil']\n")
    result = run("convert", "a.md")
    assert result.exit_code == 1
    assert "extension = evil is not allowed yet" in result.stderr
    write(letter, "[markdown]\nextensions = ['abbr', 'markdown.extensions.def_list']\n")
    assert run("convert", "a.md").exit_code == 0


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pymdownx.snippets", "pymdownx.snippets:SnippetExtension", "pymdownx.b64"])
def test_a_file_may_not_name_what_puts_files_into_an_article(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)  # the user's home, say
    (tmp_path / ".netrc").write_text("canary of a password\n", encoding="utf-8")
    (letter / "a.md").write_text('# 题\n\n--8<-- ".netrc"\n\n正文。\n', encoding="utf-8")
    write(letter, f"[markdown]\nextensions = ['{name}']\n")
    result = run("convert", "letter/a.md", "--fragment", "-o", "-")
    assert f"extension = {name} is not allowed yet" in result.stderr
    assert (result.exit_code, "canary" in result.stdout) == (1, False)
    run("trust", "letter", "--yes")
    result = run("convert", "letter/a.md", "--fragment", "-o", "-")
    assert (result.exit_code, "canary" in result.stdout) == (0, "snippets" in name)


def test_trust_shows_asks_keeps_and_takes_back(letter: Path) -> None:
    write(letter, "[network]\napi_base = 'https://relay.example'\nproxy = 'http://me:hunter2@proxy.example:3128'\n")
    asked = run("trust")
    assert asked.exit_code == 2  # there is no terminal to answer on
    assert "api_base = https://relay.example (new): the AppSecret and every call are sent there" in asked.stderr
    assert "proxy = http://proxy.example:3128 (new)" in asked.stderr
    assert run("trust", "--list").stdout == ""
    assert run("trust", str(letter), "--yes").exit_code == 0
    listed = run("trust", "--list").stdout
    assert f"{letter}\n    api_base https://relay.example\n    proxy http://proxy.example:3128\n" in listed
    assert "hunter2" not in listed + asked.stderr + trust.place().read_text(encoding="utf-8")
    assert config.credentials(config.find(letter)).proxy == "http://me:hunter2@proxy.example:3128"
    doctor = run("doctor").stdout
    assert "permissions: allowed: api_base https://relay.example" in doctor
    if os.name == "posix":
        assert stat.S_IMODE(trust.place().stat().st_mode) == 0o600
    write(letter, "[network]\napi_base = 'https://other.example'\n")  # another host is another question
    with pytest.raises(ConfigError, match=r"other\.example is not allowed yet"):
        config.credentials(config.find(letter))
    assert "permissions: not allowed: api_base https://other.example" in run("doctor").stdout
    assert "no longer allowed: api_base https://relay.example" in run("trust", "--revoke").stderr
    assert run("trust", "--list").stdout == ""
    assert "nothing was allowed" in run("trust", "--revoke").stderr


def test_permission_is_for_one_folder(letter: Path, tmp_path: Path) -> None:
    write(letter, "[network]\napi_base = 'https://relay.example'\n")
    run("trust", "--yes")
    other = tmp_path / "other"
    other.mkdir()
    write(other, "[network]\napi_base = 'https://relay.example'\n")
    with pytest.raises(ConfigError, match="not allowed yet"):
        config.credentials(config.find(other))


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"version": 1, "folders": {"/": "x"}}', "[" * 100_000, "\0"])
def test_a_damaged_record_allows_nothing(letter: Path, damage: str) -> None:
    write(letter, "[network]\napi_base = 'https://relay.example'\n")
    trust.place().parent.mkdir(parents=True, exist_ok=True)
    trust.place().write_text(damage, encoding="utf-8")
    try:
        with pytest.raises(ConfigError, match="damaged; nothing is allowed"):
            config.credentials(config.find(letter))
    finally:
        trust.place().unlink()


@posix
@pytest.mark.parametrize("others", ["all", "the group", "its owner"])
def test_a_record_that_others_can_write_allows_nothing(
    letter: Path, monkeypatch: pytest.MonkeyPatch, others: str
) -> None:
    write(letter, "[network]\napi_base = 'https://relay.example'\n")
    run("trust", "--yes")
    assert config.credentials(config.find(letter)).api_base == "https://relay.example"
    if others == "its owner":
        owned_by(trust.place(), 4242, monkeypatch)
    else:
        trust.place().chmod(0o666 if others == "all" else 0o620)
    try:
        with pytest.raises(ConfigError, match="could be changed by other users"):
            config.credentials(config.find(letter))
    finally:
        trust.place().unlink()


# --- what a checked-out tree makes us run or read ---------------------------------------------------------------------


@posix
@pytest.mark.parametrize("way", ["a signature to check", "an object to fetch"])
def test_git_runs_nothing_that_a_repository_configures(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("WXPUB_SANDBOX_DB", str(tmp_path / "sandbox" / "x.sqlite3"))
    (letter / ".git").rmdir()
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path / 'ran'}'\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)

    def git(*words: str, given: str = "") -> str:
        name = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        return subprocess.run(["git", *name, *words], input=given, capture_output=True, text=True, check=True).stdout

    git("init", "-q")
    git("add", "a.md")
    git("commit", "-qm", "old")
    if way == "a signature to check":
        head, _, words = git("cat-file", "commit", "HEAD").partition("\n\n")
        signature = "-----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----"
        signed = git("hash-object", "-t", "commit", "-w", "--stdin", given=f"{head}\ngpgsig {signature}\n\n{words}")
        git("update-ref", "HEAD", signed.strip())
        settings = {"log.showSignature": "true", "gpg.program": str(program)}
    else:
        blob = git("rev-parse", "HEAD:a.md").strip()
        (letter / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
        settings = {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.promisor": "true",
            "remote.origin.url": f"ext::{program} %S letter",
            "protocol.ext.allow": "always",
        }
    for name, value in settings.items():
        git("config", name, value)
    assert run("push", "a.md", "--sandbox").exit_code == 0
    for ledger in (tmp_path / "sandbox").glob(f"*{FILE_NAME}"):
        ledger.unlink()
    (letter / "a.md").write_text("# 第一期\n\n新的正文。\n", encoding="utf-8")
    result = run("push", "a.md", "--sandbox")  # asks Git whether an earlier version has the draft's words
    assert result.exit_code == (0 if way == "a signature to check" else 1), result.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="programs of Linux's desktops")
def test_every_program_that_a_command_starts_is_given_no_secret(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, programs = tmp_path / "said", tmp_path / "programs"
    said.mkdir()
    programs.mkdir()
    for name in ("git", "xclip", "xdg-open"):
        (programs / name).write_text(f"#!/bin/sh\nenv > {said}/{name}.$$; mv {said}/{name}.$$ {said}/{name}\n")
        (programs / name).chmod(0o755)
    secrets = {"WXPUB_SECRET": SECRET, "WEEKLY": SECRET, "WXPUB_PROXY": "http://me:hunter2@relay.test"}
    own = {"WXPUB_SANDBOX_DB": str(tmp_path / "sandbox" / "x.sqlite3"), "DISPLAY": ":0"}
    for name, value in {**secrets, **own, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert run("convert", "a.md", "--copy", "--open").exit_code == 0
    assert run("push", "a.md", "--sandbox").exit_code == 0
    for ledger in (tmp_path / "sandbox").glob(f"*{FILE_NAME}"):
        ledger.unlink()
    (letter / "a.md").write_text("# 第一期\n\n新的正文。\n", encoding="utf-8")
    run("push", "a.md", "--sandbox")  # asks Git whether an earlier version has the draft's words
    for name in ("git", "xclip", "xdg-open"):
        for _ in range(100):  # the browser is not waited for
            if not (said / name).exists():
                time.sleep(0.05)
        given = (said / name).read_text(encoding="utf-8")
        assert "DISPLAY=:0" in given and SECRET not in given and "hunter2" not in given and "WXPUB_" not in given, name


@posix
@pytest.mark.parametrize(
    ("name", "words", "end"),
    [
        ("b.md", "convert b.md", "/dev/zero"),
        ("mine.css", "convert a.md --theme mine.css", "/dev/zero"),
        ("mine.css", "convert a.md --theme mine.css", "pipe"),
        ("wxpub.toml", "convert a.md", "/dev/zero"),
        (".git/config", "push a.md --sandbox", "/dev/zero"),
        (FILE_NAME, "index list", "/dev/zero"),
        ("b.md", "index rebuild --sandbox", "/dev/zero"),
        ("picture.png", "check page.html", "/dev/zero"),
        ("a.html", "check a.html", "/dev/zero"),
        ("a.html", "convert a.md", "pipe"),
    ],
)
def test_a_link_to_what_has_no_end_is_left(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str, end: str
) -> None:
    monkeypatch.setenv("WXPUB_SANDBOX_DB", str(tmp_path / "x.sqlite3"))
    (letter / "page.html").write_text('<p>正文。<img src="picture.png"></p>', encoding="utf-8")
    os.mkfifo(letter / "pipe")
    (letter / name).symlink_to(end)
    bounded = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))"
    code = f"{bounded}; from wxpub.__main__ import main; main()"
    ran = subprocess.run([sys.executable, "-c", code, *words.split()], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in ran.stderr
    assert ran.returncode in (0, 1)


# --- nothing in the tree is written through a link --------------------------------------------------------------------


@posix
@pytest.mark.parametrize("name", [f".{FILE_NAME}.tmp", f".{FILE_NAME}.lock"])
def test_links_of_the_tree_reach_no_file_of_the_user(letter: Path, tmp_path: Path, name: str) -> None:
    bashrc = tmp_path / ".bashrc"
    bashrc.write_text("alias ll='ls -l'\n", encoding="utf-8")
    (letter / name).symlink_to(bashrc)
    assert run("index", "add", "a.md", "https://mp.weixin.qq.com/s/AbCdEf").exit_code == 0
    assert bashrc.read_text(encoding="utf-8") == "alias ll='ls -l'\n"
    assert not (letter / FILE_NAME).is_symlink()
    assert json.loads((letter / FILE_NAME).read_text(encoding="utf-8"))


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_ledger_that_leads_out_of_the_project_is_refused(letter: Path, tmp_path: Path, there: bool) -> None:
    target = tmp_path / "victim"
    if there:
        target.write_text("mine\n", encoding="utf-8")
    (letter / FILE_NAME).symlink_to(target)
    result = run("index", "add", "a.md", "https://mp.weixin.qq.com/s/AbCdEf")
    assert result.exit_code == 1
    assert ("leads out of the project" if there else "leads nowhere") in result.stderr
    assert target.exists() == there
    assert not there or target.read_text(encoding="utf-8") == "mine\n"


@posix
def test_a_ledger_that_is_linked_within_the_repository_is_written_and_locked_where_it_is(letter: Path) -> None:
    (letter / "weekly").mkdir()
    Ledger(letter / FILE_NAME).record("wx1", {"a.md": Published("u")})
    (letter / "weekly" / FILE_NAME).symlink_to(letter / FILE_NAME)
    here, there = Ledger(letter / FILE_NAME), Ledger(letter / "weekly" / FILE_NAME)
    heard: list[str] = []
    entered = threading.Event()

    def wait() -> None:
        with there.locked(lambda: heard.append("waiting") or entered.set()):
            there.record("wx1", {"b.md": Published("v")})

    with here.locked():
        other = threading.Thread(target=wait)
        other.start()
        assert entered.wait(10)
    other.join(10)
    assert heard == ["waiting"]
    assert (letter / "weekly" / FILE_NAME).is_symlink()
    assert len(Ledger(letter / FILE_NAME).facts(Published)) == 2


def test_nothing_but_the_ledger_stays_in_the_tree(letter: Path) -> None:
    before = {each.name for each in letter.iterdir()}
    assert run("index", "add", "a.md", "https://mp.weixin.qq.com/s/AbCdEf").exit_code == 0
    assert {each.name for each in letter.iterdir()} - before == {FILE_NAME}


@posix
def test_a_pipe_for_a_ledger_is_not_waited_for(letter: Path) -> None:
    os.mkfifo(letter / FILE_NAME)
    with pytest.raises(ConfigError, match="not a file"):
        Ledger(letter / FILE_NAME)
