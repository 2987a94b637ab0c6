"""For every channel of the registry and every request of its shelf: what is not genuine is refused."""

from dataclasses import replace

import pytest

from chalicelib.channels import CHANNELS
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Answer, Request

from .shelf import FIXTURES, RECEIVED_AT, named, ours, received, with_header

every_fixture = pytest.mark.parametrize("fixture", FIXTURES, ids=named)
every_covered_body = pytest.mark.parametrize(
    "fixture", [one for one in FIXTURES if one.covers_the_body], ids=named
)
every_channel = pytest.mark.parametrize("name", CHANNELS)


def proof(fixture):
    """The header that proves it: the one whose name the scheme states."""
    return fixture.channel.verify.header


def refused(fixture, request, secrets=None):
    with pytest.raises(Rejected) as caught:
        fixture.channel.verify.verify(request, fixture.ours(secrets))
    return caught.value.reason


@pytest.mark.promise("Forged means refused")
@every_fixture
def test_unsigned(fixture):
    request = fixture.request
    bare = {name: value for name, value in request.headers.items() if name != proof(fixture)}
    assert refused(fixture, replace(request, headers=bare)) == "signature_missing"


@every_fixture
def test_empty_signature(fixture):
    assert refused(fixture, with_header(fixture.request, proof(fixture), "")) == "signature_missing"


@every_fixture
def test_truncated_signature(fixture):
    request = fixture.request
    for cut in (1, len(request.headers[proof(fixture)]) // 2):
        short = with_header(request, proof(fixture), request.headers[proof(fixture)][:-cut])
        assert refused(fixture, short) in {"signature_malformed", "signature_mismatch"}


@every_fixture
@pytest.mark.parametrize("addition", ["=", " ", "\n", "é", "\ud800"])
def test_lengthened_signature(fixture, addition):
    request = fixture.request
    longer = with_header(request, proof(fixture), request.headers[proof(fixture)] + addition)
    assert refused(fixture, longer) in {"signature_malformed", "signature_mismatch"}


@pytest.mark.promise("Forged means refused")
@every_fixture
def test_other_secret(fixture):
    other = dict.fromkeys(fixture.secrets, ("other=other",))
    assert refused(fixture, fixture.request, other) in {"signature_mismatch", "secret_missing"}


@every_fixture
@pytest.mark.parametrize("values", [(), ("",), ("", "")])
def test_empty_secret(fixture, values):
    emptied = dict.fromkeys(fixture.secrets, values)
    assert refused(fixture, fixture.request, emptied) == "secret_missing"


@pytest.mark.promise("Forged means refused")
@every_fixture
def test_signed_with_the_empty_secret(fixture):
    emptied = dict.fromkeys(fixture.secrets, ("",))
    forged = received(fixture.signed(fixture.post, emptied))
    assert refused(fixture, forged, emptied) == "secret_missing"


@every_fixture
def test_secrets_without_its_name(fixture):
    assert refused(fixture, fixture.request, {}) == "secret_missing"
    assert refused(fixture, fixture.request, {"unheard_of": ("x",)}) == "secret_missing"


@pytest.mark.promise("Forged means refused")
@every_covered_body
def test_one_byte_of_the_body_changed(fixture):
    body = fixture.request.body
    for place in sorted({0, len(body) // 2, len(body) - 1}):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert refused(fixture, replace(fixture.request, body=changed)) == "signature_mismatch"


@every_covered_body
def test_body_emptied_or_lengthened(fixture):
    for body in (b"", fixture.request.body + b"x"):
        assert refused(fixture, replace(fixture.request, body=body)) == "signature_mismatch"


@every_fixture
def test_second_active_secret_is_accepted(fixture):
    rotated = {name: ("new=new", *values) for name, values in fixture.secrets.items()}
    fixture.channel.verify.verify(fixture.request, fixture.ours(rotated))


@every_channel
def test_a_request_of_nothing(name):
    request = Request(method="POST", url="", received_at=RECEIVED_AT)
    with pytest.raises(Rejected):
        CHANNELS[name].verify.verify(request, ours(name))


@every_channel
def test_it_declares_what_the_pipeline_relies_on(name):
    channel = CHANNELS[name]
    assert channel.name == name
    assert channel.verify
    assert channel.secrets
    assert "{url}" in channel.setup
    assert not isinstance(channel.answer, Answer) or channel.answer.status == 200
    assert channel.refused in {401, 403}
    assert channel.scope in {"channel", "account"}
