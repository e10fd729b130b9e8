using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>
/// Shares texts out by their own hash (the first 8 bytes of SHA-256 of the UTF-8 text): the same text is always in the same part, whatever stands beside it, so that no text of the test part is ever trained on.
/// </summary>
public sealed class TextHashSplit
{
    private readonly double _train;
    private readonly double _validation;

    /// <summary>A split by shares; what is left of 1 is the test part.</summary>
    /// <param name="train">Share of the training part, from 0 to 1; default 0.8.</param>
    /// <param name="validation">Share of the validation part, from 0 to 1 - <paramref name="train"/>; default 0.1.</param>
    public TextHashSplit(double train = 0.8, double validation = 0.1)
    {
        Require.Within(train, 0, 1);
        Require.Within(validation, 0, 1);
        Require.Argument(train + validation <= 1 + 1e-9, $"Shares must add up to at most 1; {train} and {validation} were given.", nameof(validation));
        (_train, _validation) = (train, validation);
    }

    /// <summary>The part that a text is in.</summary>
    public DataPart PartOf(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(Require.NotNull(text)), hash);
        // 53 bits make every value exact.
        var place = (BinaryPrimitives.ReadUInt64LittleEndian(hash) >> 11) * (1.0 / (1UL << 53));
        return place < _train ? DataPart.Train : place < _train + _validation ? DataPart.Validation : DataPart.Test;
    }
}
