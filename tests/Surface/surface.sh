#!/usr/bin/env bash
# Holds this tree against the public surface of the genuine assemblies, in the declarations of DIR (../shared/api is laid out like that):
# nothing public in compat/ that they lack, and every project of ours compiles against them.   surface.sh DIR
# The last line is "N passed, N failed".
set -euo pipefail
[ $# -eq 1 ] && [ -d "$1/declarations" ] && [ -d "$1/reference" ] && [ -d "$1/tool" ] || { echo "usage: surface.sh DIR, where DIR has declarations/, reference/ and tool/" >&2; exit 2; }
given=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# The tool and the reference assemblies are built once for each content of DIR.
content=$(cd "$given" && find declarations reference tool -type f ! -path '*/obj/*' ! -path '*/bin/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
scratch=$PWD/.local/surface/$content
if [ ! -f "$scratch/ready" ]; then
    echo "building the listing tool and the reference assemblies"
    rm -rf .local/surface
    mkdir -p "$scratch"
    cp -r "$given/declarations" "$given/reference" "$given/tool" "$scratch/"
    chmod -R u+w "$scratch"
    # The build files of this repository are not for these projects.
    for file in Directory.Build.props Directory.Build.targets Directory.Packages.props; do echo '<Project />' > "$scratch/$file"; done
    { dotnet build "$scratch/tool" -c Release -v quiet -o "$scratch/listing" && dotnet msbuild "$scratch/reference/build.proj" -v:quiet "-p:ReferenceOutput=$scratch/assemblies/"; } > "$scratch/build.log" 2>&1 ||
        { cat "$scratch/build.log" >&2; echo "surface failed: the declarations in $given do not build." >&2; exit 1; }
    touch "$scratch/ready"
fi

passed=0 failed=0
verdict() { # CODE TEXT LOG
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "passed: $2"
    else
        failed=$((failed + 1))
        echo "failed: $2"
        sed 's/^/    /' "$3"
    fi
}

log=$scratch/check.log
for project in compat/*/*.csproj; do
    name=$(basename "$project" .csproj)
    code=0
    dotnet build "$project" -c Release -v quiet -nologo -clp:NoSummary -p:LlmDependencies=source > "$log" 2>&1 &&
        dotnet "$scratch/listing/ApiListing.dll" missing "compat/$name/bin/Release/net10.0/$name.dll" "$scratch"/assemblies/*.dll > "$log" 2>&1 || code=$?
    verdict $code "all that is public in compat/$name is public in the genuine assemblies" "$log"
done

for project in src/*/*.csproj tests/*/*.csproj benchmarks/*/*.csproj; do
    [ -f "$project" ] || continue
    code=0
    dotnet build "$project" -c Release -v quiet -nologo -clp:NoSummary -p:LlmDependencies=surface "-p:SurfaceAssemblies=$scratch/assemblies" > "$log" 2>&1 || code=$?
    verdict $code "$project compiles against the genuine surface" "$log"
done

# The C# that the golden checks write for themselves is compiled when they run, so it is not part of any project above.
if [ -d ../shared/golden ]; then
    code=0
    : > "$log.left"
    dotnet build tests/Golden -c Release -v quiet -nologo -clp:NoSummary -p:LlmDependencies=source > "$log" 2>&1 &&
        dotnet tests/Golden/bin/Release/net10.0/Golden.dll ../shared/golden --compile-against "$scratch/assemblies" > "$log" 2>&1 &&
        ! grep -E '^unsupported: (mlnet|torchsharp)/' "$log" > "$log.left" || code=1
    verdict $code "the C# of the golden checks compiles against the genuine surface" "$log.left"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
