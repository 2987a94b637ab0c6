"""What a refusal says, whatever the scheme."""

import pytest

from chalicelib.vocabulary.errors import Rejected
from tests.channels.signatures.schemes import FORM, META, TOKEN, TWILIO, ours, request


@pytest.mark.parametrize("scheme", [META, TOKEN, TWILIO], ids=lambda scheme: type(scheme).__name__)
def test_no_refusal_holds_a_secret_or_a_signature(scheme):
    headers = {scheme.header: "A" * 64, "content-type": FORM}
    held = dict.fromkeys(("app_secret", "secret_token", "auth_token", "shared_key"), ("hunter2=hunter2",))
    with pytest.raises(Rejected) as caught:
        scheme.verify(request(headers, b"Body=private"), ours(held))
    assert not any(word in str(caught.value) for word in ("hunter2", "AAAA", "private"))
