"""The public vocabularies: what users archive and filter by."""

from blockprobe.model.failure import CERTIFICATE_FAILURES, SILENCES, Failure
from blockprobe.model.words import Layer, Mechanism, State


def test_every_mechanism_begins_with_its_layer() -> None:
    assert {mechanism.layer for mechanism in Mechanism} == set(Layer)
    assert Mechanism.TLS_RESET_SNI.layer is Layer.TLS


def test_mechanisms_are_lower_case_dot_paths() -> None:
    for mechanism in Mechanism:
        steps = mechanism.value.split(".")
        assert 2 <= len(steps) <= 3
        assert all(step.isalnum() and step == step.lower() for step in steps)


def test_there_are_five_states() -> None:
    assert [state.value for state in State] == ["accessible", "blocked", "down", "refused", "inconclusive"]


def test_failures_are_words_and_their_groups_are_failures() -> None:
    assert all(failure.value.replace("_", "").isalnum() for failure in Failure)
    assert len({failure.value for failure in Failure}) == len(Failure)
    assert set(Failure) >= CERTIFICATE_FAILURES | SILENCES
