"""Ed25519: the vectors of RFC 8032, and what is refused."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bulkdel.evidence import signing

SEED = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
PUBLIC = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
TEXT = bytes.fromhex("af82")
SIGNATURE = (
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)
"""RFC 8032, section 7.1, test 3."""


def pem(key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    """A private key as a file holds it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


KEY = pem(Ed25519PrivateKey.from_private_bytes(SEED))


def test_a_signature_is_the_standards() -> None:
    """Rule: the standard's key signs the standard's text with the standard's signature."""
    assert base64.b64decode(signing.sign(KEY, TEXT)).hex() == SIGNATURE
    assert signing.fingerprint(signing.public_half(KEY)) == PUBLIC


def test_a_new_key_signs_and_its_half_checks() -> None:
    """Rule: what a new key signs, its public half accepts, and no other one."""
    private, public = signing.new_key()
    _, other = signing.new_key()
    signature = signing.sign(private, TEXT)

    assert signing.is_signed(public, TEXT, signature)
    assert not signing.is_signed(other, TEXT, signature)
    assert not signing.is_signed(public, TEXT + b"\n", signature)


@pytest.mark.parametrize("signature", [b"", b"x", b"AAAA", base64.b64encode(bytes(64)), b"\xff"])
def test_what_is_no_signature_is_not_one(signature: bytes) -> None:
    """Rule: whatever stands in its place is no signature, and no error either."""
    assert not signing.is_signed(signing.public_half(KEY), TEXT, signature)


@pytest.mark.parametrize(
    "text", [b"", b"secret", KEY[:-30], pem(rsa.generate_private_key(65537, 2048))]
)
def test_another_key_is_refused_unseen(text: bytes) -> None:
    """Rule: what is no such key is refused in words that hold nothing of it."""
    with pytest.raises(ValueError, match="key") as caught:
        signing.sign(text, TEXT)

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(ValueError, match="key"):
        signing.is_signed(text, TEXT, b"")
