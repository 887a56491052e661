"""Ed25519 signatures (RFC 8032) and the files of their keys; the only door to cryptography."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

KEY_BYTES_MOST: Final = 16 * 1024
"""Of a key's file; a longer one is none."""
_SIGNATURE_BYTES: Final = 64


def new_key() -> tuple[bytes, bytes]:
    """A new private key (PEM, PKCS 8, not encrypted) and its public half (PEM)."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private, public_half(private)


def public_half(private: bytes) -> bytes:
    """The public half (PEM) of a private key.

    Raises:
        ValueError: it is no Ed25519 key in PEM, PKCS 8; the words never hold any of it.
    """
    return _pem(_private(private).public_key())


def sign(private: bytes, text: bytes) -> bytes:
    """The signature of `text` in base64, as statement.sig holds it.

    Raises:
        ValueError: as `public_half`.
    """
    return base64.b64encode(_private(private).sign(text))


def is_signed(public: bytes, text: bytes, signature: bytes) -> bool:
    """Whether `signature`, in base64, is that of `text` by the key whose public half this is.

    One signature has one spelling: no space beside it, no other last character.

    Raises:
        ValueError: `public` is no Ed25519 key in PEM.
    """
    key = _public(public)
    try:
        raw = base64.b64decode(signature, validate=True)
    except binascii.Error:
        return False
    if len(raw) != _SIGNATURE_BYTES or base64.b64encode(raw) != signature:
        return False
    try:
        key.verify(raw, text)
    except InvalidSignature:
        return False
    return True


def fingerprint(public: bytes) -> str:
    """What a person compares: the key's 32 bytes in hex.

    Raises:
        ValueError: as `is_signed`.
    """
    raw = _public(public).public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return raw.hex()


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # What the library says may quote the file.
        raise ValueError("no private key in PEM, PKCS 8, without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("a private key, but not of Ed25519")  # noqa: TRY004  # of a file
    return key


def _public(pem: bytes) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("a public key, but not of Ed25519")  # noqa: TRY004  # of a file
    return key


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
