"""systemd hears what happens, where there is one to hear."""

import os
import socket

import pytest

from blockprobe.agent.notify import Notifier


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.setblocking(False)
        yield ear


def heard(ear):
    messages = []
    while True:
        try:
            messages.append(ear.recv(4096).decode())
        except BlockingIOError:
            return messages


def test_every_word_of_a_life_is_one_datagram(manager, tmp_path):
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000000"})
    notifier.ready("waiting")
    notifier.status("cycle 1")
    notifier.status("cycle 1")
    notifier.alive()
    notifier.reloading(12.5)
    notifier.stopping()

    assert heard(manager) == [
        "READY=1\nSTATUS=waiting", "STATUS=cycle 1", "WATCHDOG=1", "RELOADING=1\nMONOTONIC_USEC=12500000", "STOPPING=1",
    ]  # fmt: skip


def test_the_watchdog_is_told_three_times_a_period(manager, tmp_path):
    assert Notifier({"WATCHDOG_USEC": "300000000"}).watchdog_s == 100.0


@pytest.mark.parametrize("usec", ["", "0", "soon", "-5"])
def test_without_a_period_there_is_no_watchdog(usec):
    assert Notifier({"WATCHDOG_USEC": usec}).watchdog_s is None


def test_a_watchdog_for_another_process_is_not_ours():
    assert Notifier({"WATCHDOG_USEC": "300000000", "WATCHDOG_PID": str(os.getpid() + 1)}).watchdog_s is None


def test_a_name_in_the_abstract_namespace_is_understood(tmp_path):
    name = f"blockprobe-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + name)
        ear.setblocking(False)
        Notifier({"NOTIFY_SOCKET": "@" + name}).ready("x")
        assert heard(ear) == ["READY=1\nSTATUS=x"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_nobody_listening_does_no_harm(environment):
    notifier = Notifier(environment)
    notifier.ready("x")
    notifier.alive()
    notifier.stopping()
