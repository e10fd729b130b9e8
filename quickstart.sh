#!/usr/bin/env bash
# Sets this machine up (build/setup.sh says what that means), builds, and runs the main sample. Arguments go to the sample: ./quickstart.sh --fast
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
build/setup.sh
echo "building src/Samples (Release)"
dotnet build src/Samples -c Release -v quiet -nologo || { echo "quickstart failed: src/Samples does not build, see above." >&2; exit 1; }
exec dotnet run --project src/Samples -c Release --no-build -- "$@"
