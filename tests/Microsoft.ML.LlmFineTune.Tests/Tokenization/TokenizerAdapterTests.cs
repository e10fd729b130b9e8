using System.Buffers;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

public sealed class TokenizerAdapterTests
{
    [Fact]
    public void Our_own_tokenizer_tells_everything()
    {
        var tokenizer = new ByteLevelBpeTrainer(ByteLevelBpeTrainer.Defaults with { VocabularySize = 300, SpecialTokens = ["<|endoftext|>", "<pad>"] }).Train(["to be"], cancellationToken: TestContext.Current.CancellationToken);
        var adapter = TokenizerAdapter.Of(tokenizer);
        Assert.Equal((tokenizer.VocabularySize, 0, 1, null), (adapter.VocabularySize, adapter.EndOfText, adapter.Padding, adapter.Unknown));
        Assert.Equal("to be!", adapter.Decode(adapter.Encode("to be!")));
        Assert.Same(tokenizer, adapter.Tokenizer);
        Assert.Equal(3, TokenizerAdapter.Of(tokenizer, new TokenizerFacts(300, EndOfText: 3)).EndOfText);
    }

    [Fact]
    public void Any_other_needs_facts()
    {
        var error = Assert.Throws<ArgumentException>(() => TokenizerAdapter.Of(new Letters()));
        Assert.Contains("A Letters doesn't tell the size of its vocabulary", error.Message, StringComparison.Ordinal);
        var adapter = TokenizerAdapter.Of(new Letters(), new TokenizerFacts(26, EndOfText: 25));
        Assert.Equal([0, 1, 2], adapter.Encode("abc"));
        Assert.Equal("abc", adapter.Decode([0, 1, 2]));
        Assert.Equal((26, 25, null), (adapter.VocabularySize, adapter.EndOfText, adapter.Padding));
    }

    [Fact]
    public void Ids_outside_the_vocabulary_are_found_out()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenizerAdapter.Of(new Letters(), new TokenizerFacts(26, Padding: 26)));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenizerAdapter.Of(new Letters(), new TokenizerFacts(0)));
        var error = Assert.Throws<InvalidOperationException>(() => TokenizerAdapter.Of(new Letters(), new TokenizerFacts(2)).Encode("abc"));
        Assert.Contains("The vocabulary has 2 entries, but the tokenizer gave the id 2", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A tokenizer as a user would write one: each letter is a token.</summary>
    private sealed class Letters : Tokenizer
    {
        public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
        {
            (idsConsumed, charsWritten) = (0, 0);
            foreach (var id in ids)
            {
                if (charsWritten == destination.Length)
                    return OperationStatus.DestinationTooSmall;
                destination[charsWritten++] = (char)('a' + id);
                idsConsumed++;
            }
            return OperationStatus.Done;
        }

        protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
        {
            var letters = text ?? textSpan.ToString();
            return new EncodeResults<EncodedToken> { Tokens = [.. letters.Select((letter, i) => new EncodedToken(letter - 'a', letter.ToString(), i..(i + 1)))], CharsConsumed = letters.Length };
        }
    }
}
