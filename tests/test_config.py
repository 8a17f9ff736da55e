"""Settings: which file counts, which account is meant, and that a secret never shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wxpub import config, trust
from wxpub.errors import ConfigError

APPSECRET = "0123456789abcdef0123456789abcdef"  # as WeChat issues them
SECRET = "ca9a7e5ec7e70f4c81ca9a7e5ec7e70f"


def write(folder: Path, text: str) -> Path:
    path = folder / "wxpub.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_nearest_file_upwards_counts(tmp_path: Path) -> None:
    write(tmp_path, "[article]\nauthor = '外'\n")
    inner = tmp_path / "issues" / "2026"
    inner.mkdir(parents=True)
    assert config.find(inner / "issue.md").article == {"author": "外"}
    write(tmp_path / "issues", "[article]\nauthor = '内'\n")
    found = config.find(inner / "issue.md")
    assert (found.article, found.root) == ({"author": "内"}, (tmp_path / "issues").resolve())


def test_without_a_file_the_repository_is_the_project(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "issues").mkdir()
    assert config.find(tmp_path / "issues" / "issue.md").root == tmp_path.resolve()


def allowed(folder: Path) -> config.Config:
    """Read the settings and allow all that they want."""
    settings = config.find(folder)
    trust.allow(settings.root, config.wishes(settings))
    return settings


# --- addresses --------------------------------------------------------------------------------------------------------

GIT = """[core]
\tbare = false
[remote "origin"]
\turl = {url}
\tfetch = +refs/heads/*:refs/remotes/origin/*
[remote "mirror"]
\turl = git@gitee.com:me/letter.git
\turl = "/srv/git/letter.git" ; on a disk
[branch "main"]
\turl = https://no.example/remote/at-all
"""


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://github.com/Me/Letter.git", "github.com/Me/Letter"),
        ("https://me:token@github.com/me/letter", "github.com/me/letter"),
        ("git@github.com:me/letter.git", "github.com/me/letter"),
        ("ssh://git@ssh.github.com:443/me/letter.git", "github.com/me/letter"),
        ("ssh://git@git.example.org:2222/group/sub/letter.git/", "git.example.org/group/sub/letter"),
        ("../letter.git", ""),
        ("/srv/git/letter.git", ""),
        ("file:///srv/git/letter.git", ""),
    ],
)
def test_files_have_addresses_where_the_remotes_are(tmp_path: Path, url: str, place: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text(GIT.replace("{url}", url), encoding="utf-8")
    write(tmp_path, "[article]\nsource_url = 'https://a.example/{stem}'\n[site]\nurl = 'https://b.example/'\n")
    root = str(tmp_path)
    remotes = [f"https://{each}/blob/HEAD/{{path}}" for each in (place, "gitee.com/me/letter") if each]
    assert config.find(tmp_path).addresses == (
        ("https://a.example/{stem}", root),
        ("https://b.example/{path}", root),
        *((each, root) for each in remotes),
    )


def test_the_repository_may_be_around_the_project(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text(GIT.replace("{url}", "git@github.com:me/letter.git"), encoding="utf-8")
    (tmp_path / "letter").mkdir()
    write(tmp_path / "letter", "[site]\nurl = ['https://a.example/{date}', 'https://b.example/blog']\n")
    assert dict(config.find(tmp_path / "letter").addresses) == {
        "https://a.example/{date}": str(tmp_path / "letter"),
        "https://b.example/blog/{path}": str(tmp_path / "letter"),
        "https://github.com/me/letter/blob/HEAD/{path}": str(tmp_path),
        "https://gitee.com/me/letter/blob/HEAD/{path}": str(tmp_path),
    }


def test_a_worktree_and_a_submodule_have_the_remotes_of_their_repository(tmp_path: Path) -> None:
    main, tree, module = (tmp_path / name for name in ("main", "tree", "main/module"))
    for folder in (main / ".git/worktrees/tree", main / ".git/modules/module", tree, module):
        folder.mkdir(parents=True)
    (main / ".git/config").write_text(GIT.replace("{url}", "git@github.com:me/letter.git"), encoding="utf-8")
    (main / ".git/modules/module/config").write_text(GIT.replace("{url}", "git@github.com:me/module.git"))
    (main / ".git/worktrees/tree/commondir").write_text("../..\n")
    (tree / ".git").write_text(f"gitdir: {main}/.git/worktrees/tree\n")
    (module / ".git").write_text("gitdir: ../.git/modules/module\n")
    assert config.find(tree).project == config.find(main).project == "github.com/me/letter"
    assert config.find(module).addresses[0] == ("https://github.com/me/module/blob/HEAD/{path}", str(module))


@pytest.mark.parametrize("text", ["gitdir: /dev/zero", "gitdir: ../nowhere", "gitdir: a\0b", "gitdir:", "\0", "\xff"])
def test_a_hostile_repository_has_no_remotes(tmp_path: Path, text: str) -> None:
    (tmp_path / ".git").write_text(text, encoding="latin-1")
    assert (config.find(tmp_path).addresses, config.find(tmp_path).project) == ((), "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_for_a_configuration_of_git_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git/config")
    assert config.find(tmp_path).addresses == ()


WRONG = [
    ("[site]\nurl = 'letter.example'\n", "wxpub.toml:2: [site]: url is not an address of the web"),
    ("[site]\nurl = ['https://a.example/', 1]\n", "url is not an address of the web"),
    ("[site]\nurl = 'https://a.example/{slug}'\n", "url has an unknown {slug}"),
    ("\n[ui]\nlanguage = 'zj'\n", "wxpub.toml:3: [ui]: 'zj' is not a language of this tool; "),
    ("[ui]\nlanguage = 'zh-CN'\n", "wxpub.toml:2: [ui]: 'zh-CN' is not a language of this tool; did you mean zh?"),
    ("[ui]\nlangage = 'zh'\n", "wxpub.toml:2: [ui]: unknown key langage; did you mean language?"),
    ("\n[uii]\n", "wxpub.toml:2: unknown table uii; did you mean ui?"),
    ("[site]\nurls = ['https://a.example/']\n", "[site]: unknown key urls; did you mean url?"),
    ("[article\n", "wxpub.toml:1: not valid TOML"),
    ("\n[artcle]\n", "wxpub.toml:2: unknown table artcle; did you mean article?"),
    ("a = 1\n[x]\n", "unknown table a; known tables: "),
    ("article = 1\n", "wxpub.toml:1: article is not a table"),
    ("[article]\nauthr = '甲'\n", "wxpub.toml:2: [article]: unknown key authr; did you mean author?"),
    ("[article]\nx = '甲'\n", "wxpub.toml:2: [article]: unknown key x; known keys: author, "),
    ("[article]\nqrcode = 'maybe'\n", "wxpub.toml:2: [article]: qrcode is neither true nor false"),
    ("[article]\ndate = '2026-02-30'\n", "wxpub.toml:2: [article]: date: there is no day 2026-02-30"),
    (
        "# source_url = 1\n[theme]\nsource_url = '1px'\n[article]\nsource_url = 'https://a.example/{slug}'\n",
        "wxpub.toml:5: [article]: source_url has an unknown {slug}; known: {path}, {stem}, {date}",
    ),
    (
        "[article]\n\nauthor = “编辑部”\n",
        'wxpub.toml:3: not valid TOML: “ is no straight quotation mark; write "…", with straight quotation marks',
    ),
    ("[theme]\nsize = ['16px']\n", "wxpub.toml:2: [theme]: size has a value of the wrong kind; give text in quotes"),
    ("[markdown]\nextension = ['abbr']\n", "[markdown]: unknown key extension; did you mean extensions?"),
    ("[accounts.a]\nappid='x'\nsecret='hunter2'\n", "holds the secret itself"),
    (f"[accounts.a]\nappid='x'\nsecret_env='{APPSECRET}'\n", "holds the secret itself"),
    (f"[accounts.a]\nappid='x'\nsecret_file='{APPSECRET}'\n", "holds the secret itself"),
    ("[accounts.a]\nappid='x'\nkey='y'\n", "wxpub.toml:3: [accounts.a]: unknown key key; known keys: "),
    (
        "[accounts.b]\n[accounts.'a']\nappid='x'\nsecretenv='y'\n",
        "wxpub.toml:4: [accounts.a]: unknown key secretenv; did",
    ),
    ("[accounts]\na = 'x'\n", "accounts.a is not a table"),
    (
        "[accounts.a]\nappid='x'\nsecret_env=['hunter2']\n",
        "secret_env has a value of the wrong kind",
    ),
    ("[accounts.a]\nappid=12\n", "appid has a value of the wrong kind"),
    ("[network]\nallow_private='false'\n", "allow_private has a value of the wrong kind; give true or false"),
    ("[network]\nproxy=['x']\n", "proxy has a value of the wrong kind"),
    ("[network]\nproxies='x'\n", "wxpub.toml:2: [network]: unknown key proxies; did you mean proxy?"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        config.find(tmp_path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert APPSECRET not in str(caught.value)


ACCOUNTS = f"""
[accounts.main]
appid = "wxmain"
secret_env = "WXPUB_MAIN_SECRET"
[accounts.second]
appid = "wxsecond"
secret_file = "second.secret"
api_base = "https://relay.example:8443"
# {SECRET} stands in a comment only
"""


def test_accounts_are_chosen_by_name_by_environment_or_because_there_is_one(tmp_path: Path) -> None:
    write(tmp_path, ACCOUNTS)
    (tmp_path / "second.secret").write_text(SECRET + "\n", encoding="utf-8")
    settings = allowed(tmp_path)
    second = config.credentials(settings, "second", {})
    assert (second.appid, second.secret, second.api_base) == (
        "wxsecond",
        SECRET,
        "https://relay.example:8443",
    )
    env = {"WXPUB_APPID": "wxenv", "WXPUB_SECRET": SECRET, "WXPUB_API_BASE": "http://127.0.0.1:8000/"}
    assert config.credentials(settings, "", env).api_base == "http://127.0.0.1:8000"
    with pytest.raises(ConfigError, match="several accounts: main, second; choose one with --account"):
        config.credentials(settings, "", {})


@pytest.mark.parametrize(
    ("name", "env", "message"),
    [
        ("third", {}, "there is no account third; known accounts: main, second"),
        ("main", {}, "the environment variable WXPUB_MAIN_SECRET is not set"),
        ("second", {}, "second.secret cannot be read"),
        ("", {"WXPUB_APPID": "wx"}, "the environment variable WXPUB_SECRET is not set"),
        (
            "",
            {"WXPUB_APPID": "wx", "WXPUB_SECRET": SECRET, "WXPUB_API_BASE": "https://a.example/cgi-bin"},
            "not an address of the form",
        ),
        (
            "",
            {"WXPUB_APPID": "wx", "WXPUB_SECRET": SECRET, "WXPUB_API_BASE": "127.0.0.1:80"},
            "not an address of the form",
        ),
        (
            "",
            {"WXPUB_APPID": "wx", "WXPUB_SECRET": SECRET, "WXPUB_API_BASE": "https://[::1"},
            "not an address of the form",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, name: str, env: dict[str, str], message: str) -> None:
    write(tmp_path, ACCOUNTS)
    with pytest.raises(ConfigError) as caught:
        config.credentials(allowed(tmp_path), name, env)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("base", "fine"),
    [
        ("http://127.0.0.1:8888", True),
        ("http://[::1]:8888", True),
        ("http://192.168.1.5", True),
        ("http://relay", True),
        ("http://relay.lan", True),
        ("https://relay.example", True),
        ("http://relay.example", False),
        ("http://8.8.8.8", False),
    ],
)
def test_a_secret_goes_unencrypted_through_the_own_network_only(tmp_path: Path, base: str, fine: bool) -> None:
    env = {"WXPUB_APPID": "wx", "WXPUB_SECRET": SECRET, "WXPUB_API_BASE": base}
    if fine:
        assert config.credentials(config.find(tmp_path), "", env).api_base == base
    else:
        with pytest.raises(ConfigError, match="unencrypted"):
            config.credentials(config.find(tmp_path), "", env)


def test_no_credentials_at_all_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"set WXPUB_APPID and WXPUB_SECRET.*--sandbox"):
        config.credentials(config.find(tmp_path), "", {})


def test_a_secret_shows_in_no_representation(tmp_path: Path) -> None:
    account = config.credentials(config.find(tmp_path), "", {"WXPUB_APPID": "wx", "WXPUB_SECRET": SECRET})
    assert SECRET not in repr(account) + str(account)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '[article]\ntheme = "ink"\n'),
        ("# 注\n", '# 注\n\n[article]\ntheme = "ink"\n'),
        ("[theme]\naccent = '#111'", "[theme]\naccent = '#111'\n\n[article]\ntheme = \"ink\"\n"),
        ("[article] # 注\r\ntheme = 'a'  # 注\r\n", '[article] # 注\r\ntheme = "ink"  # 注\r\n'),
        (
            "[article]\nauthor = '甲' # 注\n[theme]\nsize = '1em'\n",
            "[article]\ntheme = \"ink\"\nauthor = '甲' # 注\n[theme]\nsize = '1em'\n",
        ),
        ("[article]", '[article]\ntheme = "ink"'),
    ],
)
def test_a_theme_is_written_into_the_settings_and_nothing_else_changes(text: str, expected: str) -> None:
    assert config.with_theme(text, Path("wxpub.toml"), "ink") == expected
    assert config.with_theme(expected, Path("wxpub.toml"), "ink") == expected


@pytest.mark.parametrize(
    "text",
    ["article = {theme = 'a'}", "article.theme = 'a'", '[article]\ndigest = """\ntheme = "x"\n"""', "[article"],
)
def test_settings_of_an_unusual_form_are_left_alone(text: str) -> None:
    with pytest.raises(ConfigError, match="unusual"):
        config.with_theme(text, Path("wxpub.toml"), "ink")
