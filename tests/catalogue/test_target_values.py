"""What entries of orders and lists become: the form that goes over the wire, or a fault."""

import pytest

from blockprobe.catalogue.target_values import bare_value, first_above, host_of, kind_of, normal_value
from blockprobe.model.errors import TargetError
from blockprobe.model.order import OrderTarget, TargetKind


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("A.Example.", TargetKind.DOMAIN, "a.example"),
        ("xn--mnch-0ra.example", TargetKind.HOST, "xn--mnch-0ra.example"),
        ("münch.example", TargetKind.DOMAIN, "xn--mnch-0ra.example"),
        ("2A00:0:0::1", TargetKind.ADDRESS, "2a00::1"),
        ("HTTPS://A.example/B?c#d", TargetKind.URL, "https://a.example/B?c"),
    ],
)
def test_a_value_takes_the_form_that_goes_over_the_wire(text: str, kind: TargetKind, value: str) -> None:
    assert normal_value(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("example", TargetKind.DOMAIN),
        ("*.a.example", TargetKind.DOMAIN),
        ("[2a00::1]", TargetKind.HOST),
        ("127.0.0.1", TargetKind.ADDRESS),
        ("fe80::1%eth0", TargetKind.ADDRESS),
        ("a.example", TargetKind.ADDRESS),
        ("http://127.0.0.1/", TargetKind.URL),
    ],
)
def test_what_cannot_be_measured_is_refused(text: str, kind: TargetKind) -> None:
    with pytest.raises(TargetError):
        normal_value(text, kind)


@pytest.mark.parametrize(
    ("text", "kind", "bare"),
    [
        ("a.example", TargetKind.DOMAIN, "a.example"),
        ("*.a.example", TargetKind.DOMAIN, "a.example"),
        ("https://a.example/", TargetKind.DOMAIN, "a.example"),
        ("https://a.example", TargetKind.DOMAIN, "a.example"),
        ("https://a.example/b", TargetKind.URL, "https://a.example/b"),
        ("203.0.113.7", TargetKind.ADDRESS, "203.0.113.7"),
        ("[2001:db8::1]", TargetKind.ADDRESS, "2001:db8::1"),
    ],
)
def test_a_list_need_not_say_what_a_value_is(text: str, kind: TargetKind, bare: str) -> None:
    assert kind_of(text) is kind
    assert bare_value(text, kind) == bare


def test_the_host_of_an_entry_is_its_name_address_or_that_of_its_url() -> None:
    assert host_of(OrderTarget(value="a.example")) == "a.example"
    assert host_of(OrderTarget(value="http://[2001:db8::1]:81/x", kind=TargetKind.URL)) == "2001:db8::1"


def test_only_whole_labels_lie_under_a_domain() -> None:
    assert first_above("a.example", {"a.example"}) == "a.example"
    assert first_above("c.b.a.example", {"a.example", "b.a.example"}) == "b.a.example"
    assert first_above("ba.example", {"a.example"}) is None
    assert first_above("2001:db8::1", {"a.example"}) is None
