"""What one host is like: a shell script that asks it, and the reading of what came back.

`parse(output)` answers a JSON-ready dictionary. Every key below is always there; what could not be found out is None,
"" or empty. Nothing in it may be trusted further than it was limited here: a host may lie.

    complete             the script reached its end
    is_root, uid         whether the script ran as root
    os                   {id, id_like: [..], version, name};  systemd: bool
    machine              as uname says;  architecture: amd64, arm64 or the machine's own word
    cpus, memory_mb      what a kubelet would see; container: "" on a machine of its own, else what kind of container
    kernel               release as uname says
    kernel_config        {source, options: {NAMESPACES: y|m|n}}; source "" where no configuration could be read
    cgroup               {version: 1|2|0, controllers: [..]}
    may_lower_oom_score  False without CAP_SYS_RESOURCE: containerd then needs restrict_oom_score_adj
    may_set_conntrack    False where nf_conntrack_max cannot be written: kube-proxy then needs conntrack.maxPerCore 0
    disks                {path: {type, size_mb, free_mb, inodes_used_percent}} of /var/lib and /var/lib/etcd
    fsync                {tool: fio|dd, p99_ms, average_ms}; None where it could not be measured
    swaps                [{device, size_kb}];  fstab_swaps: [line];  swap_target_masked: bool
    selinux              enforcing, permissive, disabled or ""
    firewalls            {firewalld|ufw|nftables|iptables: what is active}
    nft_drop_chains      ["inet filter input"] that drop by policy
    listening            [{protocol: tcp|udp, address, port, process}]
    sysctl               {"net.ipv4.ip_forward": "1"}
    modules              {"overlay": loaded|built_in|available|missing}
    tools                {"ip": path or ""}
    runtime              {sockets: [..], others: [..], cri: what crictl said,
                         containerd: {version, active, systemd_cgroup, sandbox_image, cri_disabled}}
    packages             {kubelet|kubeadm|kubectl: version or "", held: [..], kubelet_unit: enabled|disabled|...,
                         manager: apt|dnf|yum|zypper|""}
    leftovers            [path] of an earlier cluster;  cni_configs: [path]
    hostname, hostname_addresses, product_uuid, machine_id, macs: {interface: mac}
    time                 {epoch, synchronised: True|False|None, service}
    nameservers, search, stub_upstreams (those of systemd-resolved)
    addresses            [{interface, address, prefix, family: 4|6, dynamic}];
                         default_addresses: {ipv4: address, ipv6: address}
    routes               [{network, interface}] without the default ones
    proxy                {HTTP_PROXY|HTTPS_PROXY|NO_PROXY: value}
    bridges              {docker0: network}
"""

from installs.facts.reading import parse
from installs.facts.script import SCRIPT

__all__ = ["SCRIPT", "parse"]
