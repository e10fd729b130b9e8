using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextTokenization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A trained tokenizer: adds the ids of each text's tokens. Models take <see cref="Tokenizer"/>.</summary>
public sealed class TokenizerTrainingTransformer : TextTransformer
{
    internal const string TaskName = "tokenization";
    private const string TextKey = "textColumn";
    private const string TokensKey = "tokensColumn";

    internal TokenizerTrainingTransformer(IHostEnvironment environment, TokenizerModel tokenizer, string textColumnName, string tokensColumnName) : base(textColumnName)
    {
        (Tokenizer, TokensColumnName) = (tokenizer, tokensColumnName);
        var options = new TextTokenizationOptions { TextColumnName = textColumnName, IdsColumnName = tokensColumnName, AddSpecialTokens = false };
        Mapping = new TextMapping<TextEncoding>(textColumnName, new TokenScorer(RowEncoder.Of(tokenizer, options), TokenColumns.MakeIds(tokensColumnName), new TruncationLog(environment, nameof(TokenizerTraining))));
    }

    /// <summary>The tokenizer.</summary>
    public TokenizerModel Tokenizer { get; }

    /// <summary>The column of token ids.</summary>
    public string TokensColumnName { get; }

    internal override string Task => TaskName;

    private protected override ITextMapping Mapping { get; }

    internal static TokenizerTrainingTransformer Load(string folder, JsonObject task, IHostEnvironment environment) =>
        new(environment, ModelFolder.LoadTokenizer(folder), Require.Text(task[TextKey]!.GetValue<string>(), TextKey), Require.Text(task[TokensKey]!.GetValue<string>(), TokensKey));

    internal override JsonObject Describe() => new() { [TextKey] = TextColumnName, [TokensKey] = TokensColumnName };

    internal override void SaveFiles(string folder, JsonObject task)
    {
        ModelFolder.SaveTokenizer(Tokenizer, folder);
        HuggingFaceFolder.WriteTask(folder, task);
    }
}
