"""Check results as JUnit XML: a pipeline's parser reads them, whatever a host put into them."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from installs.junit import junit
from installs.shapes import CheckResult, Fix


def result(status: str = "pass", **more: object) -> CheckResult:
    fields: dict[str, object] = {
        "host": "node-1", "check": "swap", "severity": "error", "observed": "on", "expected": "off", **more
    }  # fmt: skip
    return CheckResult(status=status, **fields)  # type: ignore[arg-type]


def test_statuses_are_what_pipelines_know() -> None:
    fix = Fix("swap_off", "Turn swap off", ("swapoff -a",))
    results = [result("pass"), result("fail", check="cpu", fix=fix, kubeadm_name="Swap"), result("warn", check="os")]
    results += [result("skip", check="cni", host=""), result("unknown", check="dns", host="node-2")]

    root = ElementTree.fromstring(junit("shop", results))  # noqa: S314

    assert {name: root.get(name) for name in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": "shop", "tests": "5", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    assert [suite.get("name") for suite in root] == ["node-1", "shop", "node-2"]
    failure = root.find(".//failure")
    assert failure is not None and failure.get("message") == "on (expected: off)"
    assert failure.text is not None and "swapoff -a" in failure.text and "kubeadm: Swap" in failure.text
    assert "warning" in (root.findtext(".//system-out") or "")


@given(st.text(), st.text())
def test_any_words_of_a_host_are_xml(name: str, observed: str) -> None:
    text = junit(name, [result("fail", host=name, observed=observed), result("warn", observed=observed)])

    ElementTree.fromstring(text)  # noqa: S314
