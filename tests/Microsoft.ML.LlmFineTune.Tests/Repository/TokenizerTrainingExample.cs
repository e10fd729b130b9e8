// <example>
using Microsoft.ML.LlmFineTune.Tokenization;
// </example>
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/tokenizer-training.md, word for word between the marks.</summary>
internal static class TokenizerTrainingExample
{
    public static (TokenizerModel Tokenizer, IReadOnlyList<EncodedToken> Tokens) Run(string corpusFile, string folder)
    {
        // <example>
        var tokenizer = TokenizerTrainer.Train(
            File.ReadLines(corpusFile),
            new BpeTrainerOptions { VocabularySize = 30_000, SpecialTokens = ["<|endoftext|>"], InitialAlphabet = BpeTrainerOptions.ByteAlphabet },
            new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.ByteLevel(), Decoder = TokenDecoder.ByteLevel });
        tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
        // </example>
        // <example>
        var model = SentencePieceTrainer.Train(File.ReadLines(corpusFile), new SentencePieceTrainerOptions { VocabularySize = 8_000, Normalizer = null });
        model.Save(Path.Combine(folder, "corpus.model"));
        var tokens = SentencePieceProcessor.Load(Path.Combine(folder, "corpus.model")).Encode("a text");
        // </example>
        return (tokenizer, tokens);
    }
}
