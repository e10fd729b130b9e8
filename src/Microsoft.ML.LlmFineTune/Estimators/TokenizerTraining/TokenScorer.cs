using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators.TokenizerTraining;

/// <summary>Texts to token ids.</summary>
internal sealed class TokenScorer(TokenizerModel tokenizer, IReadOnlyList<OutputColumn<int[]>> columns) : IBatchScorer<int[]>
{
    private readonly TokenizerAdapter _tokenizer = TokenizerAdapter.Of(tokenizer);

    public IReadOnlyList<OutputColumn<int[]>> Columns => columns;

    public int LookAhead => 1024;

    public int[][] Score(IReadOnlyList<string> texts, IReadOnlyList<bool> active)
    {
        var tokens = new int[texts.Count][];
        Parallel.For(0, texts.Count, row => tokens[row] = _tokenizer.Encode(texts[row]));
        return tokens;
    }

    internal static IReadOnlyList<OutputColumn<int[]>> MakeColumns(string name) =>
    [
        new OutputColumn<int[], VBuffer<int>>(name, new VectorDataViewType(NumberDataViewType.Int32), (int[] tokens, ref VBuffer<int> value) =>
        {
            var editor = VBufferEditor.Create(ref value, tokens.Length);
            tokens.CopyTo(editor.Values);
            value = editor.Commit();
        }),
    ];
}
