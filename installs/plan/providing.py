"""Container runtime, kubelet, kubeadm, kubectl and images: from an offline bundle, or from a package repository."""

from __future__ import annotations

import posixpath
import re

from django.utils.translation import gettext as _

from installs import grammar
from installs.bundle import Bundle, Member
from installs.kubeadm_config import CRI_SOCKET, cgroup_driver
from installs.plan.shell import STATE, are_there, quote, script, text_file, until, words
from installs.plan.site import PlanRefused, Site
from installs.shapes import File, Host, Step

_CRI = CRI_SOCKET.removeprefix("unix://")
_CONTAINERD_CONFIG = "/etc/containerd/config.toml"
_IMAGES = f"{STATE}/images"
_KEYRING = "/etc/apt/keyrings/slipway-kubernetes.asc"
_APT_LIST = "/etc/apt/sources.list.d/slipway-kubernetes.list"
_DNF_REPOSITORY = "/etc/yum.repos.d/slipway-kubernetes.repo"
_PACKAGES = ("kubelet", "kubeadm", "kubectl")
_DEBIAN = frozenset({"debian", "ubuntu"})
_RED_HAT = frozenset({"rhel", "fedora", "centos", "rocky", "almalinux"})
# The folder of a minor in addresses such as https://pkgs.k8s.io/core:/stable:/v1.37/deb/.
_MINOR_FOLDER = re.compile(r"/v\d+\.\d+/")

KUBELET_UNIT = """\
[Unit]
Description=The kubelet of this node
Documentation=https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/
Wants=network-online.target
After=network-online.target

[Service]
# kubeadm writes both files; until then the kubelet ends at once and is started again.
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart={binary} \\
  --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf \\
  --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
Restart=always
RestartSec=5
StartLimitIntervalSec=0

[Install]
WantedBy=multi-user.target
"""

CONTAINERD_UNIT = """\
[Unit]
Description=containerd, the container runtime of this node
Documentation=https://containerd.io
After=network.target local-fs.target

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart={binary}
Type=notify
Delegate=yes
# Containers outlive a restart of their runtime.
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity

[Install]
WantedBy=multi-user.target
"""

CRICTL_CONFIG = f"runtime-endpoint: {CRI_SOCKET}\nimage-endpoint: {CRI_SOCKET}\ntimeout: 10\n"


def provide(site: Site, host: Host, stage: int) -> list[Step]:
    """The steps of one host that bring everything onto it."""
    if site.bundle:
        return [binaries(site, host, stage), runtime(site, host, stage), images(site, host, stage)]
    if site.config.package_repository:
        return [packages(site, host, stage), runtime(site, host, stage), pull(site, host, stage)]
    raise PlanRefused(
        _("There is nothing to install from."),
        next=_("Choose an offline bundle, or give the package repository of your distribution's Kubernetes packages."),
    )


# ---- from a bundle ----


def binaries(site: Site, host: Host, stage: int, *, but: frozenset[str] = frozenset()) -> Step:
    """Binaries, CNI plugins and units of the bundle at their places, each held against its SHA-256 on the host."""
    files = bundle_files(site, but=but)
    return Step(
        id=f"binaries:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Put containerd, kubelet, kubeadm and kubectl onto {host.name}",
        files=files,
        probe=script(f"{are_there(files)}\nsystemctl is-enabled --quiet kubelet"),
        script=script("systemctl daemon-reload\nsystemctl enable kubelet"),
        undo=script(
            f"""
systemctl disable --now kubelet containerd 2>/dev/null || true
rm -f {words(file.path for file in files)}
systemctl daemon-reload
"""
        ),
        timeout_seconds=900,
    )


def bundle_files(site: Site, *, but: frozenset[str] = frozenset()) -> tuple[File, ...]:
    """The bundle's files at their targets but those named, and the units that it leaves to us."""
    bundle = _bundle_of(site)
    members = [
        member
        for kind in ("binary", "cni_plugin", "unit")
        for member in bundle.members
        if member.kind == kind and member.name not in but
    ]
    files = [_file(member, 0o644 if member.kind == "unit" else 0o755) for member in members]
    taken = {posixpath.basename(file.path) for file in files}
    for name, unit in (("containerd", CONTAINERD_UNIT), ("kubelet", KUBELET_UNIT)):
        binary = next((member.target for member in bundle.of_kind("binary") if member.name == name), "")
        if binary and name not in but and f"{name}.service" not in taken:
            files.append(text_file(f"/etc/systemd/system/{name}.service", unit.format(binary=binary)))
    if "crictl" in taken:
        files.append(text_file("/etc/crictl.yaml", CRICTL_CONFIG))
    return tuple(files)


def images(site: Site, host: Host, stage: int) -> Step:
    """The bundle's images in containerd. The transferred archives go once they are in."""
    bundle = _bundle_of(site)
    members = bundle.of_kind("image")
    files = tuple(File(f"{_IMAGES}/{member.sha256}.tar", None, member.path, member.sha256, 0o600) for member in members)
    # Containers of control planes run nowhere else, but a worker may be made one; all images go everywhere.
    names = sorted(bundle.images())
    there = (
        "have=$(ctr -n k8s.io images ls -q)\n"
        f"for image in {words(names)}; do\n"
        '  printf \'%s\\n\' "$have" | grep -Fqx "$image" || fail "$image is not there."\n'
        "done"
    )
    return Step(
        id=f"images:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Import {len(names)} images on {host.name}",
        files=files,
        probe=script(there),
        script=script(
            f"""
for archive in {words(file.path for file in files)}; do
  ctr -n k8s.io images import "$archive"
done
{there}
rm -rf {_IMAGES}
"""
        ),
        undo=script(f"rm -rf {_IMAGES}"),
        timeout_seconds=900,
    )


def _bundle_of(site: Site) -> Bundle:
    if site.bundle is None:
        raise PlanRefused(_("This install has no offline bundle."))
    return site.bundle


def _file(member: Member, mode: int) -> File:
    return File(path=member.target, member=member.path, sha256=member.sha256, mode=mode)


# ---- from a package repository ----


def packages(site: Site, host: Host, stage: int) -> Step:
    """containerd, kubelet, kubeadm and kubectl of exactly the wanted version, held against upgrades by others."""
    version = site.config.kubernetes_version.removeprefix("v")
    if is_red_hat(site, host):
        files, install = _dnf(site, version, _PACKAGES)
        undo = f"dnf remove -y {words(_PACKAGES)} 2>/dev/null || true\nrm -f {_DNF_REPOSITORY}"
    else:
        files, install = _apt(site, version, _PACKAGES)
        undo = (
            f"apt-mark unhold {words(_PACKAGES)} 2>/dev/null || true\n"
            f"DEBIAN_FRONTEND=noninteractive apt-get remove -y {words(_PACKAGES)} 2>/dev/null || true\n"
            f"rm -f {_APT_LIST} {_KEYRING}"
        )
    return Step(
        id=f"packages:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Install containerd, kubelet, kubeadm and kubectl {version} on {host.name}",
        files=files,
        probe=script(
            f"""
{are_there(files)}
command -v containerd >/dev/null
[ "$(kubeadm version -o short)" = {quote(f"v{version}")} ]
[ "$(kubelet --version)" = {quote(f"Kubernetes v{version}")} ]
systemctl is-enabled --quiet kubelet
"""
        ),
        script=script(f"{install}\nsystemctl enable kubelet"),
        undo=script(f"systemctl disable --now kubelet 2>/dev/null || true\n{undo}"),
        timeout_seconds=1800,
    )


def only_packages(site: Site, host: Host, version: str, names: tuple[str, ...]) -> tuple[tuple[File, ...], str]:
    """Files and shell that bring some of the packages to a version: for upgrades, which take kubeadm first."""
    return (_dnf if is_red_hat(site, host) else _apt)(site, version.removeprefix("v"), names, runtime=False)


def is_red_hat(site: Site, host: Host) -> bool:
    """Whether the host's packages are RPMs. Raises PlanRefused for families that are neither this nor Debian's."""
    facts = site.facts_of(host)
    system = facts.get("os") or {}
    family = {str(system.get("id", "")), *map(str, system.get("id_like") or ())}
    manager = (facts.get("packages") or {}).get("manager", "")
    if family & _DEBIAN or manager == "apt":
        return False
    if family & _RED_HAT or manager in ("dnf", "yum"):
        return True
    raise PlanRefused(
        _("%(host)s has neither apt nor dnf.") % {"host": host.name}, next=_("Use an offline bundle for this host.")
    )


def repository_of(url: str, version: str, folder: str) -> str:
    """The repository of a version and a package format, from one that may name another minor or format."""
    major, minor = grammar.minor(version)
    url = _MINOR_FOLDER.sub(f"/v{major}.{minor}/", url)
    for other in ("deb", "rpm"):
        if url.endswith(f"/{other}/"):
            url = f"{url.removesuffix(f'{other}/')}{folder}/"
    return url


def _apt(site: Site, version: str, names: tuple[str, ...], *, runtime: bool = True) -> tuple[tuple[File, ...], str]:
    url = repository_of(site.config.package_repository, version, "deb")
    files = (text_file(_APT_LIST, f"deb [signed-by={_KEYRING}] {url} /\n"),)
    exact = [f"{name}={version}-*" for name in names]
    wanted = [*(["containerd"] if runtime else []), *exact]
    return (
        files,
        f"""
export DEBIAN_FRONTEND=noninteractive
# Another apt may hold the lock for a while, as unattended upgrades do.
apt() {{ apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"; }}
mkdir -p {posixpath.dirname(_KEYRING)}
[ -e /etc/ssl/certs/ca-certificates.crt ] || {{ apt update || true; apt install -y ca-certificates; }}
/usr/lib/apt/apt-helper download-file {quote(f"{url}Release.key")} {_KEYRING}
chmod 644 {_KEYRING}
apt update
apt-mark unhold {words(names)} >/dev/null 2>&1 || true
apt install -y --allow-downgrades {words(wanted)}
apt-mark hold {words(names)}
""",
    )


def _dnf(site: Site, version: str, names: tuple[str, ...], *, runtime: bool = True) -> tuple[tuple[File, ...], str]:
    url = repository_of(site.config.package_repository, version, "rpm")
    # The repository excludes what it has: nobody's `dnf upgrade` moves a node to another version.
    repository = (
        f"[slipway-kubernetes]\nname=Kubernetes for Slipway\nbaseurl={url}\nenabled=1\ngpgcheck=1\n"
        f"gpgkey={url}repodata/repomd.xml.key\nexcludepkgs={' '.join(_PACKAGES)}\n"
    )
    exact = [f"{name}-{version}" for name in names]
    containerd = (
        "command -v containerd >/dev/null || dnf install -y containerd.io || dnf install -y containerd"
        if runtime
        else ""
    )
    return (
        (text_file(_DNF_REPOSITORY, repository),),
        f"""
{containerd}
dnf install -y --setopt=slipway-kubernetes.excludepkgs= {words(exact)}
""",
    )


def pull(site: Site, host: Host, stage: int) -> Step:
    """The images that kubeadm needs, before it needs them: a slow registry then spoils no time limit of its own."""
    chosen = _chosen_images(site)
    return Step(
        id=f"images:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Pull images on {host.name}",
        probe=script(
            f"""
have=$(ctr -n k8s.io images ls -q)
for image in $(kubeadm config images list {chosen} 2>/dev/null); do
  printf '%s\\n' "$have" | grep -Fqx "$image" || fail "$image is not there."
done
"""
        ),
        script=script(f"kubeadm config images pull --cri-socket {CRI_SOCKET} {chosen}"),
        timeout_seconds=1800,
    )


# ---- the runtime ----


def runtime(site: Site, host: Host, stage: int) -> Step:
    """containerd with the cgroup driver that the kubelet has too, and the sandbox image that kubeadm expects."""
    facts = site.facts_of(host)
    uses_systemd = cgroup_driver(facts) == "systemd"
    keeps_score = facts.get("may_lower_oom_score") is False
    old, new = (
        text_file(f"{STATE}/containerd-{n}.toml", containerd_config(n, uses_systemd, keeps_score)) for n in (2, 3)
    )
    answers = until(
        f"[ -S {_CRI} ] && ctr version >/dev/null 2>&1",
        60,
        "containerd does not answer on its socket; see journalctl -u containerd.",
    )
    make = f"""
version=$(containerd --version | awk '{{print $3}}')
case "$version" in
  v1.*|1.*) from={old.path} ;;
  *) from={new.path} ;;
esac
pause={_pause(site)}
[ -n "$pause" ] || fail "kubeadm names no sandbox image."
sed "s|@PAUSE@|$pause|" "$from" > {STATE}/containerd.toml
"""
    return Step(
        id=f"runtime:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Configure and start containerd on {host.name}",
        files=(old, new),
        probe=script(
            f"""
{are_there((old, new))}
{make}
cmp -s {STATE}/containerd.toml {_CONTAINERD_CONFIG}
systemctl is-active --quiet containerd
systemctl is-enabled --quiet containerd
[ -S {_CRI} ]
ctr version >/dev/null 2>&1
"""
        ),
        script=script(
            f"""
{make}
mkdir -p {posixpath.dirname(_CONTAINERD_CONFIG)}
if [ -e {_CONTAINERD_CONFIG} ] && [ ! -e {_CONTAINERD_CONFIG}.before-slipway ] && [ ! -e {STATE}/containerd.ours ]; then
  cp -p {_CONTAINERD_CONFIG} {_CONTAINERD_CONFIG}.before-slipway
fi
: > {STATE}/containerd.ours
cp {STATE}/containerd.toml {_CONTAINERD_CONFIG}
systemctl enable containerd
systemctl restart containerd || {{
  journalctl --unit containerd --lines 20 --no-pager --output cat || true
  fail "containerd does not start."
}}
{answers}
"""
        ),
        undo=script(
            f"""
if [ -e {_CONTAINERD_CONFIG}.before-slipway ]; then
  mv {_CONTAINERD_CONFIG}.before-slipway {_CONTAINERD_CONFIG}
fi
rm -f {STATE}/containerd.ours {STATE}/containerd.toml {old.path} {new.path}
"""
        ),
        timeout_seconds=180,
    )


def containerd_config(version: int, uses_systemd: bool, keeps_score: bool) -> str:
    """containerd's configuration: version 2 for containerd 1, version 3 from containerd 2 on.

    `keeps_score`: the machine may lower no OOM score, and containers shall start nevertheless.
    """
    systemd, restrict = str(uses_systemd).lower(), str(keeps_score).lower()
    if version == 2:
        cri = "io.containerd.grpc.v1.cri"
        return f"""\
version = 2

[plugins."{cri}"]
  sandbox_image = "@PAUSE@"
  restrict_oom_score_adj = {restrict}

[plugins."{cri}".cni]
  bin_dir = "/opt/cni/bin"
  conf_dir = "/etc/cni/net.d"

[plugins."{cri}".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."{cri}".containerd.runtimes.runc.options]
  SystemdCgroup = {systemd}
"""
    return f"""\
version = 3

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "@PAUSE@"

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = {restrict}

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  SystemdCgroup = {systemd}
"""


def _pause(site: Site) -> str:
    """Shell word of the sandbox image: the bundle's, else what this kubeadm lists."""
    if site.bundle:
        known = sorted(image for image in site.bundle.images() if "/pause:" in image)
        if known:
            return quote(known[-1])
    return f"$(kubeadm config images list {_chosen_images(site)} 2>/dev/null | grep '/pause:')"


def _chosen_images(site: Site) -> str:
    """Flags of `kubeadm config images` for the wanted version and repository."""
    flags = f"--kubernetes-version {quote(site.config.kubernetes_version)}"
    return (
        f"{flags} --image-repository {quote(site.config.image_repository)}" if site.config.image_repository else flags
    )
