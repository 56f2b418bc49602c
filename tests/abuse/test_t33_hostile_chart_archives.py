"""T33: a chart archive that leads elsewhere, links, blows up or holds too much is refused before Helm sees it."""

from __future__ import annotations

import gzip
import tarfile
import tracemalloc

import pytest

from charts import archive as rules
from charts.archive import MAX_ARCHIVE_BYTES, MIB, read_chart
from charts.errors import ArchiveRefused, ArchiveTooLarge
from tests.charts.archives import CHART_YAML, archive, member, packed, web_chart

ABOUT = (tarfile.TarInfo("web/Chart.yaml"), CHART_YAML.format(name="web", version="1.0.0", description="x").encode())


def refusal(content: bytes) -> str:
    with pytest.raises(ArchiveRefused) as refused:
        read_chart(content)
    assert refused.value.detail
    return refused.value.reason


@pytest.mark.parametrize(
    "path",
    [
        "../evil", "web/../../evil", "/etc/passwd", "web//etc",
        "web/..", "..", "web/a\\..\\..\\b", "C:/evil", "web/a\nb",
        "web/\u202egnp.exe", "web/" + "a/" * 40 + "b", "web/" + "a" * 600, "web/a\x1b[2J",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    assert refusal(archive([ABOUT, (member(path), b"x")])) == "path"


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "../../x"),
        (tarfile.SYMTYPE, "does-not-exist"),
        (tarfile.LNKTYPE, "web/Chart.yaml"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
def test_links_and_devices_are_refused(kind: bytes, target: str) -> None:
    assert refusal(archive([ABOUT, (member("web/templates/x.yaml", kind, target), b"")])) == "link"


def test_a_chain_of_links_is_refused_at_its_first() -> None:
    chain = [(member("web/a", tarfile.SYMTYPE, "b"), b""), (member("web/b", tarfile.SYMTYPE, "/etc"), b"")]
    assert refusal(archive([ABOUT, *chain, (member("web/a/passwd"), b"x")])) == "link"


def test_a_file_that_unpacks_eight_hundredfold_is_refused() -> None:
    bomb = [(member(f"web/files/{number}"), b"\0" * (4 * MIB)) for number in range(10)]
    content = archive([ABOUT, *bomb], level=9)
    assert len(content) * 800 < 40 * MIB
    assert refusal(content) == "ratio"


def test_a_file_that_is_too_large_is_refused() -> None:
    assert refusal(archive([ABOUT, (member("web/big"), b"x" * (5 * MIB + 1))])) in {"file_size", "ratio"}


def test_a_hundred_thousand_entries_are_refused() -> None:
    many = [(member(f"web/files/{number}"), b"") for number in range(100_000)]
    assert refusal(archive([ABOUT, *many])) in {"count", "ratio"}


def test_a_header_that_claims_a_gigabyte_costs_no_memory() -> None:
    claimed = tarfile.TarInfo("web/huge")
    claimed.size = 1024 * MIB
    content = gzip.compress(claimed.tobuf(tarfile.GNU_FORMAT) + b"\0" * 512)
    tracemalloc.start()
    try:
        assert refusal(content) in {"file_size", "archive"}
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


def test_a_long_name_that_never_ends_is_refused() -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 60 * MIB
    assert refusal(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + b"a" * (60 * MIB), 9)) in {"ratio", "unpacked_size"}


def test_what_is_larger_than_twenty_mebibytes_is_not_even_unpacked() -> None:
    with pytest.raises(ArchiveTooLarge):
        read_chart(b"\x1f\x8b" + b"x" * MAX_ARCHIVE_BYTES)


def test_what_unpacks_to_more_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_UNPACKED_BYTES", 3 * MIB)
    assert (
        refusal(archive([ABOUT, *[(member(f"web/{n}"), bytes(range(256)) * 4096) for n in range(4)]]))
        == "unpacked_size"
    )


def test_two_charts_in_one_archive_are_refused() -> None:
    assert refusal(archive([ABOUT, (member("other/Chart.yaml"), b"name: other")])) == "path"


def test_a_file_that_is_there_twice_is_refused() -> None:
    assert refusal(archive([ABOUT, ABOUT])) == "path"


def test_an_archive_inside_is_held_to_the_same_rules() -> None:
    evil = archive([(member("cache/Chart.yaml"), b"name: cache"), (member("cache/x", tarfile.SYMTYPE, "/etc"), b"")])
    assert refusal(packed({"web/Chart.yaml": ABOUT[1], "web/charts/cache-1.tgz": evil})) == "link"
    assert refusal(packed({"web/Chart.yaml": ABOUT[1], "web/charts/a/charts/cache-1.tgz": evil})) == "link"


def test_archives_inside_archives_end_somewhere() -> None:
    content = web_chart("c0")
    for depth in range(1, 6):
        content = packed({f"c{depth}/Chart.yaml": ABOUT[1], f"c{depth}/charts/inner-1.tgz": content})
    assert refusal(content) == "nesting"


def test_archives_inside_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_FILES", 40)
    inner = {f"web/charts/c{number}-1.tgz": web_chart(f"c{number}") for number in range(10)}
    assert refusal(packed({"web/Chart.yaml": ABOUT[1], **inner})) == "count"
