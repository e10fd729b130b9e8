// Writes the Unicode data of the tokenizers: dotnet run build/unicode/UnicodeTables.cs UCD OUTPUT
//   UCD      a folder with one folder a version, as https://www.unicode.org/Public/VERSION/ucd has them:
//            8.0.0/UnicodeData.txt
//            9.0.0/UnicodeData.txt, CompositionExclusions.txt, Scripts.txt
//            16.0.0/UnicodeData.txt, Scripts.txt, PropList.txt, DerivedCoreProperties.txt, PropertyValueAliases.txt, CaseFolding.txt, emoji-data.txt
//            17.0.0/UnicodeData.txt, SpecialCasing.txt
//   OUTPUT   src/Microsoft.ML.LlmFineTune/Tokenization/Unicode/unicode.bin
// Why four versions: docs/unicode.md. The layout is that which UnicodeData.cs beside OUTPUT reads.

using System.Globalization;

const int CodePoints = 0x110000;
string[] categories = ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn"];

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: dotnet run UnicodeTables.cs UCD OUTPUT");
    return 2;
}

string Path(string version, string file) => System.IO.Path.Combine(args[0], version, file);
int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
int[] Sequence(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Hex)];
IEnumerable<string[]> Lines(string path) => File.ReadLines(path).Select(line => line.Split('#')[0]).Where(line => line.Trim().Length > 0).Select(line => line.Split(';').Select(field => field.Trim()).ToArray());

// UnicodeData.txt, its ranges spelled out: the fields of each assigned code point.
string[]?[] Characters(string version)
{
    var fields = new string[]?[CodePoints];
    var first = 0;
    foreach (var line in File.ReadLines(Path(version, "UnicodeData.txt")).Select(line => line.Split(';')))
    {
        var codePoint = Hex(line[0]);
        if (!line[1].EndsWith(", Last>", StringComparison.Ordinal))
            first = codePoint;
        for (var at = first; at <= codePoint; at++)
            fields[at] = line;
    }
    return fields;
}

byte[] Categories(string[]?[] characters) => [.. characters.Select(fields => (byte)Array.IndexOf(categories, fields?[2] ?? "Cn"))];

// A file of "first..last ; value" lines.
void Each(string path, Action<int, string> found)
{
    foreach (var line in Lines(path))
    {
        var range = line[0].Split("..");
        for (var at = Hex(range[0]); at <= Hex(range[^1]); at++)
            found(at, line[1]);
    }
}

(List<string> Names, byte[] Of) Scripts(string version)
{
    var names = new List<string> { "Unknown" };
    var of = new byte[CodePoints];
    Each(Path(version, "Scripts.txt"), (at, script) =>
    {
        if (!names.Contains(script))
            names.Add(script);
        of[at] = (byte)names.IndexOf(script);
    });
    return (names, of);
}

bool Is(byte category, char kind) => categories[category][0] == kind;

var eight = Categories(Characters("8.0.0"));
var characters9 = Characters("9.0.0");
var nine = Categories(characters9);
var sixteen = Categories(Characters("16.0.0"));
var characters17 = Characters("17.0.0");
var seventeen = Categories(characters17);
var scripts = Scripts("16.0.0");
var oldScripts = Scripts("9.0.0");
string[] binary = ["White_Space", "Alphabetic", "Lowercase", "Uppercase", "Emoji", "Emoji_Presentation", "Emoji_Modifier", "Emoji_Modifier_Base", "Emoji_Component", "Extended_Pictographic", "Ideographic", "Default_Ignorable_Code_Point"];
var flags = new uint[CodePoints];
foreach (var file in (string[])["PropList.txt", "DerivedCoreProperties.txt", "emoji-data.txt"])
    Each(Path("16.0.0", file), (at, name) =>
    {
        if (Array.IndexOf(binary, name) is >= 0 and var bit)
            flags[at] |= 1u << bit;
    });

// Decompositions of one step, then to the end. Hangul syllables are arithmetic.
var canonical = new Dictionary<int, int[]>();
var compatible = new Dictionary<int, int[]>();
var classes = new byte[CodePoints];
for (var at = 0; at < CodePoints; at++)
{
    if (characters9[at] is not { } fields)
        continue;
    classes[at] = byte.Parse(fields[3], CultureInfo.InvariantCulture);
    if (fields[5].Length > 0)
        (fields[5][0] == '<' ? compatible : canonical)[at] = Sequence(fields[5][(fields[5].IndexOf('>') + 1)..]);
}
int[] Full(int codePoint, bool compatibly) => canonical.TryGetValue(codePoint, out var parts) || (compatibly && compatible.TryGetValue(codePoint, out parts)) ? [.. parts.SelectMany(part => Full(part, compatibly))] : [codePoint];

var excluded = Lines(Path("9.0.0", "CompositionExclusions.txt")).Select(line => Hex(line[0])).ToHashSet();
var compositions = canonical.Where(entry => entry.Value.Length == 2 && classes[entry.Key] == 0 && classes[entry.Value[0]] == 0 && !excluded.Contains(entry.Key))
    .Select(entry => (First: entry.Value[0], Second: entry.Value[1], Product: entry.Key)).OrderBy(entry => entry).ToList();
var composed = compositions.Select(entry => entry.Product).ToHashSet();
var seconds = compositions.Select(entry => entry.Second).ToHashSet();

const int DerivedBits = 16;
for (var at = 0; at < CodePoints; at++)
{
    var hangul = at is >= 0xAC00 and < 0xAC00 + 11172;
    // Vowels and trailing consonants join what stands before them.
    var joins = seconds.Contains(at) || at is >= 0x1161 and <= 0x1175 or >= 0x11A8 and <= 0x11C2;
    bool[] derived =
    [
        categories[eight[at]] is "Cc" or "Cf" or "Co",
        Is(eight[at], 'P'),
        categories[eight[at]] is "Mn",
        Is(nine[at], 'M'),
        Is(seventeen[at], 'N'),
        joins || (canonical.ContainsKey(at) && !composed.Contains(at)),
        canonical.ContainsKey(at) || hangul,
        joins || (canonical.ContainsKey(at) && !composed.Contains(at)) || !Full(at, true).AsSpan().SequenceEqual(Full(at, false)),
        canonical.ContainsKey(at) || compatible.ContainsKey(at) || hangul,
        joins,
    ];
    for (var bit = 0; bit < derived.Length; bit++)
        flags[at] |= derived[bit] ? 1u << (DerivedBits + bit) : 0;
}

using (var output = new BinaryWriter(File.Create(args[1])))
{
    // What code points have in common, each combination once; then runs of code points.
    var records = new List<(byte Category, byte Script, byte OldScript, byte Class, uint Flags)>();
    var known = new Dictionary<(byte, byte, byte, byte, uint), int>();
    var runs = new List<(int Length, int Record)>();
    for (var at = 0; at < CodePoints; at++)
    {
        var record = (sixteen[at], scripts.Of[at], oldScripts.Of[at], classes[at], flags[at]);
        if (known.TryAdd(record, records.Count))
            records.Add(record);
        if (runs.Count > 0 && runs[^1].Record == known[record])
            runs[^1] = (runs[^1].Length + 1, known[record]);
        else
            runs.Add((1, known[record]));
    }
    output.Write("Unicode 8.0.0 9.0.0 16.0.0 17.0.0");
    output.Write7BitEncodedInt(records.Count);
    foreach (var (category, script, oldScript, combiningClass, bits) in records)
    {
        output.Write(category);
        output.Write(script);
        output.Write(oldScript);
        output.Write(combiningClass);
        output.Write(bits);
    }
    output.Write7BitEncodedInt(runs.Count);
    foreach (var (length, record) in runs)
    {
        output.Write7BitEncodedInt(length);
        output.Write7BitEncodedInt(record);
    }

    // Names of scripts with their short forms.
    var aliases = Lines(Path("16.0.0", "PropertyValueAliases.txt")).Where(line => line[0] == "sc").ToDictionary(line => line[2], line => string.Join(' ', line[1..].Distinct()));
    output.Write7BitEncodedInt(scripts.Names.Count);
    foreach (var name in scripts.Names)
        output.Write(aliases[name]);

    // Mappings: code point (as a difference to the one before), number of targets, targets.
    void Mappings(IEnumerable<KeyValuePair<int, int[]>> entries)
    {
        var sorted = entries.OrderBy(entry => entry.Key).ToList();
        output.Write7BitEncodedInt(sorted.Count);
        var last = 0;
        foreach (var (from, to) in sorted)
        {
            output.Write7BitEncodedInt(from - last);
            last = from;
            output.Write7BitEncodedInt(to.Length);
            foreach (var target in to)
                output.Write7BitEncodedInt(target);
        }
    }
    Mappings(canonical.Keys.Select(from => KeyValuePair.Create(from, Full(from, false))));
    // Only where it is not the canonical one.
    Mappings(canonical.Keys.Concat(compatible.Keys).Where(from => !Full(from, true).AsSpan().SequenceEqual(Full(from, false))).Select(from => KeyValuePair.Create(from, Full(from, true))));
    Mappings(compositions.GroupBy(entry => entry.First).Select(group => KeyValuePair.Create(group.Key, group.SelectMany(entry => new[] { entry.Second, entry.Product }).ToArray())));

    // Lower case: one character, or what SpecialCasing has without a condition.
    var lower = Enumerable.Range(0, CodePoints).Where(at => characters17[at] is { } fields && fields[13].Length > 0).ToDictionary(at => at, at => Sequence(characters17[at]![13]));
    foreach (var line in Lines(Path("17.0.0", "SpecialCasing.txt")).Where(line => line[4].Length == 0))
    {
        if (Sequence(line[1]) is var to && (to.Length > 1 || to[0] != Hex(line[0])))
            lower[Hex(line[0])] = to;
    }
    Mappings(lower);

    // Simple case folding.
    Mappings(Lines(Path("16.0.0", "CaseFolding.txt")).Where(line => line[1] is "C" or "S").Select(line => KeyValuePair.Create(Hex(line[0]), Sequence(line[2]))));
    Console.WriteLine($"{records.Count} records, {runs.Count} runs, {output.BaseStream.Position:N0} bytes");
}
return 0;
