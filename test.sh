#!/usr/bin/env bash
# Sets this machine up, builds, and runs all tests; the last line is "N passed, N failed, N skipped".
#
#   ./test.sh                        the tests, with the golden and the surface checks where ../shared is beside the checkout
#   ./test.sh --golden DIR [AREA]    the golden checks alone, against the fixtures in DIR; AREA is one of its folders
#   ./test.sh --surface DIR          the surface checks alone, against the declarations in DIR
set -euo pipefail
usage() { sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
check=all
case "${1:-}" in
    '') [ $# -eq 0 ] || usage ;;
    --golden | --surface)
        check=${1#--}
        [ $# -ge 2 ] && [ $# -le 3 ] || usage
        [ -d "$2" ] || { echo "test failed: '$2' is not a folder." >&2; exit 2; }
        folder=$(cd "$2" && pwd)
        area=("${@:3}") ;;
    *) usage ;;
esac
cd "$here"
build/setup.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

build() { dotnet build "$1" -c Release -v quiet -nologo -clp:NoSummary || { echo "test failed: $1 does not build, see above." >&2; exit 1; }; }
program() { dotnet msbuild "$1" -p:Configuration=Release -getProperty:TargetPath; }

case "$check" in
    golden)
        build tests/Golden/Golden.csproj
        exec dotnet "$(program tests/Golden/Golden.csproj)" "$folder" ${area[@]+"${area[@]}"} ;;
    surface)
        exec tests/Surface/surface.sh "$folder" ;;
esac

passed=0 failed=0 skipped=0
results=.local/results
rm -rf "$results"
mkdir -p "$results"

echo "building LlmFineTune.sln (Release)"
build LlmFineTune.sln
for project in tests/*/*.Tests.csproj; do
    name=$(basename "$project" .csproj)
    echo "running $name"
    xml=$results/$name.xml
    status=0
    dotnet "$(program "$project")" -noLogo -noColor -xml "$xml" || status=$?
    # xUnit's report counts; a run that left none, or that failed without naming a test, is itself a failure.
    count() { sed -n "s/.*<assembly [^>]* $1=\"\([0-9]*\)\".*/\1/p" "$xml" 2> /dev/null | head -n 1; }
    ran=$(count total) bad=$(( $(count failed || echo 0) + $(count errors || echo 0) ))
    if [ "${ran:-0}" -eq 0 ]; then
        echo "$name ended with code $status and ran no test." >&2
        bad=1
    elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        echo "$name ended with code $status although no test failed." >&2
        bad=1
    fi
    passed=$((passed + $(count passed || echo 0)))
    skipped=$((skipped + $(count skipped || echo 0)))
    failed=$((failed + bad))
done

if [ -d ../shared/api ]; then
    echo "running the surface checks against ../shared/api"
    tests/Surface/surface.sh ../shared/api | tee "$results/surface.txt" || true
    if summary=$(tail -n 1 "$results/surface.txt" | grep -E '^[0-9]+ passed, [0-9]+ failed$'); then
        passed=$((passed + $(cut -d' ' -f1 <<< "$summary")))
        failed=$((failed + $(cut -d' ' -f3 <<< "$summary")))
    else
        echo "the surface checks ended without a summary." >&2
        failed=$((failed + 1))
    fi
else
    echo "the surface checks are skipped: ../shared/api is not beside this checkout"
    skipped=$((skipped + 1))
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
