#!/usr/bin/env bash
# Compiles the native half of compat/TorchSharp against the libtorch of this machine.
#   LIBTORCH=/folder  another libtorch: an unpacked download, or the 'torch' folder inside a Python environment
#   CXX=g++           another compiler
# A second run with the same sources and the same libtorch takes no time.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source_file=$root/compat/TorchSharp/native/shim.cpp
target=$root/.local/native
minimum=1.13
other="LIBTORCH=/folder names another libtorch (the 'torch' folder of a Python environment will do)"

fail() { echo "native: $*" >&2; exit 1; }

compiler=${CXX:-g++}
command -v "$compiler" >/dev/null || fail "no C++ compiler ('$compiler' is not there); install g++ (Debian, Ubuntu: apt-get install g++), or name one with CXX"

# ---- where libtorch is: headers, libraries, version
if [[ -n ${LIBTORCH:-} ]]; then
    [[ -d $LIBTORCH ]] || fail "LIBTORCH is $LIBTORCH, which is not a folder; $other"
    candidates=("$LIBTORCH" "$LIBTORCH/torch")
else
    candidates=(/usr /usr/local /opt/libtorch "$root/.local/libtorch")
fi
home=
for candidate in "${candidates[@]}"; do
    if [[ -f $candidate/include/torch/csrc/autograd/custom_function.h ]]; then home=$(cd "$candidate" && pwd); break; fi
done
[[ -n $home ]] || fail "found no libtorch with headers in ${candidates[*]}; $minimum or newer is needed (Debian, Ubuntu: apt-get install libtorch-dev libopenblas0-openmp); $other"

libraries=
for folder in "$home/lib" "$home/lib/$("$compiler" -dumpmachine)" "$home/lib64"; do
    if [[ -e $folder/libtorch_cpu.so ]]; then libraries=$folder; break; fi
done
[[ -n $libraries ]] || fail "found headers in $home/include but no libtorch_cpu.so in $home/lib; $other"

# The macro, not a file: Debian's 1.13.1 says 1.13.0 of itself, and the managed half compares with what the library says.
includes=(-I"$home/include" -I"$home/include/torch/csrc/api/include")
version=$(printf '#include <torch/version.h>\nversion TORCH_VERSION\n' | "$compiler" -x c++ -E -P "${includes[@]}" - 2>/dev/null | sed -nE 's/^version "([^"]*)".*/\1/p') || true
number() { local IFS=.; set -- ${1%%[+a-z]*}; echo $(( ${1:-0} * 1000 + ${2:-0} )); }
(( $(number "$version") >= $(number "$minimum") )) || fail "found libtorch ${version:-of unknown version} in $home, needed $minimum or newer; $other"

# ---- nothing to do?
key=$({ cat "$source_file" "${BASH_SOURCE[0]}"; echo "$home $libraries $version"; "$compiler" --version; cksum < "$libraries/libc10.so"; } | sha256sum | cut -c1-16)
shim=$target/libTorchSharpShim.so
if [[ -f $shim && -f $target/key && $(cat "$target/key") == "$key" ]]; then
    echo "native: up to date (libtorch $version in $libraries)"
    exit 0
fi

# ---- flags
flags=(-std=c++17 -O2 -fPIC -shared -fvisibility=hidden "${includes[@]}")
if (( $(number "$version") >= 2010 )); then flags[0]=-std=c++20; fi
# Older wheels are built with the old string ABI: there, c10::Error takes a string of the old kind.
if grep -aq '_ZN3c105ErrorC[12]ENS_14SourceLocationESs' "$libraries/libc10.so"; then flags+=(-D_GLIBCXX_USE_CXX11_ABI=0); fi
link=(-L"$libraries" -Wl,-rpath,"$libraries" -Wl,--no-as-needed -ltorch -ltorch_cpu -lc10)
if [[ -e $libraries/libtorch_cuda.so ]]; then
    link+=(-ltorch_cuda -lc10_cuda)
    flavour="CPU and CUDA"
else
    flavour="CPU"
fi

echo "native: compiling against libtorch $version ($flavour) in $libraries"
mkdir -p "$target"
log=$target/compile.log
if ! "$compiler" "${flags[@]}" "$source_file" -o "$shim.new" "${link[@]}" 2> "$log"; then
    grep -m 3 -E 'error|ld:' "$log" >&2 || tail -n 3 "$log" >&2
    fail "compiling against libtorch $version in $home failed (whole text: $log); $other"
fi
mv "$shim.new" "$shim"
echo "$key" > "$target/key"
echo "native: made $shim"
