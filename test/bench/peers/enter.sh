#!/usr/bin/env bash
# A machine within the machine, in which peers are installed and run, and which leaves nothing behind.
#
# Cluster managers want packages, files in /etc, networks, and rights of root; nobody wants them on his
# machine for having compared them once. So Debian's packages go into a layer over this machine's own
# files (an overlay, kept as a tar in dist/peers), and the bench runs on top of that layer with
# processes, mounts, network and host name of its own. When its first process ends, however it ends,
# the kernel ends and unmounts all the rest. Only the loopback interface is there: what runs in it
# cannot speak to anybody.
#
#   enter.sh PROGRAM ARGUMENT...    runs it in there, on two processors; its exit code is ours
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
kept=$root/dist/peers
node=$(readlink -f "$(command -v node)")
PATH=$PATH:/usr/sbin:/sbin

# One line for each peer: a package that is not to be had leaves the others alone.
groups=(
  'mosquitto iproute2 procps'
  'heartbeat cluster-glue'
  'corosync'
  'pacemaker pacemaker-cli-utils'
  'sbd'
  'openipmi ipmitool fence-agents'
)
node_red=node-red@4.1.8
layer=$kept/layer-$(printf '%s\n' "${groups[@]}" | cksum | cut -d ' ' -f 1).tar

tell() { printf 'peers: %s\n' "$*" >&2; }
refuse() { tell "$*"; exit 2; }

# Mounts the machine at $1, a tmpfs, with the packages of the tar $2 where it is there already.
mount_machine() {
  mount -t tmpfs tmpfs "$1"
  mkdir "$1"/{layer,fresh,work,root}
  if [ -e "$2" ]; then tar -C "$1/layer" --xattrs --xattrs-include='*' -xf "$2"; fi
  mount -t overlay overlay \
    -o "lowerdir=$1/layer:/,upperdir=$1/fresh,workdir=$1/work" "$1/root" || {
    tell 'the kernel does not lay one file system over another here (in a container, perhaps);'
    refuse 'remedy: a real machine, or a virtual one'
  }
  mount -t proc proc "$1/root/proc"
  mount --rbind /sys "$1/root/sys"
  mount --rbind /dev "$1/root/dev"
  mount -t tmpfs tmpfs "$1/root/run"
  mkdir -p "$1/root/run/lock"
}

# Inside the namespaces: installs the packages and writes them into the tar $2.
install_layer() {
  mount_machine "$1" "$2"
  cp --remove-destination -L /etc/resolv.conf "$1/root/etc/resolv.conf" 2>/dev/null || true
  # Debian's way to say that an installation starts no service.
  printf '#!/bin/sh\nexit 101\n' >"$1/root/usr/sbin/policy-rc.d"
  chmod 755 "$1/root/usr/sbin/policy-rc.d"
  apt=(chroot "$1/root" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  "${apt[@]}" update
  for group in "${groups[@]}"; do
    tell "installing $group into the layer"
    # shellcheck disable=SC2086
    "${apt[@]}" install -y --no-install-recommends $group >/dev/null 2>"$1/said" ||
      tell "not to be had from apt: $group: $(tail -n 1 "$1/said")"
  done
  "${apt[@]}" clean
  # An interface of a version is nothing to keep; neither is the list of all packages.
  rm -rf "$1"/fresh/{run,tmp,var/lib/apt/lists,var/cache/apt}
  tar -C "$1/fresh" --xattrs --xattrs-include='*' -cf "$2.part" .
  mv "$2.part" "$2"
}

# Inside the namespaces: runs the program that is named after the machine's folder and the tar.
run_inside() {
  local at=$1
  mount_machine "$at" "$2"
  mount -t tmpfs tmpfs "$at/root/tmp"
  # A project or a Node on a file system of its own is not in the layer below.
  for path in "$root" "$(dirname "$node")"; do
    mkdir -p "$at/root$path"
    mount --rbind "$path" "$at/root$path"
  done
  ip link set lo up
  hostname peers
  shift 2
  # The first process of a namespace is deaf to signals that it has no handler for.
  chroot "$at/root" env -C "$root" "$node" --enable-source-maps "$@" &
  trap 'kill -TERM $! 2>/dev/null' INT TERM
  local code=0
  wait $! || code=$?
  exit "$code"
}

case ${1:-} in
--install) install_layer "$2" "$3"; exit 0 ;;
--run) shift; run_inside "$@" ;;
esac

[ "$(id -u)" -eq 0 ] || {
  tell 'not root, and network namespaces, mounts and Debian packages need root. Missing or unknown:'
  for group in "${groups[@]}"; do tell "  apt-get install --no-install-recommends $group"; done
  refuse "remedy: run it as root; the packages go into $kept, not onto this machine"
}
for program in apt-get unshare mount tar taskset setsid npm; do
  command -v "$program" >/dev/null || refuse "there is no $program here; remedy: Debian 12, and Node with npm"
done
for path in /usr /var /etc; do
  if mountpoint -q "$path"; then
    refuse "$path is a file system of its own, which the layer does not reach; remedy: a machine with one"
  fi
done
rm -rf "$kept/logs"
mkdir -p "$kept/machine"
apart=(unshare --mount --propagation private --pid --fork --kill-child --ipc --uts)
if [ ! -e "$layer" ]; then
  "${apart[@]}" "$here/enter.sh" --install "$kept/machine" "$layer" >&2
fi
if [ ! -e "$kept/node-red/node_modules/node-red/red.js" ]; then
  tell "installing $node_red beside it"
  npm install --prefix "$kept/node-red" --silent --no-audit --no-fund --ignore-scripts \
    "$node_red" >&2 || tell "not to be had from npm: $node_red"
fi
# What is compared is compared on two processors, however many there are.
exec taskset -c 0,1 "${apart[@]}" --net "$here/enter.sh" --run "$kept/machine" "$layer" "$@"
