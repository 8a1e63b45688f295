"""The verifier's own Ed25519 agrees with that of `cryptography`."""

import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from tests.make.ballots import verifier

VERIFY = verifier()
# RFC 8032, 7.1: key, message, signature
KNOWN = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
            "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
            "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
            "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


def _theirs(key: bytes, text: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize(("key", "text", "signature"), KNOWN)
def test_the_examples_of_the_standard(key: str, text: str, signature: str) -> None:
    parts = [bytes.fromhex(part) for part in (key, text, signature)]
    assert VERIFY.is_signed(*parts)
    assert not VERIFY.is_signed(parts[0], parts[1] + b"x", parts[2])


def test_it_agrees_on_good_signatures_and_on_bad_ones() -> None:
    dice = random.Random(9)  # noqa: S311 - to fail alike each time
    for _ in range(25):
        private = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        key, text = private.public_key().public_bytes_raw(), dice.randbytes(dice.randrange(200))
        signature = private.sign(text)
        assert VERIFY.is_signed(key, text, signature)
        scalar = int.from_bytes(signature[32:], "little")
        wrong = bytearray(signature)
        wrong[dice.randrange(64)] ^= 1 << dice.randrange(8)
        for case in (
            (key, text, bytes(wrong)),
            (key, text + b"\0", signature),
            (Ed25519PrivateKey.generate().public_key().public_bytes_raw(), text, signature),
            # the same scalar written otherwise
            (key, text, signature[:32] + (scalar + VERIFY.ORDER).to_bytes(32, "little")),
        ):
            assert not _theirs(*case)
            assert not VERIFY.is_signed(*case)


@pytest.mark.parametrize(
    ("key", "size"),
    [
        (b"", 64),
        (bytes(31), 64),
        (b"\xff" * 32, 64),  # no point: y is not below the prime
        (b"\x02" + bytes(31), 64),  # no point: no x fits
        (bytes.fromhex(KNOWN[0][0]), 63),
        (bytes.fromhex(KNOWN[0][0]), 0),
    ],
)
def test_what_is_no_key_and_no_signature(key: bytes, size: int) -> None:
    assert not VERIFY.is_signed(key, b"", bytes(size))
