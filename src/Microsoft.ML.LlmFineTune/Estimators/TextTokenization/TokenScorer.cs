using System.Globalization;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators.TextTokenization;

/// <summary>Texts to tokens. Each reading has one of its own, which says at the end what was cut.</summary>
internal sealed class TokenScorer(IHostEnvironment environment, RowEncoder encoder, IReadOnlyList<OutputColumn<TextEncoding>> columns) : IBatchScorer<TextEncoding>, IDisposable
{
    private long _rows;
    private long _truncatedRows;
    private long _truncatedTokens;

    public IReadOnlyList<OutputColumn<TextEncoding>> Columns => columns;

    public int LookAhead => 1024;

    public IBatchScorer<TextEncoding> Begin() => new TokenScorer(environment, encoder, columns);

    public TextEncoding[] Score(IReadOnlyList<string> texts, IReadOnlyList<bool> active)
    {
        TextEncoding[] encodings = [.. encoder.Encode(texts)];
        foreach (var encoding in encodings)
        {
            _rows++;
            if (encoding.TruncatedTokens == 0)
                continue;
            _truncatedRows++;
            _truncatedTokens += encoding.TruncatedTokens;
        }
        return encodings;
    }

    public void Dispose()
    {
        if (_truncatedRows == 0)
            return;
        using var channel = environment.Register(nameof(TextTokenization)).Start("Tokenizing");
        channel.Warning(MessageSensitivity.None, "{0}", string.Create(CultureInfo.InvariantCulture, $"{_truncatedRows} of {_rows} texts were truncated, {_truncatedTokens} tokens cut."));
        _truncatedRows = 0;
    }
}
