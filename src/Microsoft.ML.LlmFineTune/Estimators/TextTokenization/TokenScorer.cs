using System.Globalization;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators.TextTokenization;

/// <summary>Texts to tokens. Each reader has one of its own, which says what was cut: at the end, or at the first cut text where rows come one by one.</summary>
internal sealed class TokenScorer(IHostEnvironment environment, RowEncoder encoder, IReadOnlyList<OutputColumn<TextEncoding>> columns, bool rowByRow = false) : IBatchScorer<TextEncoding>, IDisposable
{
    private long _rows;
    private long _truncatedRows;
    private long _truncatedTokens;

    public IReadOnlyList<OutputColumn<TextEncoding>> Columns => columns;

    public int LookAhead => 1024;

    public IBatchScorer<TextEncoding> Begin(bool rowByRow) => new TokenScorer(environment, encoder, columns, rowByRow);

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
            if (rowByRow && _truncatedRows == 1)
                Warn($"A text was truncated, {encoding.TruncatedTokens} tokens cut; no more are told of.");
        }
        return encodings;
    }

    public void Dispose()
    {
        if (_truncatedRows == 0 || rowByRow)
            return;
        Warn($"{_truncatedRows} of {_rows} texts were truncated, {_truncatedTokens} tokens cut.");
        _truncatedRows = 0;
    }

    private void Warn(FormattableString line)
    {
        using var channel = environment.Register(nameof(TextTokenization)).Start("Tokenizing");
        channel.Warning(MessageSensitivity.None, "{0}", line.ToString(CultureInfo.InvariantCulture));
    }
}
