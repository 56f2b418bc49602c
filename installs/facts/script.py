"""The script that asks a host what it is like. POSIX shell, run as root by `sh -s`; it leaves nothing behind.

A section is a line `::name` and lines that begin with a space, so that no output of a command can begin a section.
Every question has a time limit (where the host has `timeout`), a size limit and no input; the whole stops asking after
a minute. A command that is missing, fails or hangs makes its section empty and no other.
"""

# Numbers that the checks know: what Kubernetes, etcd, kube-proxy and the known networks listen on.
_KERNEL_OPTIONS = (
    "NAMESPACES", "(NET|PID|IPC|UTS)_NS", "CGROUPS", "CGROUP_[A-Z]+", "CPUSETS", "MEMCG", "INET", "EXT4_FS", "PROC_FS",
    "NETFILTER_XT_TARGET_REDIRECT", "IP_NF_TARGET_REDIRECT", "NETFILTER_XT_MATCH_COMMENT", "FAIR_GROUP_SCHED",
    "OVERLAY_FS", "CFS_BANDWIDTH", "BRIDGE_NETFILTER", "SECCOMP", "VXLAN",
)  # fmt: skip
_PORTS = (53, 179, 2379, 2380, 2381, 4789, 5473, 6443, 8472, 10248, 10249, 10250, 10256, 10257, 10259)
_SYSCTL = (
    "net.ipv4.ip_forward",
    "net.ipv6.conf.default.forwarding",
    "net.ipv6.conf.all.forwarding",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.netfilter.nf_conntrack_max",
    "fs.inotify.max_user_instances",
    "fs.inotify.max_user_watches",
)
_MODULES = ("overlay", "br_netfilter", "nf_conntrack", "ip_tables", "nf_tables", "vxlan")
_TOOLS = (
    "ip", "iptables", "mount", "nsenter", "conntrack", "ebtables", "ethtool", "socat", "tc", "touch", "sudo", "tar",
    "curl", "openssl", "modprobe", "flock", "timeout", "crictl", "runc", "fio",
)  # fmt: skip
_UNITS = (
    "firewalld", "ufw", "nftables", "containerd", "docker", "crio", "cri-docker", "kubelet", "chronyd", "chrony",
    "systemd-timesyncd", "ntpd", "ntp", "ntpsec",
)  # fmt: skip

_SCRIPT = r"""
LC_ALL=C; LANG=C; LANGUAGE=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/cni/bin
export LC_ALL LANG LANGUAGE PATH
unset ENV BASH_ENV CDPATH GREP_OPTIONS TZ
unset IFS
set +e +u
umask 077
limit=''
command -v timeout >/dev/null 2>&1 && limit='timeout -k 1 6'
started=$(date +%s 2>/dev/null || echo 0)

# ask NAME SCRIPT: one section with what the script says, at most 6 s and 64 kB.
ask() {
  now=$(date +%s 2>/dev/null || echo 0)
  if [ "$((now - started))" -gt 60 ]; then printf '::skipped\n %s\n' "$1"; return 0; fi
  printf '::%s\n' "$1"
  $limit sh -c "$2" slipway </dev/null 2>/dev/null | head -c 65536 | sed 's/^/ /'
  printf '\n'
}

printf '::slipway facts 1\n'
ask uid 'id -u'
ask os 'cat /etc/os-release || cat /usr/lib/os-release'
ask systemd '[ -d /run/systemd/system ] && echo yes'
ask container 'systemd-detect-virt -c || { grep -qs container= /proc/1/environ && echo container; }'
ask machine 'uname -m'
ask kernel 'uname -r'
ask cpus 'nproc || grep -c ^processor /proc/cpuinfo'
ask memory 'grep ^MemTotal: /proc/meminfo'
ask kernel_config '
  release=$(uname -r)
  for file in /proc/config.gz "/boot/config-$release" "/usr/lib/modules/$release/config" "/lib/modules/$release/config" \
    "/usr/lib/modules/$release/build/.config" "/usr/src/linux-headers-$release/.config" "/usr/lib/ostree-boot/config-$release"; do
    [ -r "$file" ] || continue
    case $file in
      *.gz) zcat "$file" || gzip -dc "$file" ;;
      *) cat "$file" ;;
    esac | grep -E "^CONFIG_(@OPTIONS@)=" \
      && { echo "source=$file"; break; }
  done'
ask cgroup 'stat -fc "type=%T" /sys/fs/cgroup
  sed "s/^/v2=/" /sys/fs/cgroup/cgroup.controllers
  grep -v "^#" /proc/cgroups | sed "s/^/v1=/"'
ask capabilities 'grep ^CapEff: /proc/self/status'
ask conntrack 'file=/proc/sys/net/netfilter/nf_conntrack_max; [ -e $file ] && { [ -w $file ] && echo yes || echo no; }'
ask disks 'for path in /var/lib /var/lib/containerd /var/lib/kubelet /var/lib/etcd; do
    there=$path; while [ ! -d "$there" ]; do there=${there%/*}; there=${there:-/}; done
    echo "path=$path"; echo "type=$(stat -fc %T "$there")"
    df -Pk "$there" | tail -n 1 | sed "s/^/space=/"; df -Pi "$there" | tail -n 1 | sed "s/^/inodes=/"
  done'
ask fsync 'base=/var/lib/etcd; [ -d $base ] || base=/var/lib
  dir=$(mktemp -d $base/.slipway-fsync.XXXXXX) || exit 0
  trap "rm -rf \"$dir\"" EXIT; trap "exit 1" HUP INT TERM
  { command -v fio >/dev/null && fio --name=slipway --directory="$dir" --rw=write --ioengine=sync --fdatasync=1 \
      --size=22m --bs=2300 --runtime=4 --output-format=json; } \
    || dd if=/dev/zero of="$dir/probe" bs=2300 count=100 oflag=dsync 2>&1'
ask swaps 'cat /proc/swaps'
ask fstab_swaps 'grep -E "^[^#]+[[:space:]]swap[[:space:]]" /etc/fstab'
ask swap_units 'systemctl is-enabled swap.target; ls /etc/systemd/zram-generator.conf /usr/lib/systemd/zram-generator.conf'
ask selinux 'getenforce || { [ -r /sys/fs/selinux/enforce ] && cat /sys/fs/selinux/enforce; }'
ask firewalld 'firewall-cmd --state && { firewall-cmd --list-ports; firewall-cmd --list-services; }'
ask ufw 'ufw status'
ask nftables 'nft list chains | grep -E "table|chain|policy"'
ask iptables '{ iptables -w 2 -S INPUT || iptables -S INPUT; iptables -w 2 -S FORWARD; } | grep -E "^-P|REJECT|DROP" | head -n 40'
ask sockets '{ ss -Hltunp || ss -ltunp || netstat -ltunp; } | grep -E ":(@PORTS@)[[:space:]]"'
ask sockets_raw 'command -v ss >/dev/null || command -v netstat >/dev/null || for file in tcp tcp6 udp udp6; do sed "1d;s/^/$file /" /proc/net/$file; done'
ask sysctl 'for name in @SYSCTL@; do
    file=/proc/sys/$(echo "$name" | tr . /)
    [ -r "$file" ] && echo "$name=$(head -n 1 "$file")"
  done'
ask modules 'release=$(uname -r)
  for name in @MODULES@; do
    if [ -d "/sys/module/$name" ]; then state=loaded
    elif grep -qs "/$name\.ko" "/lib/modules/$release/modules.builtin"; then state=built_in
    elif [ "$name" = overlay ] && grep -qw overlay /proc/filesystems; then state=built_in
    elif [ "$name" = br_netfilter ] && [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then state=built_in
    elif [ "$name" = nf_conntrack ] && [ -e /proc/sys/net/netfilter/nf_conntrack_max ]; then state=built_in
    elif grep -qs "/$name\.ko" "/lib/modules/$release/modules.dep"; then state=available
    else state=missing; fi
    echo "$name=$state"
  done'
ask tools 'for name in @TOOLS@; do path=$(command -v "$name") && echo "$name=$path"; done'
ask units '{ systemctl show -p Id,ActiveState,UnitFileState @UNITS@; echo; } \
  | while IFS="=" read -r name value; do
      case $name in
        Id) id=${value%.service} ;;
        ActiveState) active=$value ;;
        UnitFileState) file=$value ;;
        "") [ -n "$id" ] && echo "$id=$active,$file"; id=; active=; file= ;;
      esac
    done'
ask runtime_sockets 'for file in /run/containerd/containerd.sock /run/crio/crio.sock /run/cri-dockerd.sock /run/dockershim.sock /run/docker.sock; do
    [ -S "$file" ] && echo "$file"; done'
ask containerd_version 'containerd --version'
ask containerd_config 'command -v containerd >/dev/null && { containerd config dump || cat /etc/containerd/config.toml; } \
  | grep -E "^ *(SystemdCgroup|sandbox_image|sandbox|disabled_plugins|restrict_oom_score_adj|systemd_cgroup) *="'
ask cri 'for file in /run/containerd/containerd.sock /run/crio/crio.sock /run/cri-dockerd.sock; do
    [ -S "$file" ] && command -v crictl >/dev/null && crictl --runtime-endpoint "unix://$file" --timeout 4s version && exit 0; done'
ask kubelet 'kubelet --version'
ask kubeadm 'kubeadm version -o short'
ask kubectl 'kubectl version --client 2>/dev/null | head -n 1'
ask held 'apt-mark showhold; dnf -q versionlock list --cacheonly'
ask manager 'for name in apt-get dnf yum zypper; do command -v "$name" >/dev/null && echo "$name" && exit 0; done'
ask leftovers 'for file in /etc/kubernetes/manifests/*.yaml /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf \
    /etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf /etc/kubernetes/controller-manager.conf /etc/kubernetes/scheduler.conf \
    /etc/kubernetes/pki/ca.crt /var/lib/kubelet/config.yaml; do [ -e "$file" ] && echo "$file"; done
  [ -n "$(ls -A /var/lib/etcd)" ] && echo /var/lib/etcd
  exit 0'
ask cni_configs 'for file in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist; do [ -e "$file" ] && echo "$file"; done'
ask hostname 'cat /proc/sys/kernel/hostname || hostname'
ask hostname_addresses 'getent ahosts "$(cat /proc/sys/kernel/hostname)"'
ask product_uuid 'cat /sys/class/dmi/id/product_uuid'
ask machine_id 'cat /etc/machine-id'
ask time_service 'timedatectl show -p NTPSynchronized -p NTP || timedatectl status'
ask chrony 'chronyc -n tracking'
ask nameservers 'grep -E "^[[:space:]]*(nameserver|search)[[:space:]]" /etc/resolv.conf'
ask stub_upstreams 'grep -E "^[[:space:]]*nameserver[[:space:]]" /run/systemd/resolve/resolv.conf'
ask addresses 'ip -o addr show'
ask links 'ip -o link show'
ask routes 'ip -4 route show; ip -6 route show'
ask default_addresses 'ip -o -4 route get 198.51.100.1; ip -o -6 route get 2001:db8::1'
ask proxy 'env | grep -i -E "^(http|https|no)_proxy="; grep -i -E "^(export )?(http|https|no)_proxy=" /etc/environment'
ask date 'date +%s.%N'
printf '::end\n'
"""  # noqa: E501

SCRIPT = (
    _SCRIPT.lstrip("\n")
    .replace("@OPTIONS@", "|".join(_KERNEL_OPTIONS))
    .replace("@PORTS@", "|".join(map(str, _PORTS)))
    .replace("@SYSCTL@", " ".join(_SYSCTL))
    .replace("@MODULES@", " ".join(_MODULES))
    .replace("@TOOLS@", " ".join(_TOOLS))
    .replace("@UNITS@", " ".join(f"{name}.service" for name in _UNITS))
)
