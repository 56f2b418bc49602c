"""The script of facts on this very machine and on hostile ones, and the reading of what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installs.facts import SCRIPT, parse
from tests.installs.saying import CONFIG, FIRST, facts, judged, printed, sections

EMPTY = parse("")


def asked(path: str, **environment: str) -> str:
    """What the script prints where only the programs in `path` are there."""
    script = SCRIPT.replace("timeout -k 1 6", "timeout -k 1 2").replace(
        "PATH=/usr/local/sbin:", f"PATH={path}; : /usr/local/sbin:"
    )
    said = subprocess.run(
        ["/bin/sh", "-s"],
        input=script.encode(),
        capture_output=True,
        timeout=120,
        env={"PATH": path, **environment},
        check=False,
    )
    return said.stdout.decode(errors="replace")


def programs(folder: Path, *names: str) -> Path:
    """A folder with links to programs of this machine."""
    folder.mkdir()
    for name in names:
        found = next(
            (Path(place, name) for place in ("/bin", "/usr/bin", "/usr/sbin", "/sbin") if Path(place, name).exists()),
            None,
        )
        if found is not None:
            (folder / name).symlink_to(found)
    return folder


def false_program(folder: Path, name: str, script: str) -> None:
    """Put a program of ours in the place of one."""
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


COMMON = (
    "sh",
    "cat",
    "date",
    "head",
    "sed",
    "grep",
    "tail",
    "tr",
    "ls",
    "id",
    "uname",
    "nproc",
    "stat",
    "df",
    "timeout",
    "env",
)


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="the script asks Linux hosts")
def test_this_machine_answers() -> None:
    found = parse(
        subprocess.run(["sh", "-s"], input=SCRIPT, capture_output=True, text=True, timeout=120, check=True).stdout
    )

    assert found["complete"] is True
    assert found["uid"] == os.getuid()
    assert found["kernel"] == os.uname().release
    assert found["cpus"] == len(os.sched_getaffinity(0))
    assert found["memory_mb"] == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024 // 1024
    assert found["disks"]["/var/lib"]["free_mb"] > 0
    assert abs(found["time"]["epoch"] - time.time()) < 60
    assert found["tools"]["mount"]


def left_in(*folders: str) -> set[Path]:
    """The script's own files in the folders."""
    return {file for folder in folders for file in Path(folder).glob(".slipway-fsync*")}


def test_the_script_leaves_nothing_behind() -> None:
    before = left_in("/var/lib", "/tmp")
    subprocess.run(["sh", "-s"], input=SCRIPT, capture_output=True, text=True, timeout=120, check=True)

    assert left_in("/var/lib", "/tmp") - before == set()


def test_missing_commands_cost_their_own_answers_only(tmp_path: Path) -> None:
    found = parse(asked(str(programs(tmp_path / "bin", *(name for name in COMMON if name != "timeout")))))

    assert found["complete"] is True
    assert found["kernel"] == os.uname().release
    assert found["addresses"] == [] and found["tools"].get("ip") is None


def test_a_command_that_hangs_is_given_up(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", *COMMON)
    (path / "sleep").symlink_to("/bin/sleep")
    false_program(path, "ip", "sleep 300 & sleep 300")

    started = time.monotonic()
    found = parse(asked(str(path)))

    # Four questions go to `ip`, two seconds each here.
    assert time.monotonic() - started < 40
    assert found["kernel"] == os.uname().release and found["addresses"] == []


def test_endless_output_is_cut(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", *COMMON)
    false_program(path, "uname", "while :; do echo AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; done")

    output = asked(str(path))
    found = parse(output)

    assert len(output) < 400_000
    assert len(found["kernel"]) <= 200 and found["hostname"]


def test_a_weird_locale_changes_nothing(tmp_path: Path) -> None:
    path = str(programs(tmp_path / "bin", *COMMON))

    plain = parse(asked(path))
    weird = parse(asked(path, LC_ALL="de_DE.UTF-8", LANG="ar_EG", TZ="Pacific/Chatham", IFS="e", GREP_OPTIONS="-v"))

    for name in ("kernel", "memory_mb", "os", "cgroup", "swaps", "disks"):
        if name != "disks":
            assert weird[name] == plain[name]
    assert weird["disks"]["/var/lib"]["type"] == plain["disks"]["/var/lib"]["type"]


@given(st.text(max_size=400))
def test_any_output_is_read(text: str) -> None:
    found = parse(text)

    assert set(found) == set(EMPTY)
    json.dumps(found)


@given(
    st.sampled_from(sorted([*sections(), "units", "sockets", "cri", "stub_upstreams", "ufw"])), st.text(max_size=300)
)
def test_any_section_is_read_and_judged(name: str, text: str) -> None:
    found = facts(1, **{name: text.replace("\n", "\n ")})
    results = judged(first=found)

    assert set(found) == set(EMPTY)
    assert all(sign.isprintable() for one in results.values() for sign in one.observed)
    assert not [one for one in results.values() if "cannot be judged" in one.observed]


def test_output_of_a_command_begins_no_section() -> None:
    found = facts(1, os="ID=debian\n::uid\n 1000", uid="0")

    assert found["is_root"] is True


def test_the_first_of_two_sections_counts() -> None:
    found = parse(printed({"uid": "1000"}) + printed({"uid": "0"}))

    assert found["is_root"] is False


def test_control_characters_and_directions_do_not_reach_a_page() -> None:
    found = facts(1, os='ID=debian\nPRETTY_NAME="\x1b[2J\u202eDebian\x07"\nVERSION_ID="12"')

    assert "\x1b" not in found["os"]["name"] and "\u202e" not in found["os"]["name"]


def test_a_list_without_end_is_cut() -> None:
    routes = "\n".join(f"10.{i // 250}.{i % 250}.0/24 dev eth0" for i in range(3900))

    assert len(facts(1, routes=routes)["routes"]) == 256


def test_paths_are_paths() -> None:
    assert facts(1, leftovers="/etc/kubernetes/kubelet.conf\n/etc/$(id)\nrelative\n/a b")["leftovers"] == [
        "/etc/kubernetes/kubelet.conf"
    ]


def test_fio_is_read_where_there_is_one() -> None:
    report = {"jobs": [{"sync": {"lat_ns": {"mean": 1_500_000.0, "percentile": {"99.000000": 12_000_000}}}}]}
    found = facts(1, fsync=json.dumps(report, indent=2))

    assert found["fsync"] == {"tool": "fio", "p99_ms": 12.0, "average_ms": 1.5}
    assert judged(CONFIG, first=found)[FIRST.name, "etcd_disk"].status == "warn"


def test_a_truncated_output_is_not_complete() -> None:
    assert parse(printed(sections())[:-10])["complete"] is False


def test_netstat_and_proc_say_the_same_as_ss() -> None:
    ss = facts(1, sockets='tcp LISTEN 0 511 127.0.0.1:2379 0.0.0.0:* users:(("etcd",pid=7,fd=6))')["listening"]
    netstat = facts(1, sockets="tcp        0      0 127.0.0.1:2379     0.0.0.0:*    LISTEN      7/etcd")["listening"]
    raw = facts(1, sockets_raw="tcp   0: 0100007F:094B 00000000:0000 0A 00000000:00000000")["listening"]

    assert [one["port"] for one in (*ss, *netstat, *raw)] == [2379, 2379, 2379]
    assert ss[0]["process"] == netstat[0]["process"] == "etcd"
