"""SSH to a real sshd: what is run, what is said, what is lost, and who is not let in."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from uuid import uuid4

import pytest

from installs.errors import HostKeyChanged, HostKeyUnknown, HostUnreachable
from installs.host_keys import fingerprint
from installs.ssh import LOCK_BUSY, MOST_BYTES, TIMED_OUT, Session
from tests.installs.sshd import Sshd, free_port
from web.printable import printable


def test_a_script_runs_as_root_with_its_secrets_in_the_environment(sshd: Sshd) -> None:
    with Session(sshd.account()) as session:
        done = session.run('id -u; echo "$WORD"; cat; echo oops >&2; exit 3', seconds=10, env={"WORD": "it's $(id)\nx"})

    assert (done.code, done.output.split("\n")) == (3, ["0", "it's $(id)", "x", "oops"])


def test_no_secret_and_no_script_stands_on_a_command_line(sshd: Sshd) -> None:
    secret, script = uuid4().hex, uuid4().hex
    with Session(sshd.account()) as session:
        seen = session.run(f"ps -eo args  # {script}", seconds=10, env={"WORD": secret}).output

    assert "slipway" in seen
    assert secret not in seen and script not in seen


def test_a_key_that_nobody_confirmed_is_told_with_its_fingerprint(sshd: Sshd) -> None:
    with pytest.raises(HostKeyUnknown) as told, Session(sshd.account(host_key="")):
        pass

    assert told.value.fields["offered"] == sshd.host_key
    assert fingerprint(sshd.host_key) in told.value.detail


def test_a_changed_key_is_refused_with_both_fingerprints(sshd: Sshd) -> None:
    before = sshd.account()
    sshd.stop()
    sshd.new_host_key()
    sshd.start()

    with pytest.raises(HostKeyChanged) as told, Session(before):
        pass

    assert fingerprint(before.host_key) in told.value.detail and fingerprint(sshd.host_key) in told.value.detail


def test_a_wrong_key_is_not_let_in(sshd: Sshd, tmp_path: Path) -> None:
    other = Sshd(tmp_path / "other")
    other.folder.mkdir()
    other._keygen("user", "")

    with pytest.raises(HostUnreachable) as told, Session(sshd.account(private_key=other.key)):
        pass

    assert told.value.step == "authenticate" and not told.value.may_pass


def test_a_key_with_a_passphrase_signs_in(sshd: Sshd) -> None:
    sshd._keygen("locked", "open sesame")
    (sshd.folder / "authorized_keys").write_text((sshd.folder / "locked.pub").read_text())

    account = sshd.account(private_key=(sshd.folder / "locked").read_text(), passphrase="open sesame")
    with Session(account) as session:
        assert session.run("echo in", seconds=5).output == "in"
    assert "sesame" not in repr(account)


def test_a_jump_host_passes_the_connection_on(sshd: Sshd, tmp_path: Path) -> None:
    inner = Sshd(tmp_path / "inner").start()
    try:
        with Session(inner.account(), sshd.account(host="jump")) as session:
            assert session.run("echo through", seconds=5).output == "through"
        with pytest.raises(HostKeyUnknown) as told, Session(inner.account(), sshd.account(host="jump", host_key="")):
            pass
        assert told.value.host == "jump"
    finally:
        inner.stop()


def test_a_host_that_is_down_is_told_within_seconds(sshd: Sshd) -> None:
    began = time.monotonic()
    with pytest.raises(HostUnreachable) as told, Session(sshd.account(port=free_port())):
        pass

    assert told.value.step == "connect" and told.value.may_pass
    assert time.monotonic() - began < 5


def test_one_that_takes_the_connection_and_says_nothing_is_given_up(
    sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr("installs.ssh.SIGN_IN_SECONDS", 1.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(HostUnreachable) as told, Session(sshd.account(port=silent.getsockname()[1])):
            pass
    assert told.value.step == "connect"


@pytest.mark.parametrize("address", ["169.254.169.254", "0x7f.1", "2130706433", "[::1]", "fe80::1", "224.0.0.1"])
def test_addresses_that_are_no_machines_are_never_connected_to(sshd: Sshd, address: str) -> None:
    with pytest.raises(HostUnreachable) as told, Session(sshd.account(address=address)):
        pass

    assert told.value.step in ("policy", "dns")


def test_a_script_that_hangs_is_ended(sshd: Sshd) -> None:
    began = time.monotonic()
    with Session(sshd.account()) as session:
        assert session.run("sleep 60", seconds=1, lock=1).code == TIMED_OUT

    assert time.monotonic() - began < 15


def test_two_scripts_never_run_side_by_side_on_a_host(sshd: Sshd) -> None:
    with Session(sshd.account()) as first, Session(sshd.account()) as second:
        running = iter(first.start("echo begun; sleep 3", seconds=20, lock=20).lines())
        while not any("begun" in line for line in next(running)):
            pass

        assert second.run("echo too early", seconds=5, lock=0).code == LOCK_BUSY
        began = time.monotonic()
        assert second.run("echo after", seconds=5, lock=20).output == "after"
        assert time.monotonic() - began > 1


def test_a_script_goes_on_when_the_connection_is_lost(sshd: Sshd, tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    def cut_off() -> None:
        with Session(sshd.account()) as session:
            for lines in session.start(f"echo a; sleep 2; echo b; echo done > {mark}", seconds=20, lock=20).lines():
                if "a" in lines:
                    sshd.cut()

    with pytest.raises(HostUnreachable) as told:
        cut_off()
    assert told.value.step == "run" and told.value.may_pass

    with Session(sshd.account()) as session:
        assert session.run(f"cat {mark}", seconds=5, lock=20).output == "done"


def test_huge_output_is_cut_and_the_script_comes_to_its_end(sshd: Sshd) -> None:
    said = 0
    with Session(sshd.account()) as session:
        running = session.start("yes 0123456789012345 | head -c 20000000; exit 4", seconds=60, lock=20)
        for lines in running.lines():
            said += sum(len(line) + 1 for line in lines)

    assert running.code == 4
    assert MOST_BYTES <= said < MOST_BYTES + 1_000_000


def test_lines_without_end_are_cut(sshd: Sshd) -> None:
    with Session(sshd.account()) as session:
        lines = session.run("head -c 300000 /dev/zero | tr '\\0' x; echo; echo last", seconds=20).output.split("\n")

    assert lines[-1] == "last" and max(len(line) for line in lines) <= 20_000


def test_a_file_is_put_once_and_only_whole(sshd: Sshd, tmp_path: Path) -> None:
    path, content = tmp_path / "of a" / "it's", b"abc" * 100_000
    sha256 = hashlib.sha256(content).hexdigest()
    with Session(sshd.account()) as session:
        assert session.put(str(path), [content], sha256, mode=0o755)
        assert path.read_bytes() == content and path.stat().st_mode & 0o777 == 0o755
        assert not session.put(str(path), [content], sha256, mode=0o755)
        with pytest.raises(HostUnreachable):
            session.put(str(path), [content[:-1]], hashlib.sha256(b"other").hexdigest(), mode=0o644)
    assert path.read_bytes() == content


def test_terminal_commands_and_control_characters_are_left_out() -> None:
    assert printable("\x1b[31mred\x1b[0m\x07 \x1b]0;title\x07a\tb\x00\u202e\r") == "red a\tb"
