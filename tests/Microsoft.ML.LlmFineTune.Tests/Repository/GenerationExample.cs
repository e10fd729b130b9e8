// <example>
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Generation;
// </example>
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/generation.md, word for word between the marks.</summary>
internal static class GenerationExample
{
    public static (string Streamed, IReadOnlyList<GeneratedText> Beams, GeneratedText Plain, GeneratedText Drafted, GeneratedText Answer, GeneratedText Written, IReadOnlyList<string> Column) Run(
        string folder, string draftFolder, EncoderDecoderModel encoderDecoder, TokenizerAdapter itsTokenizer)
    {
        // <example>
        LanguageModel model = LanguageModel.Load(folder);
        var generator = new TextGenerator(model.Decoder, model.Tokenizer);

        var options = new GenerationOptions { MaxNewTokens = 20, Temperature = 0.8, TopP = 0.95, RepetitionPenalty = 1.1, Seed = 1 };
        GeneratedText drawn = generator.Generate("apple", options);
        Console.WriteLine($"{drawn.Text} ({drawn.Tokens.Count} tokens, ended by {drawn.Reason})");
        foreach (GeneratedText one in generator.Generate(["apple", "rain"], options with { ReturnSequences = 3 }))
            Console.WriteLine(one.Text);

        string streamed = "";
        foreach (string piece in generator.Stream("apple", options))
            streamed += piece;

        GenerationOptions recommended = GenerationOptions.FromFolder(folder) with { MaxNewTokens = 30 };
        Console.WriteLine(generator.Generate("wheel", recommended).Text);

        IReadOnlyList<GeneratedText> beams = generator.Generate(["apple pear", "rain"], new GenerationOptions
        {
            Beams = 4, ReturnSequences = 2, MaxNewTokens = 12, LengthPenalty = 1.2, NoRepeatNGramSize = 3, EarlyStopping = BeamStopping.Never,
        });
        Console.WriteLine($"{beams[0].Score:0.00} {beams[0].Text}");

        var greedy = new GenerationOptions { Temperature = 0, MaxNewTokens = 20 };
        GeneratedText plain = generator.Generate("storm", greedy);
        using LanguageModel small = LanguageModel.Load(draftFolder);
        var fast = new TextGenerator(model.Decoder, model.Tokenizer) { Draft = small.Decoder };
        GeneratedText drafted = fast.Generate("storm", greedy with { AssistantTokens = 5 });
        GeneratedText lookedUp = generator.Generate("storm", greedy with { PromptLookupTokens = 10 });
        Console.WriteLine($"The same three times: {plain.Text == drafted.Text} {plain.Text == lookedUp.Text}");

        int[] yes = model.Tokenizer.Encode(" yes"), no = model.Tokenizer.Encode(" no");
        GeneratedText answer = generator.Generate("Is it ripe?", greedy with
        {
            EndTokens = [model.EndOfText],
            AllowedTokens = (prompt, tokens) => tokens[^1] == yes[^1] || tokens[^1] == no[^1] ? [model.EndOfText] : [yes[^1], no[^1]],
        });

        var writer = new TextGenerator(encoderDecoder, itsTokenizer);
        GeneratedText written = writer.Generate("a text to write another from", new GenerationOptions { Beams = 4, MaxNewTokens = 12 });

        var mlContext = new MLContext(seed: 1);
        IDataView prompts = mlContext.Data.LoadFromEnumerable([new Question { Prompt = "apple" }, new Question { Prompt = "wind" }]);
        ITransformer pipeline = mlContext.Transforms.Text.GenerateText(model, new TextGenerationOptions { Generation = recommended, BatchSize = 16 }).Fit(prompts);
        foreach (string text in pipeline.Transform(prompts).GetColumn<string>("GeneratedText"))
            Console.WriteLine(text);
        // </example>
        return (streamed, beams, plain, drafted, answer, written, [.. pipeline.Transform(prompts).GetColumn<string>("GeneratedText")]);
    }

    private sealed class Question
    {
        public string Prompt { get; set; } = "";
    }
}
