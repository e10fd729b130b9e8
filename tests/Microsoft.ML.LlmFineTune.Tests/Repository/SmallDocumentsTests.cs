using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What documents with a short piece of code show compiles and runs; no document's code is left out.</summary>
public sealed partial class SmallDocumentsTests
{
    [Theory]
    [InlineData("chat-templates.md", "ChatTemplatesExample.cs")]
    [InlineData("metrics-classification.md", "ClassificationMetricsExample.cs")]
    [InlineData("metrics-text.md", "TextMetricsExample.cs")]
    [InlineData("tokenizer-training.md", "TokenizerTrainingExample.cs")]
    public void The_code_is_the_one_that_is_compiled(string document, string example) => DocumentCode.AssertIsCompiled(document, example);

    [Fact]
    public void Every_document_with_code_has_such_a_test()
    {
        string tests = string.Concat(Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "tests/Microsoft.ML.LlmFineTune.Tests/Repository"), "*Tests.cs").Select(File.ReadAllText));
        string[] compiled = [.. Compiled().Matches(tests).Select(match => match.Groups[1].Value)];
        string[] documents = [.. Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "docs"), "*.md").Where(file => File.ReadAllText(file).Contains("```csharp", StringComparison.Ordinal)).Select(file => Path.GetFileName(file))];
        Assert.True(documents.Length > 15);
        Assert.Empty(documents.Except(compiled));
        // A reader copies the first piece with its usings.
        Assert.All(documents, document => Assert.Matches(@"```csharp\nusing [A-Z][\w.]*;", DocumentCode.Text(document)));
    }

    [Fact]
    public void The_code_of_chat_templates_runs()
    {
        string file = Path.Combine(ScratchFolder.New(), "chat_template.jinja");
        File.WriteAllText(file, "{{ bos_token }}{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}");
        Assert.Equal("<s>[system] Be brief.\n[user] What is 2 + 2?\n[assistant] ", ChatTemplatesExample.Run(file));
    }

    [Fact]
    public void The_code_of_metrics_runs()
    {
        ClassificationAccumulator other = new(classes: 3, ["positive", "negative", "neutral"]);
        foreach (int label in (int[])[0, 1, 2]) other.Add(label, label);
        Assert.Equal(0.75, ClassificationMetricsExample.Run(other).Accuracy);
        BleuMetrics metrics = TextMetricsExample.Run([("The cat sat on the mat", "the cat sat on the mat"), ("It rains in the morning", "it rained in the morning")]);
        Assert.InRange(metrics.Score, 50, 90);
        Assert.Equal("nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:2.6.0", metrics.Signature.ToString());
    }

    [Fact]
    public void The_code_of_training_tokenizers_runs()
    {
        string folder = ScratchFolder.New(), corpus = Path.Combine(folder, "corpus.txt");
        // SentencePiece wants as many pieces as it is asked for: a language of many syllables.
        string[] syllables = [.. from first in "bdfghjklmnprstvz" from vowel in "aeiou" from last in "lmnrst" select $"{first}{vowel}{last}"];
        LlmFineTune.Runtime.RandomStream random = new(1);
        File.WriteAllLines(corpus, Enumerable.Range(0, 20_000).Select(_ => string.Join(' ', Enumerable.Range(0, 8).Select(_ => string.Concat(Enumerable.Range(0, 1 + random.NextInt32(3)).Select(_ => syllables[random.NextInt32(syllables.Length)]))))));
        (TokenizerModel tokenizer, IReadOnlyList<EncodedToken> tokens) = TokenizerTrainingExample.Run(corpus, folder);
        Assert.Equal("a text", tokenizer.Decode(tokenizer.EncodeToIds("a text")));
        Assert.NotEmpty(tokens);
        Assert.True(File.Exists(Path.Combine(folder, "tokenizer.json")));
    }

    [GeneratedRegex(@"(?:AssertIsCompiled|InlineData)\(""([a-z-]+\.md)""")]
    private static partial Regex Compiled();
}
