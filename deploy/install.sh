#!/usr/bin/env bash
# Installs the Debian packages that Rondo is built from, if any is missing. Needs apt, and root or sudo.
set -euo pipefail

packages=(
  build-essential cmake ninja-build ccache pkg-config lld jq curl ca-certificates
  libzmq3-dev cppzmq-dev libmsgpack-cxx-dev liblmdb-dev libsodium-dev libspdlog-dev libsecp256k1-dev libcrypto++-dev
  libboost-dev nlohmann-json3-dev libcli11-dev libtomlplusplus-dev libzstd-dev libjemalloc-dev zlib1g-dev libexpected-dev
  libcurl4-openssl-dev
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
)
packages+=("$@")

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

sudo=''
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "missing packages: ${missing[*]}; run this as root, or install sudo" >&2; exit 1; }
  sudo='sudo'
fi
echo "installing: ${missing[*]}"
$sudo apt-get update -qq
# Another installation on this machine may be under way: it is waited for.
DEBIAN_FRONTEND=noninteractive $sudo apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
