"""`blockprobe proxies watch` and its book: two of them would write over each other's, an agent is no hindrance."""

import pytest

from blockprobe.store.lock import PROXIES, STORE, Lock
from tests.cli.program import run


@pytest.fixture
def watch(tmp_path):
    config, listed = tmp_path / "probe.toml", tmp_path / "list"
    config.write_text('[helper]\nurls = ["https://192.0.2.1/"]\n')
    listed.write_text("# nothing to look at\n")
    return lambda: run("proxies", "watch", str(listed), "--store", str(tmp_path), "--config", str(config))


def test_a_book_that_another_process_keeps_is_left_alone(tmp_path, watch):
    book = tmp_path / "proxies.json"
    book.write_text("[]")
    lock = Lock(tmp_path, PROXIES)
    lock.take()
    try:
        held = watch()
    finally:
        lock.release()

    assert held.returncode == 2
    assert held.stderr.count(b"\n") == 1
    assert b"another `proxies watch` keeps its book here" in held.stderr
    assert book.read_text() == "[]"
    assert b"no proxy is listed" in watch().stderr  # the lock went with its holder


def test_an_agent_on_the_same_store_does_not_stop_it(tmp_path, watch):
    lock = Lock(tmp_path, STORE)
    lock.take()
    try:
        assert b"no proxy is listed" in watch().stderr
    finally:
        lock.release()
