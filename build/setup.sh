#!/usr/bin/env bash
# What ./quickstart.sh and ./test.sh do first: checks the SDK, chooses where the dependencies come from, installs or names what is missing.
# Running it again takes seconds and changes nothing.
#
#   LLM_DEPENDENCIES=packages|source   takes that mode without asking the feed
#   LLM_PROBE=1                        asks the feed again, whatever was recorded
#   LIBTORCH=FOLDER                    source mode on that libtorch (its include/ and lib/) in place of the distribution's
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
record=.local/dependencies.props

say() { echo "set-up: $*"; }
fail() { echo "set-up failed: $*" >&2; exit 1; }

check_sdk() {
    command -v dotnet > /dev/null || fail "the .NET SDK 10 or newer is needed and 'dotnet' was not found: install it (https://dot.net) or put its folder on PATH."
    local version
    version=$(dotnet --version 2> /dev/null) || fail "the .NET SDK 10 or newer is needed and 'dotnet --version' fails: install an SDK, a runtime is not enough (https://dot.net)."
    [ "${version%%.*}" -ge 10 ] || fail "the .NET SDK 10 or newer is needed and $version was found: install a newer one (https://dot.net)."
    say ".NET SDK $version"
}

write_record() {
    mkdir -p .local
    printf '<Project>\n  <PropertyGroup>\n    <LlmDependencies>%s</LlmDependencies>\n  </PropertyGroup>\n</Project>\n' "$1" > "$record.new"
    mv "$record.new" "$record"
}

# Sets $mode and records it.
choose_mode() {
    mode=${LLM_DEPENDENCIES:-}
    case "$mode" in
        packages | source) say "mode $mode, as LLM_DEPENDENCIES says"; return ;;
        '') ;;
        *) fail "LLM_DEPENDENCIES is '$mode': use packages or source, or leave it unset." ;;
    esac
    if [ -f "$record" ] && [ -z "${LLM_PROBE:-}" ]; then
        mode=$(sed -n 's|.*<LlmDependencies>\(.*\)</LlmDependencies>.*|\1|p' "$record")
        case "$mode" in packages | source) say "mode $mode, as recorded in $record"; return ;; esac
    fi
    say "asking the package feed for Microsoft.ML and TorchSharp"
    mkdir -p .local
    local misfit
    if dotnet restore build/probe/Probe.csproj > .local/probe.log 2>&1; then
        mode=packages
        if misfit=$(build/native-fits.sh .local/probe/project.assets.json); then
            say "mode packages: the feed has them"
        else
            mode=source
            say "mode source: the feed has them, but $misfit; compat/ takes their place"
        fi
    elif grep -qE 'NU110[0-3]' .local/probe.log; then
        mode=source
        say "mode source: the feed does not have them, compat/ takes their place"
    else
        fail "the package feed cannot be asked (network? 'dotnet nuget list source'?): $(grep -m1 -oE 'error .*' .local/probe.log || echo 'see .local/probe.log')"
    fi
    write_record "$mode"
}

have_compiler() { command -v g++ > /dev/null; }
have_libtorch() { compgen -G '/usr/include/torch/csrc/api/include/torch/torch.h' > /dev/null; }
have_openblas() { compgen -G '/usr/lib/*/openblas-openmp/libopenblas.so.0' > /dev/null; }

# The parts of source mode that the distribution has: a compiler, libtorch, and a BLAS that is fast.
native_packages() {
    local wanted=()
    have_compiler || wanted+=(g++)
    if [ -z "${LIBTORCH:-}" ]; then
        have_libtorch || wanted+=(libtorch-dev)
        have_openblas || wanted+=(libopenblas0-openmp)
    fi
    if [ ${#wanted[@]} -eq 0 ]; then
        say "compiler, libtorch and BLAS are installed"
        return
    fi
    command -v apt-get > /dev/null || fail "this machine has no apt: install ${wanted[*]} (libtorch 1.13 or newer with headers; its folder can be named with LIBTORCH)."
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2> /dev/null || fail "root is needed once: sudo apt-get install ${wanted[*]}"
        as_root=(sudo -n)
    fi
    say "installing ${wanted[*]} with apt"
    local log=$PWD/.local/apt.log
    mkdir -p .local
    install_packages() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${wanted[@]}" > "$log" 2>&1; }
    # The package lists of a fresh machine may be absent or old.
    install_packages || { "${as_root[@]}" apt-get update > "$log" 2>&1 && install_packages; } ||
        fail "apt could not install ${wanted[*]} (network?): $(grep -m1 '^E:' "$log" || tail -n 1 "$log")"
}

check_sdk
choose_mode
if [ "$mode" = source ]; then
    native_packages
    # It checks libtorch's folder and version, and says itself in one line what is wrong.
    build/native.sh || exit 1
fi
say "ready"
