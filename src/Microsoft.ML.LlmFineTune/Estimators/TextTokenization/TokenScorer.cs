using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators.TextTokenization;

/// <summary>Texts to tokens. Each reader has one of its own, which says what was cut.</summary>
internal sealed class TokenScorer(RowEncoder encoder, IReadOnlyList<OutputColumn<TextEncoding>> columns, TruncationLog log) : IBatchScorer<TextEncoding>, IDisposable
{
    public IReadOnlyList<OutputColumn<TextEncoding>> Columns => columns;

    public int LookAhead => 1024;

    public IBatchScorer<TextEncoding> Begin(bool rowByRow) => new TokenScorer(encoder, columns, log.Begin(rowByRow));

    public TextEncoding[] Score(IReadOnlyList<string> texts, IReadOnlyList<bool> active)
    {
        TextEncoding[] encodings = [.. encoder.Encode(texts)];
        log.Add(TruncationReport.Of(encodings));
        return encodings;
    }

    public void Dispose() => log.Dispose();
}
