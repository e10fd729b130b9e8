using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The Unicode data that lies in the assembly, written by build/unicode/UnicodeTables.cs: programs may run without ICU, and the reference's tables are of fixed versions.</summary>
internal static class UnicodeData
{
    public const int CodePoints = 0x110000;

    private const string Signature = "Unicode 8.0.0 9.0.0 16.0.0 17.0.0";

    private static readonly TwoStageTable Records;
    private static readonly CharacterFlags[] RecordFlags;
    private static readonly byte[] RecordCategories;
    private static readonly byte[] RecordScripts;
    private static readonly byte[] RecordOldScripts;
    private static readonly byte[] RecordClasses;

    static UnicodeData()
    {
        using var reader = new BinaryReader(typeof(UnicodeData).Assembly.GetManifestResourceStream("unicode.bin")!);
        if (reader.ReadString() != Signature)
            throw new InvalidDataException("The assembly's unicode.bin is not of this version of the library.");
        var count = reader.Read7BitEncodedInt();
        RecordFlags = new CharacterFlags[count];
        RecordCategories = new byte[count];
        RecordScripts = new byte[count];
        RecordOldScripts = new byte[count];
        RecordClasses = new byte[count];
        for (var i = 0; i < count; i++)
        {
            RecordCategories[i] = reader.ReadByte();
            RecordScripts[i] = reader.ReadByte();
            RecordOldScripts[i] = reader.ReadByte();
            RecordClasses[i] = reader.ReadByte();
            RecordFlags[i] = (CharacterFlags)reader.ReadUInt32();
        }
        var values = new ushort[CodePoints];
        var at = 0;
        for (var run = reader.Read7BitEncodedInt(); run > 0; run--)
        {
            var length = reader.Read7BitEncodedInt();
            values.AsSpan(at, length).Fill((ushort)reader.Read7BitEncodedInt());
            at += length;
        }
        Records = new TwoStageTable(values);
        var scripts = new string[reader.Read7BitEncodedInt()];
        for (var i = 0; i < scripts.Length; i++)
            scripts[i] = reader.ReadString();
        ScriptNames = scripts;
        CanonicalDecompositions = ReadMappings(reader);
        CompatibilityDecompositions = ReadMappings(reader);
        Compositions = ReadMappings(reader);
        LowerCase = ReadMappings(reader);
        CaseFolding = ReadMappings(reader);
    }

    /// <summary>Names of the scripts of Unicode 16.0, each with its short forms after it, parted by spaces; a script's number is its place.</summary>
    public static IReadOnlyList<string> ScriptNames { get; }

    /// <summary>Decompositions to the end, Unicode 9.0; without Hangul syllables.</summary>
    public static MappingTable CanonicalDecompositions { get; }

    /// <summary>Decompositions to the end, Unicode 9.0, of characters for which they aren't the canonical ones.</summary>
    public static MappingTable CompatibilityDecompositions { get; }

    /// <summary>For a first character: second, product, second, product ..., Unicode 9.0; without Hangul syllables.</summary>
    public static MappingTable Compositions { get; }

    /// <summary>Full lower case without conditions, Unicode 17.0.</summary>
    public static MappingTable LowerCase { get; }

    /// <summary>Simple case folding, Unicode 16.0.</summary>
    public static MappingTable CaseFolding { get; }

    /// <summary>What a code point is.</summary>
    public static CharacterFlags Flags(int codePoint) => RecordFlags[Records[codePoint]];

    /// <summary>General category, Unicode 16.0.</summary>
    public static UnicodeCategory Category(int codePoint) => (UnicodeCategory)RecordCategories[Records[codePoint]];

    /// <summary>Number of the script, Unicode 16.0.</summary>
    public static int Script(int codePoint) => RecordScripts[Records[codePoint]];

    /// <summary>Number of the script, Unicode 9.0 (not the numbers of <see cref="ScriptNames"/>); 0: none.</summary>
    public static int OldScript(int codePoint) => RecordOldScripts[Records[codePoint]];

    /// <summary>Canonical combining class, Unicode 9.0.</summary>
    public static int CombiningClass(int codePoint) => RecordClasses[Records[codePoint]];

    private static MappingTable ReadMappings(BinaryReader reader)
    {
        var mappings = new (int From, int[] To)[reader.Read7BitEncodedInt()];
        var from = 0;
        for (var i = 0; i < mappings.Length; i++)
        {
            from += reader.Read7BitEncodedInt();
            var to = new int[reader.Read7BitEncodedInt()];
            for (var j = 0; j < to.Length; j++)
                to[j] = reader.Read7BitEncodedInt();
            mappings[i] = (from, to);
        }
        return new MappingTable(mappings);
    }
}
