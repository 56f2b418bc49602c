"""Sentences that quote a cluster, cut in two: what happened, and the words that prove it."""

from __future__ import annotations

from typing import Any

from deployments.sentences import sentence
from web.redact import redacted_text

QUOTED = "words"


def in_brief(stored: dict[str, Any] | None, otherwise: str) -> tuple[str, str]:
    """The sentence without what it quotes, and the quotation ("" when there is none); secrets are masked in both.

    `stored` is `{code, params}` as rows keep it; `otherwise` is the text to use where a row has none.
    """
    if not stored:
        return redacted_text(otherwise), ""
    params = stored["params"]
    words = str(params.get(QUOTED) or "")
    whole = sentence(stored["code"], params)
    if not words or not whole.endswith(words):
        return redacted_text(whole), ""
    return redacted_text(whole.removesuffix(words).rstrip(" :")), redacted_text(words)
