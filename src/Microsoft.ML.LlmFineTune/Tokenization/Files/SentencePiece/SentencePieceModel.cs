namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The content of a SentencePiece .model file (sentencepiece_model.proto of the reference implementation).</summary>
internal sealed record SentencePieceModel
{
    // The largest models in use have some ten megabytes.
    private const int MaximumLength = 1 << 28;

    public required IReadOnlyList<SentencePieceEntry> Pieces { get; init; }

    public SentencePieceTrainerSpec Trainer { get; init; } = new();

    public SentencePieceNormalizerSpec Normalizer { get; init; } = new();

    /// <summary>How decoded texts are normalized; null: not at all.</summary>
    public SentencePieceNormalizerSpec? Denormalizer { get; init; }

    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    /// <exception cref="NotSupportedException">The file is too large or uses what is not known here.</exception>
    public static SentencePieceModel Load(string path)
    {
        using var stream = File.OpenRead(path);
        return Read(BoundedFile.ReadAll(stream, path, MaximumLength), path);
    }

    public static SentencePieceModel Load(Stream stream, string name) => Read(BoundedFile.ReadAll(stream, name, MaximumLength), name);

    public static SentencePieceModel Read(ReadOnlySpan<byte> bytes, string name)
    {
        var reader = new ProtobufReader(bytes, name);
        var pieces = new List<SentencePieceEntry>();
        var trainer = new SentencePieceTrainerSpec();
        var normalizer = new SentencePieceNormalizerSpec();
        SentencePieceNormalizerSpec? denormalizer = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: pieces.Add(ReadPiece(reader.Message(), pieces.Count)); break;
                case 2: trainer = ReadTrainer(reader.Message(), trainer); break;
                case 3: normalizer = ReadNormalizer(reader.Message(), normalizer); break;
                case 5: denormalizer = ReadNormalizer(reader.Message(), denormalizer ?? new()); break;
                default: reader.Skip(); break;
            }
        }
        return pieces.Count > 0
            ? new SentencePieceModel { Pieces = pieces, Trainer = trainer, Normalizer = normalizer, Denormalizer = denormalizer }
            : throw new InvalidDataException($"{name} has no pieces: it is no SentencePiece model.");
    }

    public void Save(string path) => File.WriteAllBytes(path, Write());

    public byte[] Write()
    {
        var writer = new ProtobufWriter();
        foreach (var (text, score, kind) in Pieces)
        {
            var piece = new ProtobufWriter();
            piece.Text(1, text);
            piece.Float(2, score);
            if (kind != SentencePieceKind.Normal)
                piece.Int32(3, (int)kind);
            writer.Message(1, piece);
        }
        var trainer = new ProtobufWriter();
        trainer.Int32(3, (int)Trainer.Algorithm);
        trainer.Int32(4, Pieces.Count);
        trainer.Boolean(24, Trainer.TreatWhitespaceAsSuffix);
        trainer.Boolean(35, Trainer.ByteFallback);
        trainer.Int32(40, Trainer.UnknownId);
        trainer.Int32(41, Trainer.BeginId);
        trainer.Int32(42, Trainer.EndId);
        trainer.Int32(43, Trainer.PaddingId);
        trainer.Text(44, Trainer.UnknownSurface);
        trainer.Text(45, Trainer.UnknownPiece);
        trainer.Text(46, Trainer.BeginPiece);
        trainer.Text(47, Trainer.EndPiece);
        trainer.Text(48, Trainer.PaddingPiece);
        writer.Message(2, trainer);
        writer.Message(3, Written(Normalizer));
        if (Denormalizer is not null)
            writer.Message(5, Written(Denormalizer));
        return writer.ToArray();
    }

    private static ProtobufWriter Written(SentencePieceNormalizerSpec spec)
    {
        var writer = new ProtobufWriter();
        writer.Text(1, spec.Name);
        writer.Bytes(2, spec.CharsMap.Span);
        writer.Boolean(3, spec.AddDummyPrefix);
        writer.Boolean(4, spec.RemoveExtraWhitespaces);
        writer.Boolean(5, spec.EscapeWhitespaces);
        return writer;
    }

    private static SentencePieceEntry ReadPiece(ProtobufReader reader, int id)
    {
        var (text, score, kind) = ("", 0f, SentencePieceKind.Normal);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: text = reader.Text(); break;
                case 2: score = reader.Float(); break;
                case 3: kind = (SentencePieceKind)reader.Int32(); break;
                default: reader.Skip(); break;
            }
        }
        if (text.Length == 0)
            throw reader.Malformed($"piece {id} is empty");
        if (!float.IsFinite(score))
            throw reader.Malformed($"the score of piece {id} ('{text}') must be a number; it is {score}");
        if (!Enum.IsDefined(kind))
            throw reader.Malformed($"the type of piece {id} ('{text}') must be from 1 to 6; it is {(int)kind}");
        return new SentencePieceEntry(text, score, kind);
    }

    private static SentencePieceTrainerSpec ReadTrainer(ProtobufReader reader, SentencePieceTrainerSpec spec)
    {
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3:
                    spec = spec with { Algorithm = (SentencePieceAlgorithm)reader.Int32() };
                    if (!Enum.IsDefined(spec.Algorithm))
                        throw reader.Malformed($"trainer_spec.model_type must be from 1 to 4; it is {(int)spec.Algorithm}");
                    break;
                case 24: spec = spec with { TreatWhitespaceAsSuffix = reader.Boolean() }; break;
                case 35: spec = spec with { ByteFallback = reader.Boolean() }; break;
                case 40: spec = spec with { UnknownId = reader.Int32() }; break;
                case 41: spec = spec with { BeginId = reader.Int32() }; break;
                case 42: spec = spec with { EndId = reader.Int32() }; break;
                case 43: spec = spec with { PaddingId = reader.Int32() }; break;
                case 44: spec = spec with { UnknownSurface = reader.Text() }; break;
                case 45: spec = spec with { UnknownPiece = reader.Text() }; break;
                case 46: spec = spec with { BeginPiece = reader.Text() }; break;
                case 47: spec = spec with { EndPiece = reader.Text() }; break;
                case 48: spec = spec with { PaddingPiece = reader.Text() }; break;
                default: reader.Skip(); break;
            }
        }
        return spec;
    }

    private static SentencePieceNormalizerSpec ReadNormalizer(ProtobufReader reader, SentencePieceNormalizerSpec spec)
    {
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: spec = spec with { Name = reader.Text() }; break;
                case 2: spec = spec with { CharsMap = reader.Bytes().ToArray() }; break;
                case 3: spec = spec with { AddDummyPrefix = reader.Boolean() }; break;
                case 4: spec = spec with { RemoveExtraWhitespaces = reader.Boolean() }; break;
                case 5: spec = spec with { EscapeWhitespaces = reader.Boolean() }; break;
                default: reader.Skip(); break;
            }
        }
        return spec;
    }
}
