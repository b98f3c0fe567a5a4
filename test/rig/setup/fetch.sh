#!/usr/bin/env bash
# Fetches what runs inside the guests into the cache: Debian's kernels, busybox and C library for
# arm64 and amd64, and Node for both from npm.
#
# This machine's own package state stays as it is: apt works in a root of its own that reads this
# machine's sources (so no mirror is named here) and knows arm64 as well; what it downloads is
# unpacked, never installed.
set -euo pipefail

# The one place that says which Node the guests run.
NODE_VERSION=24.21.0

cd "${RIG_CACHE:?run setup.sh}" 2>/dev/null || { mkdir -p "$RIG_CACHE" && cd "$RIG_CACHE"; }
wanted="1 node=$NODE_VERSION"
[ "$(cat fetched 2>/dev/null || true)" = "$wanted" ] && exit 0
echo "rig: fetching kernels and Node into $RIG_CACHE"

mkdir -p apt/lists/partial apt/cache/archives/partial
: >apt/status
if [ -f /etc/apt/sources.list.d/debian.sources ]; then
  sources=/etc/apt/sources.list.d/debian.sources
else
  sources=/etc/apt/sources.list
fi
cat >apt/apt.conf <<CONF
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "";
Dir::State "$PWD/apt";
Dir::State::lists "$PWD/apt/lists/";
Dir::State::status "$PWD/apt/status";
Dir::Cache "$PWD/apt/cache";
Dir::Etc::sourcelist "$sources";
Dir::Etc::sourceparts "/dev/null";
Acquire::Languages "none";
CONF
export APT_CONFIG=$PWD/apt/apt.conf
apt-get -qq update

# The package without a version depends on the kernel of the day.
kernel_of() { apt-cache depends "linux-image-$1:$1" | sed -n 's/^ *Depends: \(linux-image-[^: ]*\).*/\1/p' | head -n 1; }

for pair in arm64:arm64 amd64:x64; do
  arch=${pair%:*}
  rm -rf "debs-$arch" "root-$arch"
  mkdir -p "debs-$arch" "root-$arch"
  kernel=$(kernel_of "$arch")
  (cd "debs-$arch" && apt-get -qq download "$kernel:$arch" "busybox-static:$arch" "libc6:$arch" \
    "libgcc-s1:$arch" "libstdc++6:$arch")
  for deb in "debs-$arch"/*.deb; do dpkg-deb -x "$deb" "root-$arch"; done
  rm -rf "debs-$arch"
  archive=$(npm pack --silent "node-linux-${pair#*:}@$NODE_VERSION" | tail -n 1)
  mkdir -p "root-$arch/node/bin"
  tar -xzOf "$archive" package/bin/node >"root-$arch/node/bin/node"
  chmod 755 "root-$arch/node/bin/node"
  rm "$archive"
done
echo "$wanted" >fetched
