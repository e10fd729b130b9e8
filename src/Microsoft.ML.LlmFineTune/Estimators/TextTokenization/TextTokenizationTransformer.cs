using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextTokenization;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A tokenizer behind a text column, or behind two for pairs. Rows are encoded many at a time, on all cores; what texts lost by cutting is a warning in <c>MLContext.Log</c> at the end of each reading (of a <c>PredictionEngine</c>: at the first text that is cut).</summary>
/// <remarks>It is saved where the tokenizer is a <see cref="TokenizerModel"/>; others have no file to be saved in.</remarks>
public sealed class TextTokenizationTransformer : TextTransformer
{
    internal const string TaskName = "text-tokenization";
    private const string OptionsKey = "options";
    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() }, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    internal TextTokenizationTransformer(IHostEnvironment environment, Tokenizer tokenizer, TextTokenizationOptions options) : base(options.TextColumnName)
    {
        options.Validate();
        (Tokenizer, Options) = (tokenizer, options);
        var scorer = new TokenScorer(RowEncoder.Of(tokenizer, options), TokenColumns.Make(options, tokenizer), new TruncationLog(environment, nameof(TextTokenization)));
        Mapping = new TextMapping<TextEncoding>(options.TextColumnNames, scorer);
    }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Which columns it adds, and how texts are cut and padded.</summary>
    public TextTokenizationOptions Options { get; }

    internal override string Task => TaskName;

    private protected override ITextMapping Mapping { get; }

    internal static TextTokenizationTransformer Load(string folder, JsonObject task, IHostEnvironment environment) =>
        new(environment, ModelFolder.LoadTokenizer(folder), task[OptionsKey].Deserialize<TextTokenizationOptions>(Json)!);

    // Names that are null must come back as null, also where the default is another.
    internal override JsonObject Describe()
    {
        var options = JsonSerializer.SerializeToNode(Options, Json)!.AsObject();
        options[nameof(TextTokenizationOptions.IdsColumnName)] = Options.IdsColumnName;
        return new() { [OptionsKey] = options };
    }

    internal override void SaveFiles(string folder, JsonObject task)
    {
        ModelFolder.SaveTokenizer(Tokenizer, folder);
        HuggingFaceFolder.WriteTask(folder, task);
    }
}
