#!/usr/bin/env bash
# Makes of what fetch.sh left in the cache what the guests boot from, for arm64 and amd64:
#
#   kernel-ARCH         an uncompressed kernel: unpacking one under emulation takes seconds
#   initrd-ARCH         busybox, C library, the kernel modules we need, and guest/init
#   node-ARCH.squashfs  Node, mounted and never copied; its size is a power of two, as of an SD card
#   pi3.dtb             the Pi's device tree with its good UART free, as dtoverlay=disable-bt leaves it
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${RIG_CACHE:?run setup.sh}"

made="$(cat fetched) $(cat "$here/boot-files.sh" "$here/../guest/init" | cksum)"
[ "$(cat made 2>/dev/null || true)" = "$made" ] && exit 0
echo 'rig: making boot files'

common='virtio_pci virtio_blk virtio_net squashfs'
modules_amd64=$common
modules_arm64="$common phy-generic bcm2835 sdhci-iproc dwc2 cdc_ether rndis_host"

# Copies a module behind those that it needs. A name without a file is built in.
declare -A copied
copy_module() {
  local from=$1 to=$2 name=$3 path need
  [ -z "${copied[$name]:-}" ] || return 0
  copied[$name]=yes
  path=$(find "$from" -name "$(sed 's/[-_]/[-_]/g' <<<"$name").ko*" | head -n 1)
  [ -n "$path" ] || return 0
  case $path in *.xz) xz -dc "$path" >"$to/$name.ko" ;; *) cp "$path" "$to/$name.ko" ;; esac
  for need in $(tr '\0' '\n' <"$to/$name.ko" | sed -n 's/^depends=//p' | head -n 1 | tr ',' ' '); do
    copy_module "$from" "$to" "$need"
  done
  echo "$name.ko" >>"$to/order"
}

# The kernel inside a bzImage is packed with xz; any tail behind it is no part of it.
unpack_kernel() {
  local start
  start=$(LC_ALL=C grep -abom 1 -P '\xfd7zXZ\x00' "$1" | head -n 1 | cut -d: -f1)
  [ -n "$start" ] || { echo "rig: $1 is not packed with xz" >&2; exit 1; }
  tail -c "+$((start + 1))" "$1" | xz -dc --single-stream >"$2" || true
  [ "$(head -c 4 "$2" | tail -c 3)" = ELF ] || { echo "rig: no kernel inside $1" >&2; exit 1; }
}

for arch in arm64 amd64; do
  root=$PWD/root-$arch
  tree=$(mktemp -d)
  mkdir -p "$tree"/{bin,dev,proc,sys,run,tmp,modules,node,payload}
  cp "$root/bin/busybox" "$tree/bin/busybox"
  (cd "$root" && find . -path './usr/share' -prune -o -path './boot' -prune -o \( -type f -o -type l \) \
    \( -name 'ld-linux*' -o -name 'lib[cm].so.6' -o -name 'libdl.so*' -o -name 'libpthread.so*' \
    -o -name 'libgcc_s.so*' -o -name 'libstdc++.so.6*' \) -not -name '*.py' -print0 |
    cpio -0pdm --quiet "$tree")
  copied=()
  wanted=modules_$arch
  : >"$tree/modules/order"
  for name in ${!wanted}; do copy_module "$root/lib/modules" "$tree/modules" "$name"; done
  install -m 755 "$here/../guest/init" "$tree/init"
  (cd "$tree" && find . -print0 | sort -z | cpio -0o --quiet -H newc -R 0:0) | gzip -1 >"initrd-$arch"
  rm -r "$tree"
  rm -f "node-$arch.squashfs"
  mksquashfs "$root/node" "node-$arch.squashfs" -comp lzo -all-root -no-progress -quiet >/dev/null
  size=1048576
  while [ "$size" -lt "$(stat -c %s "node-$arch.squashfs")" ]; do size=$((size * 2)); done
  truncate -s "$size" "node-$arch.squashfs"
done
cp root-arm64/boot/vmlinuz-* kernel-arm64
unpack_kernel root-amd64/boot/vmlinuz-* kernel-amd64
cp root-arm64/usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb pi3.dtb
fdtput -r pi3.dtb /soc/serial@7e201000/bluetooth
echo "$made" >made
