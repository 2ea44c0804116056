import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from offhook.security.masked import Secret
from offhook.security.signatures import SignatureAlgorithm, is_valid, sign, signer, with_body_hash

KEY = Secret("12345")
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = (
    ("To", "+18005551212"),
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
)


def test_the_known_vectors_are_reproduced():
    assert sign(URL, FORM, KEY) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert sign(URL, FORM, KEY, SignatureAlgorithm.SHA256) == "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="
    assert sign("wss://example.com/ws", (), KEY) == "HXrgvHt0qTHu33oSxSjpOvWtO60="
    assert sign(with_body_hash(URL, b'{"a":1}'), (), KEY) == "4GRKZCSU22d9rOjm+ecma7jyO8o="


def test_a_signer_gives_the_headers_for_each_algorithm():
    assert signer(KEY)(URL, FORM) == {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    headers = signer(KEY, SignatureAlgorithm.SHA256, "webhooks_sharedkey_1")(URL, FORM)
    assert headers["X-Twilio-Webhooks-Signature-Settings"] == "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    assert headers["X-Twilio-Signature"] == "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="


text = st.text(st.characters(codec="utf-8"), max_size=12)


@given(
    form=st.dictionaries(text, st.lists(text, min_size=1, max_size=3), max_size=6),
    token=st.text("0123456789abcdef", min_size=1),
)
def test_the_validator_of_existing_applications_accepts_what_we_sign(form, token):
    pairs = tuple((name, value) for name, values in form.items() for value in values)
    signature = sign("https://app.example.org/voice?x=1", pairs, Secret(token))
    from multidict import MultiDict

    assert RequestValidator(token).validate("https://app.example.org/voice?x=1", MultiDict(pairs), signature)


@pytest.mark.parametrize("variant", ["https://a.example/x", "https://a.example:443/x"])
def test_a_proxy_that_adds_or_removes_the_port_does_not_break_the_check(variant):
    for signed in ("https://a.example/x", "https://a.example:443/x"):
        assert is_valid(variant, FORM, sign(signed, FORM, KEY), KEY)


def test_a_changed_parameter_url_body_or_key_is_noticed():
    good = sign(URL, FORM, KEY)
    assert is_valid(URL, FORM, good, KEY)
    assert not is_valid(URL, (*FORM[:-1], ("From", "+1")), good, KEY)
    assert not is_valid(URL + "3", FORM, good, KEY)
    assert not is_valid(URL, FORM, good, Secret("12346"))
    assert not is_valid(URL, FORM, "\udc80", KEY)
    raw = with_body_hash(URL, b"{}")
    assert is_valid(raw, b"{}", sign(raw, (), KEY), KEY)
    assert not is_valid(raw, b"[]", sign(raw, (), KEY), KEY)
    assert not is_valid(URL, b"{}", sign(URL, (), KEY), KEY)


@given(st.text(), st.text())
def test_hostile_text_never_raises(url, signature):
    try:
        is_valid("https://" + url, FORM, signature, KEY)
    except ValueError as error:  # urlsplit refuses bad brackets; nothing else may come
        assert "IPv6" in str(error) or "netloc" in str(error) or "address" in str(error)  # noqa: PT017
