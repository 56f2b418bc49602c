"""What hosts show each other: ports that really answer, and how far clocks are apart. Scripts and reading, no network.

In this order: `listening_script` on every host (it returns at once), `reaching_script` on every host, `STOP_SCRIPT` on
every host, then `read` with both outputs. Listeners that nobody stops go away by themselves. `CLOCK_SCRIPT` is run
alone, a few times, between two readings of the portal's own clock. `names_script` asks a host's own resolver.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from installs.networks import advertised
from installs.shapes import Config, Facts, Host

CLOCK_SCRIPT = "date +%s.%N\n"
LISTEN_SECONDS = 30
_REACH_SECONDS = 3
_MOST_LINES = 20_000
_LINE = re.compile(r"(\S{1,63}) (tcp|udp)/(\d{1,5}) (reached|refused|silent|untried)")
_LISTENING = re.compile(r"(ready|busy|failed) (tcp|udp)/(\d{1,5})")
_VXLAN = {"flannel": 8472, "cilium": 8472, "calico": 4789}


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a host, as `tcp/6443`."""

    protocol: str
    number: int

    def __str__(self) -> str:
        return f"{self.protocol}/{self.number}"


@dataclass(frozen=True, slots=True)
class Target:
    """A port that a host must reach on another: `name` and `address` are that host's."""

    name: str
    address: str
    port: Port


def ports_of(config: Config, host: Host) -> list[Port]:
    """The ports of the host that others must reach: etcd, API, kubelet, the network's own, and one NodePort for all."""
    numbers = [10250, 30000]
    if host.role == "control_plane":
        numbers = [2379, 2380, 6443, *numbers]
    if config.cni in ("kube-router", "calico"):
        numbers.append(179)
    if config.cni == "calico":
        numbers.append(5473)
    ports = [Port("tcp", number) for number in numbers]
    vxlan = _VXLAN.get(config.cni)
    return [*ports, Port("udp", vxlan)] if vxlan else ports


def targets_of(
    config: Config, host: Host, hosts: Sequence[Host], facts: Mapping[str, Facts | None] | None = None
) -> list[Target]:
    """What the host must reach on the others, at the addresses that they will use among each other.

    Workers have no need of etcd, and nobody but control planes of the kubelets.
    """
    found = []
    for other in hosts:
        if other.name == host.name or other.role == "jump":
            continue
        for port in ports_of(config, other):
            if host.role != "control_plane" and port.number in (2379, 2380, 10250):
                continue
            known = (facts or {}).get(other.name)
            found.append(Target(other.name, (advertised(other, known) if known else "") or other.address, port))
    return found


# A listener in whatever the host has: each answers `ok` to a connection, and to a datagram.
_PYTHON_LISTENER = """
import socket, sys, threading, time
try:
    with open("/proc/self/comm", "w") as comm: comm.write("slipway-listen")
except (IOError, OSError):
    pass
def tcp(port):
    s = socket.socket(FAMILY, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port)); s.listen(64)
    return s
def udp(port):
    s = socket.socket(FAMILY, socket.SOCK_DGRAM)
    s.bind(("", port))
    return s
def serve(kind, s):
    while True:
        try:
            if kind == "tcp":
                c, _ = s.accept(); c.close()
            else:
                _, a = s.recvfrom(64); s.sendto(b"ok", a)
        except OSError:
            time.sleep(0.1)
FAMILY = socket.AF_INET
try:
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM); s.setsockopt(41, 26, 0); s.bind(("::", 0)); s.close()
    FAMILY = socket.AF_INET6
except OSError:
    pass
for word in sys.argv[1:]:
    kind, number = word.split("/")
    try:
        s = tcp(int(number)) if kind == "tcp" else udp(int(number))
    except OSError as e:
        print(("busy " if e.errno == 98 else "failed ") + word); continue
    print("ready " + word)
    t = threading.Thread(target=serve, args=(kind, s)); t.daemon = True; t.start()
sys.stdout.flush()
print("listening"); sys.stdout.flush()
time.sleep(SECONDS)
"""

_PERL_LISTENER = r"""
use strict; use Errno; use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 AF_INET6); $| = 1; $SIG{PIPE} = "IGNORE"; $0 = "slipway-listen";
my (@tcp, @udp);
for my $word (@ARGV) {
  my ($kind, $port) = split m{/}, $word;
  my $type = $kind eq "tcp" ? SOCK_STREAM : SOCK_DGRAM;
  my $ok = 0; my $why = 0; my $s;
  for my $family (AF_INET6, AF_INET) {
    undef $s;
    socket($s, $family, $type, 0) or next;
    setsockopt($s, SOL_SOCKET, SO_REUSEADDR, pack("l", 1)) if $kind eq "tcp";
    if ($family == AF_INET6) { setsockopt($s, 41, 26, pack("l", 0)) }
    my $at = $family == AF_INET6 ? pack_sockaddr_in6($port, inet_pton(AF_INET6, "::")) : sockaddr_in($port, INADDR_ANY);
    if (bind($s, $at) && ($kind ne "tcp" || listen($s, 64))) { $ok = 1; last }
    $why = $!{EADDRINUSE} || $! == 98; last if $why;
  }
  print(($ok ? "ready " : $why ? "busy " : "failed ") . "$word\n");
  if ($ok) { push @{$kind eq "tcp" ? \@tcp : \@udp}, $s }
}
print "listening\n";
my $end = time + SECONDS;
while (time < $end) {
  my $bits = ""; vec($bits, fileno($_), 1) = 1 for @tcp, @udp;
  next unless select($bits, undef, undef, 1) > 0;
  for my $s (@tcp) { if (vec($bits, fileno($s), 1)) { my $c; accept($c, $s) and close $c } }
  for my $s (@udp) { if (vec($bits, fileno($s), 1)) { my $from = recv($s, my $got, 64, 0); send($s, "ok", 0, $from) if $from } }
}
"""  # noqa: E501

# Who listens for us has this in its environment, or in the name that perl writes over it; a process that has taken its
# number since has neither.
_STOP = r"""
pids=${LISTEN_PIDS:-/run/slipway-listen.pids}
if [ -f "$pids" ]; then
  for pid in $(head -c 4096 "$pids"); do
    grep -qs -e SLIPWAY_LISTENS -e slipway-listen "/proc/$pid/environ" "/proc/$pid/cmdline" || continue
    kill "$pid" 2>/dev/null
    for tenth in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      # A process that has ended and that nobody has asked about yet has no words left.
      grep -qs . "/proc/$pid/cmdline" || break
      sleep 0.1 2>/dev/null || sleep 1
    done
  done
  rm -f "$pids"
fi
"""
STOP_SCRIPT = f"{_STOP.lstrip()}exit 0\n"

_LISTENING_SCRIPT = r"""
LC_ALL=C; export LC_ALL; umask 077
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin
@STOP@
SLIPWAY_LISTENS=1; export SLIPWAY_LISTENS
touch "$pids" 2>/dev/null || pids=/dev/null
out=$(mktemp -t .slipway-listen.XXXXXX) || exit 1
trap 'rm -f "$out"' EXIT
free=''
for word in @PORTS@; do
  port=${word#*/}; flag=-ltn; [ "${word%/*}" = udp ] && flag=-lun
  if command -v ss >/dev/null 2>&1 && ss -H $flag "sport = :$port" 2>/dev/null | grep -q .; then echo "busy $word"
  else free="$free $word"; fi
done
# The session may end as soon as nothing holds its output: every copy of it is closed in the background.
leave=nohup; command -v setsid >/dev/null 2>&1 && leave=setsid
start() { exec sh -c 'echo $$ >>"$0"; exec "$@"' "$pids" $leave "$@"; }
python=''
for name in python3 /usr/libexec/platform-python python; do command -v $name >/dev/null 2>&1 && python=$name && break; done
if [ -z "$free" ]; then exit 0
elif [ -n "$python" ]; then (exec >"$out" 2>/dev/null </dev/null; start $python -c @PYTHON@ $free) &
elif command -v perl >/dev/null 2>&1; then (exec >"$out" 2>/dev/null </dev/null; start perl -e @PERL@ -- $free) &
else
  for word in $free; do
    port=${word#*/}
    if [ "${word%/*}" = tcp ] && [ -x /usr/bin/systemd-socket-activate ] && command -v timeout >/dev/null 2>&1; then
      (exec >/dev/null 2>&1 </dev/null; start timeout @SECONDS@ /usr/bin/systemd-socket-activate -l "$port" --inetd -a /bin/true) &
      echo "ready $word"
    elif command -v socat >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
      case $word in
        tcp/*) (exec >/dev/null 2>&1 </dev/null; start timeout @SECONDS@ socat -u "TCP-LISTEN:$port,reuseaddr,fork" /dev/null) & ;;
        *) (exec >/dev/null 2>&1 </dev/null; start timeout @SECONDS@ socat "UDP-RECVFROM:$port,fork" EXEC:/bin/cat) & ;;
      esac
      echo "ready $word"
    else echo "failed $word"; fi
  done
  sleep 1; exit 0
fi
tries=0
while ! grep -qs '^listening' "$out" && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1 2>/dev/null || sleep 1; done
grep -E '^(ready|busy|failed) ' "$out"
exit 0
"""  # noqa: E501


def listening_script(ports: Sequence[Port], seconds: int = LISTEN_SECONDS) -> str:
    """Shell that listens on the ports in the background where nothing listens yet, says which, and returns."""
    return (
        _LISTENING_SCRIPT.lstrip("\n")
        .replace("@STOP@", _STOP.strip())
        .replace("@PORTS@", " ".join(str(port) for port in ports))
        .replace("@PYTHON@", quote(_PYTHON_LISTENER.replace("SECONDS", str(seconds))))
        .replace("@PERL@", quote(_PERL_LISTENER.replace("SECONDS", str(seconds))))
        .replace("@SECONDS@", str(seconds))
    )


_PYTHON_REACHER = """
import errno, socket, sys, threading
def reach(name, address, word):
    kind, number = word.split("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    state = "untried"
    s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(SECONDS if kind == "tcp" else SECONDS / 3.0)
    try:
        if kind == "tcp":
            s.connect((address, int(number))); state = "reached"
        else:
            s.connect((address, int(number)))
            state = "silent"
            for _ in range(3):
                s.send(b"?")
                try:
                    s.recv(64); state = "reached"; break
                except socket.timeout:
                    pass
    except socket.timeout:
        state = "silent"
    except OSError as e:
        state = "refused" if e.errno in (errno.ECONNREFUSED, errno.EACCES, errno.EPERM) else "silent"
    s.close()
    done.append("%s %s %s" % (name, word, state))
done = []; threads = []
for line in sys.argv[1:]:
    t = threading.Thread(target=reach, args=line.split()); t.daemon = True; t.start(); threads.append(t)
    if len(threads) % 64 == 0:
        for t in threads: t.join(SECONDS + 1)
for t in threads: t.join(SECONDS + 1)
print("\\n".join(list(done)))
"""

_PERL_REACHER = r"""
use strict; use Errno; use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 AF_INET6); $| = 1;
while (my @some = splice(@ARGV, 0, 32)) {
  my @children;
  for my $line (@some) {
    my $child = fork; if ($child) { push @children, $child; next }
    my ($name, $address, $word) = split / /, $line; my ($kind, $port) = split m{/}, $word;
    my $six = $address =~ /:/; my $state = "untried"; my $s;
    my $at = $six ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $address)) : sockaddr_in($port, inet_aton($address));
    if (socket($s, $six ? AF_INET6 : AF_INET, $kind eq "tcp" ? SOCK_STREAM : SOCK_DGRAM, 0)) {
      $state = "silent";
      eval { local $SIG{ALRM} = sub { die "time" }; alarm SECONDS;
        if (connect($s, $at)) {
          if ($kind eq "tcp") { $state = "reached" }
          else { for (1 .. 3) { send($s, "?", 0); my $bits = ""; vec($bits, fileno($s), 1) = 1;
            if (select($bits, undef, undef, 0.8) > 0) { my $got = recv($s, my $x, 64, 0); $state = defined $got ? "reached" : "refused"; last } } }
        } elsif ($!{ECONNREFUSED} || $!{EACCES} || $!{EPERM}) { $state = "refused" }
        alarm 0; };
    }
    print "$name $word $state\n"; exit 0;
  }
  waitpid($_, 0) for @children;
}
"""  # noqa: E501

_REACHING_SCRIPT = r"""
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin
python=''
for name in python3 /usr/libexec/platform-python; do
  command -v $name >/dev/null 2>&1 && python=$name && break
done
set -- @TARGETS@
if [ -n "$python" ]; then exec $python -c @PYTHON@ "$@" </dev/null
elif command -v perl >/dev/null 2>&1; then exec perl -e @PERL@ -- "$@" </dev/null
fi
for line in "$@"; do
  name=${line%% *}; word=${line##* }; address=${line#* }; address=${address% *}
  state=untried
  if [ "${word%/*}" = tcp ] && command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
    said=$(timeout @SECONDS@ bash -c 'exec 3<>"/dev/tcp/$1/$2"' slipway "$address" "${word#*/}" 2>&1 </dev/null)
    code=$?
    case "$code $said" in
      0*) state=reached ;;
      *refused*) state=refused ;;
      *) state=silent ;;
    esac
  fi
  echo "$name $word $state"
done
exit 0
"""


def reaching_script(targets: Sequence[Target]) -> str:
    """Shell that tries each target once, side by side, for at most three seconds each.

    Addresses are tried as they are; a name is looked up by the host only where it has no interpreter of ours.
    """
    words = " ".join(quote(f"{target.name} {target.address} {target.port}") for target in targets)
    return (
        _REACHING_SCRIPT.lstrip("\n")
        .replace("@TARGETS@", words)
        .replace("@PYTHON@", quote(_PYTHON_REACHER.replace("SECONDS", str(_REACH_SECONDS))))
        .replace("@PERL@", quote(_PERL_REACHER.replace("SECONDS", str(_REACH_SECONDS))))
        .replace("@SECONDS@", str(_REACH_SECONDS))
    )


def read(
    listening: Mapping[str, str], reaching: Mapping[str, str], targets: Mapping[str, Sequence[Target]] | None = None
) -> dict[str, Any]:
    """The `ports` of probes out of the outputs by host: {from: {to: {"tcp/6443": reached|refused|silent|untried}}}.

    With `targets` only what was asked for counts, and what a host did not say is `untried`. Where nobody could listen
    at the other end, silence proves nothing: `untried` as well.
    """
    there = {
        (host, f"{found[2]}/{int(found[3])}")
        for host, text in listening.items()
        for line in text.splitlines()[:_MOST_LINES]
        if (found := _LISTENING.fullmatch(line.strip())) and found[1] in ("ready", "busy")
    }
    result: dict[str, dict[str, dict[str, str]]] = {}
    for host, text in reaching.items():
        said = {
            (found[1], f"{found[2]}/{int(found[3])}"): found[4]
            for line in text.splitlines()[:_MOST_LINES]
            if (found := _LINE.fullmatch(line.strip()))
        }
        wanted = (
            [(target.name, str(target.port)) for target in targets.get(host, ())] if targets is not None else list(said)
        )
        for other, port in wanted:
            state = said.get((other, port), "untried")
            if state != "reached" and (other, port) not in there:
                state = "untried"
            result.setdefault(host, {}).setdefault(other, {})[port] = state
    return result


def registry_of(config: Config) -> str:
    """The host (and port) of the registry that images come from without a bundle."""
    return (config.image_repository or "registry.k8s.io").partition("/")[0]


_REGISTRY_SCRIPT = """
url=@URL@
if command -v curl >/dev/null 2>&1; then
  said=$(curl -sS -m 8 -o /dev/null -w 'status %{http_code}' "$url" 2>&1 </dev/null)
elif command -v wget >/dev/null 2>&1; then
  said=$(wget -q -S -T 8 -t 1 -O /dev/null "$url" 2>&1 </dev/null | grep -E 'HTTP/|unable|failed' | head -n 1)
else said=untried; fi
printf '%s\\n' "$said" | head -n 1
"""


def registry_script(config: Config) -> str:
    """Shell that asks the registry for its version as a runtime would, by the host's own proxy and certificates."""
    return _REGISTRY_SCRIPT.lstrip("\n").replace("@URL@", quote(f"https://{registry_of(config)}/v2/"))


def read_registry(output: str) -> str | None:
    """Why the registry cannot be had, "" when it can, None when the host has nothing to try it with."""
    line = next((line.strip() for line in output.splitlines()[:4] if line.strip()), "")
    status = re.search(r"(?:status |HTTP/[0-9.]{1,3} )(\d{3})", line)
    # 401 asks for a password that pulling has: the registry is there.
    if status is not None and (status[1] == "401" or status[1].startswith("2")):
        return ""
    if line in ("", "untried"):
        return None
    shown = "".join(sign if sign.isprintable() else " " for sign in line[:200]).strip()
    return f"the registry answers {status[1]}" if status is not None and status[1] != "000" else shown


def names_script(names: Sequence[str]) -> str:
    """Shell that resolves names as the host's programs do."""
    words = " ".join(quote(name) for name in names)
    return (
        "limit=''; command -v timeout >/dev/null 2>&1 && limit='timeout -k 1 5'\n"
        f"for name in {words}; do\n"
        '  found=$($limit getent ahosts "$name" 2>/dev/null </dev/null | head -n 1)\n'
        '  printf \'%s %s\\n\' "$name" "${found%% *}"\n'
        "done\n"
    )


def read_names(output: str, names: Sequence[str]) -> dict[str, str]:
    """{name: address or ""} of those that were asked for."""
    found = dict.fromkeys(names, "")
    for line in output.splitlines()[:_MOST_LINES]:
        name, _space, text = line.strip().partition(" ")
        if name in found:
            try:
                found[name] = str(ipaddress.ip_address(text.strip()))
            except ValueError:
                continue
    return found


def clock(samples: Sequence[tuple[float, str, float]]) -> dict[str, float] | None:
    """How far the host is ahead of the portal: {offset, uncertainty} in seconds.

    A sample is (portal's time before, what CLOCK_SCRIPT printed, portal's time after); the fastest one is taken.
    None where no sample can be read. A `date` without nanoseconds adds its half second of doubt.
    """
    best: dict[str, float] | None = None
    for before, said, after in samples:
        found = re.fullmatch(r"\s*(\d{1,12})(?:\.(\d{1,9}))?(?:\.?%?N)?\s*", said[:64])
        if found is None or after < before:
            continue
        is_whole = found[2] is None
        host = float(f"{found[1]}.{found[2] or '5'}")
        uncertainty = (after - before) / 2 + (0.5 if is_whole else 0)
        if best is None or uncertainty < best["uncertainty"]:
            best = {"offset": host - (before + after) / 2, "uncertainty": uncertainty}
    return best
