"""Check results as JUnit XML, so that a pipeline can show them."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from installs.shapes import CheckResult, Fix

_COUNTED = {"fail": "failures", "unknown": "errors", "skip": "skipped"}


def junit(name: str, results: Sequence[CheckResult]) -> str:
    """One test suite per host, one test case per check.

    A failed check is a failure, one that could not be tried an error. A warning is a passing case with its words as
    output: a pipeline that must stop at warnings asks the API.
    """
    suites: dict[str, list[CheckResult]] = {}
    for one in results:
        suites.setdefault(one.host, []).append(one)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={_attribute(name)}{_counts(results)}>"]
    for host, own in suites.items():
        lines.append(f"  <testsuite name={_attribute(host or name)}{_counts(own)}>")
        lines += [line for one in own for line in _case(name, one)]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _counts(results: Sequence[CheckResult]) -> str:
    counts = {word: sum(one.status == status for one in results) for status, word in _COUNTED.items()}
    return f' tests="{len(results)}"' + "".join(f' {word}="{count}"' for word, count in counts.items())


def _case(name: str, one: CheckResult) -> list[str]:
    head = (
        f"    <testcase classname={_attribute(f'{name}.{one.host}' if one.host else name)} name={_attribute(one.check)}"
    )
    if one.status == "pass":
        return [f"{head}/>"]
    message = _attribute(f"{one.observed} (expected: {one.expected})" if one.expected else one.observed)
    text = "\n".join(
        [
            f"observed: {one.observed}",
            f"expected: {one.expected}",
            *([f"kubeadm: {one.kubeadm_name}"] if one.kubeadm_name else []),
            *_ways(one.fix),
        ]
    )
    if one.status == "skip":
        return [f"{head}>", f"      <skipped message={message}/>", "    </testcase>"]
    if one.status == "warn":
        return [f"{head}>", f"      <system-out>{_text(f'warning{chr(10)}{text}')}</system-out>", "    </testcase>"]
    word = "failure" if one.status == "fail" else "error"
    kind = _attribute(one.severity)
    return [f"{head}>", f"      <{word} type={kind} message={message}>{_text(text)}</{word}>", "    </testcase>"]


def _ways(fix: Fix | None) -> list[str]:
    """The fix and the other ways to mend it, with their commands."""
    if fix is None:
        return []
    others = [line for way in fix.alternatives for line in (f"or: {way.title}", *way.commands)]
    return [f"fix: {fix.title}", *fix.commands, *others]


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text), {"\n": "&#10;"})


def _text(text: str) -> str:
    return escape(_allowed(text))


def _allowed(text: str) -> str:
    """Without what XML 1.0 has no place for: control characters, lone surrogates, non-characters."""
    return "".join(
        sign if sign in "\n\t" or " " <= sign <= "\ud7ff" or "\ue000" <= sign <= "\ufffd" or sign > "\uffff" else "�"
        for sign in text
    )
