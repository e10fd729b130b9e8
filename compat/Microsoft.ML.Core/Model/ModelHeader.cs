using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>
/// The frame of a model block in a stream: 256 bytes of header, the model, the table of its strings, the name of the assembly that can load it, and a tail.
/// All places are relative to the header's first byte.
/// </summary>
internal struct ModelHeader
{
    private const ulong HeadMark = 0x4C45444F4D004C4D, TailMark = 0x4D4C004D4F44454C;
    private const uint Version = 0x00010002, OldestReadable = 0x00010001, FirstWithAssemblyName = 0x00010002;
    public const int Size = 256;

    public ulong ModelSignature;
    public uint ModelVerWritten;
    public uint ModelVerReadable;
    public long FpModel;
    public long CbModel;
    private string _loaderSignature;
    private string _loaderSignatureAlt;
    private long _stringTable, _stringTableSize, _stringChars, _stringCharsSize, _assemblyName, _tail, _end;
    private uint _assemblyNameSize, _written, _readable;

    public static string GetLoaderSig(ref ModelHeader header) => header._loaderSignature;

    public static string GetLoaderSigAlt(ref ModelHeader header) => header._loaderSignatureAlt;

    public static void SetVersionInfo(ref ModelHeader header, VersionInfo version)
    {
        Contracts.Check((version.LoaderSignature?.Length ?? 0) <= 24 && (version.LoaderSignatureAlt?.Length ?? 0) <= 24);
        header.ModelSignature = version.ModelSignature;
        header.ModelVerWritten = version.VerWrittenCur;
        header.ModelVerReadable = version.VerReadableCur;
        header._loaderSignature = version.LoaderSignature;
        header._loaderSignatureAlt = version.LoaderSignatureAlt;
    }

    public static void CheckVersionInfo(ref ModelHeader header, VersionInfo version)
    {
        Contracts.CheckDecode(header.ModelSignature == version.ModelSignature, "Unknown file type");
        Contracts.CheckDecode(header.ModelVerReadable <= header.ModelVerWritten, "Corrupt file header");
        var product = typeof(VersionInfo).Assembly.GetName().Version;
        if (header.ModelVerReadable > version.VerWrittenCur)
            throw Contracts.ExceptDecode($"Cause: ML.NET {product} cannont read component '{version.LoaderSignature}' of the model, because the model is too new.\n"
                + $"Suggestion: Make sure the model is trained with ML.NET {product} or older.\nDebug details: Maximum expected version {header.ModelVerReadable}, got {version.VerWrittenCur}.");
        if (header.ModelVerWritten < version.VerWeCanReadBack)
            throw Contracts.ExceptDecode($"Cause: ML.NET {product} cannot read component '{version.LoaderSignature}' of the model, because the model is too old.\n"
                + $"Suggestion: Make sure the model is trained with ML.NET {product}.\nDebug details: Minimum expected version {header.ModelVerReadable}, got {version.VerWrittenCur}.");
    }

    public static void BeginWrite(BinaryWriter writer, out long start, out ModelHeader header)
    {
        start = writer.BaseStream.Position;
        header = new() { FpModel = Size };
        writer.Write(new byte[Size]);
    }

    public static void EndWrite(BinaryWriter writer, long start, ref ModelHeader header, IReadOnlyList<string> strings, string assemblyName)
    {
        var stream = writer.BaseStream;
        writer.Flush();
        header.CbModel = stream.Position - start - Size;
        if (strings.Count > 0)
        {
            header._stringTable = stream.Position - start;
            long end = 0;
            foreach (string text in strings)
                writer.Write(end += text.Length * sizeof(char));
            writer.Flush();
            header._stringTableSize = strings.Count * sizeof(long);
            header._stringChars = stream.Position - start;
            header._stringCharsSize = end;
            foreach (string text in strings)
                WriteChars(writer, text);
            writer.Flush();
        }
        if (!string.IsNullOrEmpty(assemblyName))
        {
            header._assemblyName = stream.Position - start;
            header._assemblyNameSize = (uint)(assemblyName.Length * sizeof(char));
            WriteChars(writer, assemblyName);
            writer.Flush();
        }
        header._tail = stream.Position - start;
        writer.Write(TailMark);
        writer.Flush();
        header._end = stream.Position - start;

        stream.Position = start;
        header.WriteTo(writer);
        writer.Flush();
        stream.Position = start + header._end;
    }

    private readonly void WriteTo(BinaryWriter writer)
    {
        writer.Write(HeadMark);
        writer.Write(Version);
        writer.Write(Version);
        writer.Write(FpModel);
        writer.Write(CbModel);
        writer.Write(_stringTable);
        writer.Write(_stringTableSize);
        writer.Write(_stringChars);
        writer.Write(_stringCharsSize);
        writer.Write(ModelSignature);
        writer.Write(ModelVerWritten);
        writer.Write(ModelVerReadable);
        writer.Write(Padded(_loaderSignature));
        writer.Write(Padded(_loaderSignatureAlt));
        writer.Write(_tail);
        writer.Write(_end);
        writer.Write(_assemblyName);
        writer.Write(_assemblyNameSize);
    }

    public static void BeginRead(BinaryReader reader, out long start, out ModelHeader header, out string[] strings, out string assemblyName)
    {
        var stream = reader.BaseStream;
        start = stream.Position;
        Contracts.CheckDecode(stream.Length - start >= Size);
        header = new();
        Contracts.CheckDecode(reader.ReadUInt64() == HeadMark, "Wrong file type");
        header.ReadFrom(reader);
        Contracts.CheckDecode(header._readable <= header._written, "Corrupt file header");
        Contracts.CheckDecode(header._readable <= Version, "File is too new");
        Contracts.CheckDecode(header._written >= OldestReadable, "File is too old");

        // Every place and size is checked against the stream before anything is read or allocated by it.
        long next = Size;
        Contracts.CheckDecode(header.FpModel == Size);
        header.Take(ref next, header.FpModel, header.CbModel);
        if (header._stringTable != 0)
        {
            header.Take(ref next, header._stringTable, header._stringTableSize);
            header.Take(ref next, header._stringChars, header._stringCharsSize);
            Contracts.CheckDecode(header._stringTableSize % sizeof(long) == 0 && header._stringTableSize > 0);
        }
        else
            Contracts.CheckDecode((header._stringTableSize | header._stringChars | header._stringCharsSize) == 0);
        bool named = header._written >= FirstWithAssemblyName && header._assemblyName != 0;
        if (named)
            header.Take(ref next, header._assemblyName, header._assemblyNameSize);
        Contracts.CheckDecode(header._tail == next);
        Contracts.CheckDecode(header._end == header._tail + sizeof(ulong) && header._end <= stream.Length - start);

        strings = null;
        if (header._stringTable != 0)
        {
            stream.Position = start + header._stringTable;
            var ends = new long[header._stringTableSize / sizeof(long)];
            for (int i = 0; i < ends.Length; i++)
            {
                ends[i] = reader.ReadInt64();
                Contracts.CheckDecode((i == 0 ? 0 : ends[i - 1]) <= ends[i] && ends[i] <= header._stringCharsSize && ends[i] % sizeof(char) == 0);
            }
            Contracts.CheckDecode(ends[^1] == header._stringCharsSize);
            strings = new string[ends.Length];
            for (int i = 0; i < ends.Length; i++)
                strings[i] = ReadChars(reader, (int)(ends[i] - (i == 0 ? 0 : ends[i - 1])));
        }
        assemblyName = null;
        if (named)
        {
            stream.Position = start + header._assemblyName;
            assemblyName = ReadChars(reader, (int)header._assemblyNameSize);
        }
        stream.Position = start + header._tail;
        Contracts.CheckDecode(reader.ReadUInt64() == TailMark, "Corrupt model file tail");
        stream.Position = start + header.FpModel;
    }

    public static void EndRead(long start, ref ModelHeader header, BinaryReader reader)
    {
        Contracts.CheckDecode(header.FpModel + header.CbModel == reader.BaseStream.Position - start);
        reader.BaseStream.Position = start + header._end;
    }

    private void ReadFrom(BinaryReader reader)
    {
        _written = reader.ReadUInt32();
        _readable = reader.ReadUInt32();
        FpModel = reader.ReadInt64();
        CbModel = reader.ReadInt64();
        _stringTable = reader.ReadInt64();
        _stringTableSize = reader.ReadInt64();
        _stringChars = reader.ReadInt64();
        _stringCharsSize = reader.ReadInt64();
        ModelSignature = reader.ReadUInt64();
        ModelVerWritten = reader.ReadUInt32();
        ModelVerReadable = reader.ReadUInt32();
        _loaderSignature = Encoding.Latin1.GetString(reader.ReadBytes(24)).TrimEnd('\0');
        _loaderSignatureAlt = Encoding.Latin1.GetString(reader.ReadBytes(24)).TrimEnd('\0');
        _tail = reader.ReadInt64();
        _end = reader.ReadInt64();
        _assemblyName = reader.ReadInt64();
        _assemblyNameSize = reader.ReadUInt32();
    }

    /// <summary>One part of the block, which has to begin where the last one ended and to end before the block does.</summary>
    private readonly void Take(ref long next, long start, long size)
    {
        Contracts.CheckDecode(start == next && size >= 0 && size <= _end - start);
        next = start + size;
    }

    private static byte[] Padded(string signature)
    {
        var bytes = new byte[24];
        Encoding.Latin1.GetBytes(signature ?? "", bytes);
        return bytes;
    }

    private static void WriteChars(BinaryWriter writer, string text)
    {
        foreach (char unit in text)
            writer.Write((ushort)unit);
    }

    private static string ReadChars(BinaryReader reader, int bytes) => string.Create(bytes / sizeof(char), reader, static (units, source) =>
    {
        for (int i = 0; i < units.Length; i++)
            units[i] = (char)source.ReadUInt16();
    });
}
