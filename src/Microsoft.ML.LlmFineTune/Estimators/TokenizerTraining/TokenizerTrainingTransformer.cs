using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TokenizerTraining;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A trained tokenizer: adds the ids of each text's tokens. Models take <see cref="Tokenizer"/>.</summary>
public sealed class TokenizerTrainingTransformer : TextTransformer
{
    internal const string TaskName = "tokenization";
    private const string TextKey = "textColumn";
    private const string TokensKey = "tokensColumn";

    internal TokenizerTrainingTransformer(TokenizerModel tokenizer, string textColumnName, string tokensColumnName) : base(textColumnName)
    {
        (Tokenizer, TokensColumnName) = (tokenizer, tokensColumnName);
        Mapping = new TextMapping<int[]>(textColumnName, new TokenScorer(tokenizer, TokenScorer.MakeColumns(tokensColumnName)));
    }

    /// <summary>The tokenizer.</summary>
    public TokenizerModel Tokenizer { get; }

    /// <summary>The column of token ids.</summary>
    public string TokensColumnName { get; }

    internal override string Task => TaskName;

    private protected override ITextMapping Mapping { get; }

    internal static TokenizerTrainingTransformer Load(string folder, JsonObject task) =>
        new(ModelFolder.LoadTokenizer(folder), Require.Text(task[TextKey]!.GetValue<string>(), TextKey), Require.Text(task[TokensKey]!.GetValue<string>(), TokensKey));

    internal override JsonObject Describe() => new() { [TextKey] = TextColumnName, [TokensKey] = TokensColumnName };

    internal override void SaveFiles(string folder, JsonObject task)
    {
        ModelFolder.SaveTokenizer(TokenizerAdapter.Of(Tokenizer), folder);
        HuggingFaceFolder.WriteTask(folder, task);
    }
}
