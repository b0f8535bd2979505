from pathlib import Path

import pytest

from blockprobe.model.errors import ConfigError
from blockprobe.net.proxy_logins import MAX_FILE_BYTES, read_logins
from blockprobe.net.proxy_words import Login


def test_logins_are_found_by_the_proxys_own_name(tmp_path: Path) -> None:
    file = tmp_path / "logins"
    file.write_text(
        "# ours\n\nhttp://Proxy.example:3128 ann open sesame \nsocks5h://127.0.0.1:9050/  bob  pass\n", "utf-8"
    )
    assert read_logins(str(file)) == {
        "http://proxy.example:3128": Login(user="ann", password="open sesame"),
        "socks5://127.0.0.1:9050": Login(user="bob", password="pass"),
    }
    assert read_logins(None) == {}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("http://proxy.example:3128 ann", "line 2: write the proxy's URL, the user and the password"),
        ("ftp://proxy.example ann secret", "line 2: proxy 'ftp://proxy.example'"),
        ("http://proxy.example a:b secret", "line 2: a proxy's user name has no colon"),
        (f"http://proxy.example ann {'secret' * 50}", "line 2: a proxy's password has 1 to 255 bytes"),
    ],
)
def test_a_line_that_is_no_login_is_named_without_its_password(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "logins"
    file.write_text(f"# ours\n{line}\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        read_logins(str(file))
    assert words in str(refused.value)
    assert "secret" not in str(refused.value).replace("secrets_file", "")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    for name, words in (("none", "No such file"), ("binary", "not UTF-8"), ("large", "more than 65536 bytes")):
        with pytest.raises(ConfigError, match=words):
            read_logins(str(tmp_path / name))
