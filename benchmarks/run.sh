#!/usr/bin/env bash
# Sets this machine up, builds, and runs one benchmark: ./benchmarks/run.sh NAME [OPTIONS]; --help lists both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build/setup.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build benchmarks/Benchmarks.csproj -c Release -v quiet -nologo -clp:NoSummary || { echo "benchmark failed: it does not build, see above." >&2; exit 1; }
exec dotnet "$(dotnet msbuild benchmarks/Benchmarks.csproj -p:Configuration=Release -getProperty:TargetPath)" "$@"
