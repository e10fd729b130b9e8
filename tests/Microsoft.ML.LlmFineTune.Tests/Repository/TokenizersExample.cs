// <example>
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Tokenization;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/tokenizers.md, word for word between the marks.</summary>
internal static class TokenizersExample
{
    public static (TextEncoding One, TextEncoding Pair, IReadOnlyList<TextEncoding> Batch, TokenizerModel Unigram, int[] IdsOfModel) Run(string textFile, string folder, string modelFile)
    {
        // <example>
        var mlContext = new MLContext(seed: 1);
        IDataView data = mlContext.Data.LoadFromTextFile<Line>(textFile);

        // Byte-level BPE as GPT-2's, and WordPiece as BERT's.
        TokenizerModel gpt = mlContext.Transforms.Text.TrainTokenizer("Text", vocabularySize: 512).Fit(data).Tokenizer;
        TokenizerModel bert = mlContext.Transforms.Text.TrainTokenizer(TokenizerRecipe.BertUncased(600)).Fit(data).Tokenizer;

        var recipe = TokenizerRecipe.Of(
            new UnigramTrainerOptions { VocabularySize = 200, SpecialTokens = ["<unk>", "</s>"], UnknownToken = "<unk>" },
            new TokenizerTrainingPipeline
            {
                Normalizer = TextNormalizer.Sequence(TextNormalizer.Nfkc, TextNormalizer.Lowercase),
                PreTokenizer = TextPreTokenizer.Metaspace(),
                PostProcessor = TokenPostProcessor.Template("$A </s>", "$A </s> $B </s>", new Dictionary<string, int> { ["</s>"] = 1 }),
                Decoder = TokenDecoder.Metaspace(),
            });
        TokenizerModel unigram = mlContext.Transforms.Text.TrainTokenizer(new TokenizerTrainingOptions { Recipe = recipe, Cancellation = CancellationToken.None }).Fit(data).Tokenizer;

        bert.SaveFolder(folder);
        TokenizerModel loaded = TokenizerModel.LoadFolder(folder);

        TextEncoding one = loaded.Encode("A film to see.");
        TextEncoding pair = loaded.Encode(("What is it?", "A film to see twice."), new EncodingOptions
        {
            Truncation = new TruncationOptions { MaximumLength = 12, Stride = 2, Strategy = TruncationStrategy.OnlySecond },
            Padding = new PaddingOptions { Length = 12, Id = loaded.Padding!.Value },
        });
        Console.WriteLine($"{string.Join(' ', pair.Tokens)}: {pair.TruncatedTokens} tokens cut, {pair.Overflowing.Count} more windows");
        for (int token = 0; token < one.Count; token++)
            Console.WriteLine($"{one.Ids[token]} {one.Tokens[token]} {one.Spans[token]} word {one.WordOf(token)} of text {one.SequenceOf(token)}");
        IReadOnlyList<TextEncoding> batch = loaded.EncodeBatch(["One text.", "And another, which is longer."], new EncodingOptions { Padding = new PaddingOptions { Id = loaded.Padding!.Value } });

        Console.WriteLine(loaded.Decode(one.Ids, skipSpecialTokens: true));
        StreamingDecoder decoder = gpt.CreateStreamingDecoder(skipSpecialTokens: true);
        foreach (int id in gpt.EncodeToIds("Caf\u00e9"))
            Console.Write(decoder.Append(id));
        Console.WriteLine(decoder.Finish());

        var pipeline = mlContext.Transforms.Text.TokenizeWith(loaded, new TextTokenizationOptions
        {
            TextColumnName = "Text", IdsColumnName = "input_ids", AttentionMaskColumnName = "attention_mask", TypeIdsColumnName = "token_type_ids", IdType = TokenIdType.Int64,
            TruncatedTokensColumnName = "Truncated", MaximumTokens = 16, PadToMaximum = true,
        });
        ITransformer model = pipeline.Fit(data);
        mlContext.Model.Save(model, data.Schema, modelFile);
        foreach (long[] ids in mlContext.Model.Load(modelFile, out _).Transform(data).GetColumn<long[]>("input_ids").Take(3))
            Console.WriteLine(string.Join(' ', ids));
        // </example>
        return (one, pair, batch, unigram, [.. mlContext.Model.Load(modelFile, out _).Transform(data).GetColumn<long[]>("input_ids").First().Select(id => (int)id)]);
    }

    private sealed class Line
    {
        [LoadColumn(0)]
        public string Text { get; set; } = "";
    }
}
