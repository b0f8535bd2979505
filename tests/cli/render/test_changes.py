"""The counterfactuals of a record, told in words."""

from blockprobe.cli.render.changes import CHANGES, changes
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place, TcpObservation, TlsObservation, Why
from blockprobe.model.observation import Test as Purpose

UNTOLD = {Purpose.LOOK, Purpose.REPEAT, Purpose.RECOVERY, Purpose.WARM_UP}


def _tls(*, listed: bool, failure: Failure | None) -> TlsObservation:
    return TlsObservation(
        why=Why(test=Purpose.SQUARE, place=Place.ECHO, listed=listed), t0_s=0, t_s=1, failure=failure,
        address="203.0.113.1", port=443, server_name="a.example", verify_name="a.example",
    )  # fmt: skip


def test_every_test_that_changes_something_has_words() -> None:
    assert set(CHANGES) | UNTOLD == set(Purpose)


def test_the_same_result_is_counted_and_not_repeated() -> None:
    told = list(changes([_tls(listed=True, failure=Failure.CONNECTION_RESET)] * 2 + [_tls(listed=False, failure=None)]))

    assert told == [
        ("the name, the server, or both", "echo", "the listed name", "connection_reset (2 times)"),
        ("the name, the server, or both", "echo", "a neutral name", "answered"),
    ]


def test_a_connection_that_only_carried_the_test_is_not_told() -> None:
    carrier = TcpObservation(
        why=Why(test=Purpose.SQUARE, place=Place.ECHO), t0_s=0, t_s=1, failure=None, address="203.0.113.1", port=443
    )

    assert list(changes([carrier])) == []
