using System.Buffers;

namespace Microsoft.ML.Tokenizers;

/// <summary>
/// The public overloads all lead to the protected ones, and those to EncodeToTokens. A string overload hands on both the string and its span (so a null
/// text is an empty one); a span overload hands on no string.
/// </summary>
public abstract class Tokenizer
{
    public virtual Normalizer? Normalizer => null;

    public virtual PreTokenizer? PreTokenizer => null;

    // The three questions that a derived class may answer faster than by making tokens.

    protected virtual EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var encoded = EncodeToTokens(text, textSpan, settings);
        return new EncodeResults<int>
        {
            Tokens = encoded.Tokens.Select(token => token.Id).ToArray(),
            NormalizedText = encoded.NormalizedText,
            CharsConsumed = encoded.CharsConsumed,
        };
    }

    protected virtual int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings) => EncodeToTokens(text, textSpan, settings).Tokens.Count;

    protected virtual int GetIndexByTokenCount(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings, bool fromEnd, out string? normalizedText, out int tokenCount)
    {
        var wanted = settings.MaxTokenCount;
        if (fromEnd)
            settings.MaxTokenCount = int.MaxValue;
        var encoded = EncodeToTokens(text, textSpan, settings);
        var tokens = encoded.Tokens;
        normalizedText = encoded.NormalizedText;
        // Nothing refuses a negative limit: the count then is negative too.
        tokenCount = Math.Min(wanted, tokens.Count);
        if (tokenCount <= 0)
            return fromEnd ? normalizedText?.Length ?? textSpan.Length : 0;
        return fromEnd ? tokens[^tokenCount].Offset.Start.Value : tokens[tokenCount - 1].Offset.End.Value;
    }

    protected abstract EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings);

    public IReadOnlyList<int> EncodeToIds(string text, bool considerPreTokenization = true, bool considerNormalization = true) =>
        EncodeToIds(text, text.AsSpan(), Settings(considerPreTokenization, considerNormalization)).Tokens;

    public IReadOnlyList<int> EncodeToIds(ReadOnlySpan<char> text, bool considerPreTokenization = true, bool considerNormalization = true) =>
        EncodeToIds(null, text, Settings(considerPreTokenization, considerNormalization)).Tokens;

    public IReadOnlyList<int> EncodeToIds(string text, int maxTokenCount, out string? normalizedText, out int charsConsumed, bool considerPreTokenization = true, bool considerNormalization = true) =>
        Parts(EncodeToIds(text, text.AsSpan(), Settings(considerPreTokenization, considerNormalization, maxTokenCount)), out normalizedText, out charsConsumed);

    public IReadOnlyList<int> EncodeToIds(ReadOnlySpan<char> text, int maxTokenCount, out string? normalizedText, out int charsConsumed, bool considerPreTokenization = true, bool considerNormalization = true) =>
        Parts(EncodeToIds(null, text, Settings(considerPreTokenization, considerNormalization, maxTokenCount)), out normalizedText, out charsConsumed);

    public IReadOnlyList<EncodedToken> EncodeToTokens(string text, out string? normalizedText, bool considerPreTokenization = true, bool considerNormalization = true) =>
        Parts(EncodeToTokens(text, text.AsSpan(), Settings(considerPreTokenization, considerNormalization)), out normalizedText, out _);

    public IReadOnlyList<EncodedToken> EncodeToTokens(ReadOnlySpan<char> text, out string? normalizedText, bool considerPreTokenization = true, bool considerNormalization = true) =>
        Parts(EncodeToTokens(null, text, Settings(considerPreTokenization, considerNormalization)), out normalizedText, out _);

    public int CountTokens(string text, bool considerPreTokenization = true, bool considerNormalization = true) =>
        CountTokens(text, text.AsSpan(), Settings(considerPreTokenization, considerNormalization));

    public int CountTokens(ReadOnlySpan<char> text, bool considerPreTokenization = true, bool considerNormalization = true) =>
        CountTokens(null, text, Settings(considerPreTokenization, considerNormalization));

    public int GetIndexByTokenCount(string text, int maxTokenCount, out string? normalizedText, out int tokenCount, bool considerPreTokenization = true, bool considerNormalization = true) =>
        GetIndexByTokenCount(text, text.AsSpan(), Settings(considerPreTokenization, considerNormalization, maxTokenCount), fromEnd: false, out normalizedText, out tokenCount);

    public int GetIndexByTokenCount(ReadOnlySpan<char> text, int maxTokenCount, out string? normalizedText, out int tokenCount, bool considerPreTokenization = true, bool considerNormalization = true) =>
        GetIndexByTokenCount(null, text, Settings(considerPreTokenization, considerNormalization, maxTokenCount), fromEnd: false, out normalizedText, out tokenCount);

    public int GetIndexByTokenCountFromEnd(string text, int maxTokenCount, out string? normalizedText, out int tokenCount, bool considerPreTokenization = true, bool considerNormalization = true) =>
        GetIndexByTokenCount(text, text.AsSpan(), Settings(considerPreTokenization, considerNormalization, maxTokenCount), fromEnd: true, out normalizedText, out tokenCount);

    public int GetIndexByTokenCountFromEnd(ReadOnlySpan<char> text, int maxTokenCount, out string? normalizedText, out int tokenCount, bool considerPreTokenization = true, bool considerNormalization = true) =>
        GetIndexByTokenCount(null, text, Settings(considerPreTokenization, considerNormalization, maxTokenCount), fromEnd: true, out normalizedText, out tokenCount);

    public abstract OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten);

    public virtual string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var capacity = 1024;
        if (ids is ICollection<int> counted)
        {
            if (counted.Count == 0)
                return "";
            capacity = (int)Math.Min(8L * counted.Count, Array.MaxLength);
        }
        while (true)
        {
            var buffer = ArrayPool<char>.Shared.Rent(capacity);
            try
            {
                var status = Decode(ids, buffer, out _, out var written);
                if (status == OperationStatus.Done)
                    return new string(buffer, 0, written);
                if (status != OperationStatus.DestinationTooSmall)
                    throw new InvalidOperationException("The provided token IDs could not be decoded.");
                if (buffer.Length >= Array.MaxLength)
                    throw new OutOfMemoryException();
                capacity = (int)Math.Min(2L * buffer.Length, Array.MaxLength);
            }
            finally
            {
                ArrayPool<char>.Shared.Return(buffer);
            }
        }
    }

    private static EncodeSettings Settings(bool considerPreTokenization, bool considerNormalization, int maxTokenCount = int.MaxValue) =>
        new() { ConsiderPreTokenization = considerPreTokenization, ConsiderNormalization = considerNormalization, MaxTokenCount = maxTokenCount };

    private static IReadOnlyList<T> Parts<T>(EncodeResults<T> encoded, out string? normalizedText, out int charsConsumed)
    {
        normalizedText = encoded.NormalizedText;
        charsConsumed = encoded.CharsConsumed;
        return encoded.Tokens;
    }
}
