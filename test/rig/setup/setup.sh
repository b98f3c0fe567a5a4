#!/usr/bin/env bash
# Everything that the rig needs, from nothing: the emulators of this machine (Debian packages, as
# root), the guests' kernels and Node (fetch.sh) and their boot files (boot-files.sh), both kept in
# a cache. With a warm cache it needs neither root nor network, and takes no time.
set -euo pipefail
cd "$(dirname "$0")"
export RIG_CACHE=${FENCEPOST_RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fencepost-rig}
PATH=$PATH:/usr/sbin:/sbin

missing=()
want() { command -v "$1" >/dev/null || missing+=("$2"); }
want qemu-system-aarch64 qemu-system-arm
want qemu-system-x86_64 qemu-system-x86
want mksquashfs squashfs-tools
want fdtput device-tree-compiler
want cpio cpio
want xz xz-utils
want mosquitto mosquitto
want aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
[ -e /usr/aarch64-linux-gnu/include/errno.h ] || missing+=(libc6-dev-arm64-cross)
# QEMU's own packages only recommend what the PC boots from.
[ -e /usr/share/seabios/bios-256k.bin ] || missing+=(seabios)
[ -e /usr/lib/ipxe/qemu/efi-virtio.rom ] || missing+=(ipxe-qemu)

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "The rig needs Debian packages that are not here. As root:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  echo "rig: installing ${missing[*]}"
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
    "${missing[@]}" >/dev/null
fi
./fetch.sh
./boot-files.sh
