#!/usr/bin/env bash
# Exits 0 where the native half of the restored TorchSharp package can be loaded on this machine; else prints in one line why not and exits 1.
# It is linked against a C++ runtime of its own age, which an older distribution lacks: everything builds there, and nothing runs.
#
#   native-fits.sh ASSETS    the project.assets.json of a restored project that names TorchSharp
set -euo pipefail
assets=$1
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || exit 0

version=$(sed -n 's|^ *"TorchSharp/\([0-9][^"]*\)": {.*|\1|p' "$assets" | head -n 1)
folder=$(sed -n '/"packageFolders": {/{n;s|^ *"\(.*\)": {.*|\1|p}' "$assets" | head -n 1)
library=${folder%/}/torchsharp/$version/runtimes/linux-x64/native/libLibTorchSharp.so
[ -f "$library" ] || { echo "the restored TorchSharp $version has no native library for linux-x64"; exit 1; }

newest() { grep -aoE 'GLIBCXX_[0-9.]+[0-9]' "$1" | sort -uV | tail -n 1; }
runtime=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2> /dev/null | sed -n 's|.*libstdc++\.so\.6 .*x86-64.* => ||p' | head -n 1)
[ -n "$runtime" ] || { echo "libstdc++.so.6 is not installed, and TorchSharp $version needs it"; exit 1; }
needed=$(newest "$library") present=$(newest "$runtime")
[ "$(printf '%s\n%s\n' "$needed" "$present" | sort -V | tail -n 1)" = "$present" ] ||
    { echo "TorchSharp $version needs the C++ runtime $needed and this machine's is $present"; exit 1; }
