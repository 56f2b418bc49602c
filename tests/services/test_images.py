"""Reading image references."""

from __future__ import annotations

import pytest

from services.images import Image, parse_image, version_of

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("nginx", Image("nginx", "", "")),
        ("registry.example:5000/shop/web:1.2", Image("registry.example:5000/shop/web", "1.2", "")),
        (f"shop/web@{DIGEST}", Image("shop/web", "", DIGEST)),
        (f"shop/web:1.2@{DIGEST}", Image("shop/web", "1.2", DIGEST)),
        ("localhost/web:1", Image("localhost/web", "1", "")),
    ],
)
def test_it_takes_references_apart(text: str, image: Image) -> None:
    assert parse_image(text) == image


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "needed"),
        ("nginx:", "invalid reference format"),
        ("UPPER/case", "lower-case"),
        ("web/UPPER", "lower"),
        ("a b", "no spaces"),
        ("a:1\n", "no line ends"),
        ("a\x00b", "no spaces"),
        ("a" * 400, "255"),
        ("a" * 600, "600 characters"),
        ("web@sha256:abc", "invalid reference format"),
        ("web:-1", "invalid reference format"),
    ],
)
def test_it_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_image(text)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("shop/web:1.7.3", "1.7.3"),
        (f"shop/web:1.7.3@{DIGEST}", "1.7.3"),
        (f"shop/web@{DIGEST}", "sha256:abababababab"),
        ("shop/web", "latest"),
        ("not an image", "not an image"),
    ],
)
def test_it_names_the_version(text: str, version: str) -> None:
    assert version_of(text) == version
