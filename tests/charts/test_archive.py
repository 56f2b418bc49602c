"""What is read out of a chart archive, and that what Helm is given holds the same files and nothing else."""

from __future__ import annotations

import io
import tarfile

import pytest

from charts.archive import pack, read_chart
from charts.errors import ArchiveRefused
from tests.charts.archives import CHART_YAML, packed, web_chart


def names_in(content: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert all(each.isreg() for each in tar.getmembers())
        return tar.getnames()


def test_it_reads_what_a_page_tells() -> None:
    chart = read_chart(web_chart(files={"values.schema.json": '{"type": "object"}'}))

    assert (chart.name, chart.version, chart.description, chart.keywords) == ("web", "1.0.0", "A demo", ("demo", "web"))
    assert chart.readme.startswith("# web") and "replicas: 1" in chart.values
    assert chart.schema == {"type": "object"} and not chart.has_crds and len(chart.digest) == 64


def test_the_same_chart_is_packed_into_the_same_bytes() -> None:
    first, second = read_chart(web_chart()), read_chart(web_chart())

    assert pack(first) == pack(second)
    assert sorted(names_in(pack(first))) == sorted(
        f"web/{path}"
        for path in ("Chart.yaml", "values.yaml", "README.md", "templates/deployment.yaml", "templates/config.yaml")
    )
    assert read_chart(pack(first)).files == first.files


def test_a_packed_dependency_is_read_by_the_same_rules_and_laid_open() -> None:
    inner = web_chart("cache")
    about = CHART_YAML.format(name="web", version="1.0.0", description="x")
    about += "dependencies:\n- {name: cache, version: 1.0.0}\n- {name: absent, version: 2.0.0}\n"
    chart = read_chart(packed({"web/Chart.yaml": about.encode(), "web/charts/cache-1.0.0.tgz": inner}))

    assert "charts/cache/Chart.yaml" in chart.files and "charts/cache-1.0.0.tgz" not in chart.files
    assert [(each.name, each.is_packed) for each in chart.dependencies] == [("cache", True), ("absent", False)]
    assert chart.missing_dependencies == ["absent"]


def test_definitions_of_the_whole_cluster_are_noticed_at_any_depth() -> None:
    assert read_chart(web_chart(files={"crds/thing.yaml": "kind: CustomResourceDefinition"})).has_crds
    assert read_chart(web_chart(files={"charts/inner/crds/thing.yaml": "x"})).has_crds


@pytest.mark.parametrize(
    ("about", "rule"),
    [
        ("", "chart_yaml"),
        ("name: web\nversion: [1\n", "chart_yaml"),
        ("name: &a web\nversion: 1.0.0\nhome: *a\n", "chart_yaml"),
        ("name: --post-renderer\nversion: 1.0.0\n", "name"),
        ("name: ../web\nversion: 1.0.0\n", "name"),
        ("name: web\nversion: latest\n", "version"),
        ("name: web\nversion: --help\n", "version"),
    ],
)
def test_a_chart_that_does_not_say_what_it_is_is_refused(about: str, rule: str) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        read_chart(packed({"web/Chart.yaml": about.encode(), "web/values.yaml": b"a: 1"} if about else {"web/x": b"1"}))
    assert refused.value.reason == rule


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b", b"no archive at all", web_chart()[:200], b"\x1f\x8b" + b"\0" * 500]
)
def test_what_is_no_archive_or_damaged_is_refused(content: bytes) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        read_chart(content)
    assert refused.value.reason in {"archive", "chart_yaml"}
