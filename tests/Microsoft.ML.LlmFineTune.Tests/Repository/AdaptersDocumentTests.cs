using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/adapters.md shows compiles and runs; it names every option of every kind.</summary>
public sealed class AdaptersDocumentTests
{
    [Fact]
    public void Its_code_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("adapters.md", "AdaptersExample.cs");

    [Fact]
    public void Its_code_runs()
    {
        string folder = ScratchFolder.New(), adapter = ScratchFolder.New();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        HuggingFaceFolder.Save(folder, model);
        RowBatches batches = new([CompletionRows.Of([1, 5, 6, 7, 8, 2]), CompletionRows.Of([1, 9, 6, 7, 4, 2])], padding: 0, BatchSize.OfRows(2), random: null);
        AdaptersExample.Train(folder, batches, new TrainingOptions { Epochs = 2, Device = ComputeDevice.Cpu }, adapter);
        Assert.Equal(16, Assert.IsType<LoraOptions>(PeftFolder.ReadOptions(adapter)).Rank);
        ModelAdapters several = AdaptersExample.Several(model, adapter);
        Assert.Equal((null, "summaries"), (several.Active, Assert.Single(several.Names)));
        Assert.InRange(AdaptersExample.InFourBits(folder), 1, 10_000);
    }

    [Fact]
    public void What_a_pipeline_has_trained_is_put_on_the_base_model_again()
    {
        string folder = ScratchFolder.New(), adapter = ScratchFolder.New();
        MLContext ml = new(1);
        using LanguageModel model = Toy.Model();
        model.Save(folder);
        TextClassificationOptions options = AdaptersExample.InPipelines(adapter) with { Epochs = 1, BatchSize = 8, Device = ComputeDevice.Cpu };
        IDataView scored = Toy.Pipeline(ml, model, options).Fit(Toy.View(ml, 24)).Transform(Toy.View(ml, 24));
        VBuffer<ReadOnlyMemory<char>> labels = default;
        scored.Schema["Score"].Annotations.GetValue("SlotNames", ref labels);
        using SequenceClassifier loaded = PeftFolder.LoadClassifier(adapter, [.. labels.DenseValues().Select(label => label.ToString())], folder);
        Assert.Equal(["fruit", "car", "weather"], loaded.Config.Labels);
        Assert.Equal(8, Assert.IsType<LoraOptions>(ModelAdapters.Of(loaded)!.OptionsOf()).Rank);
    }

    [Fact]
    public void It_names_the_kinds_and_the_defaults()
    {
        string document = DocumentCode.Text("adapters.md");
        Assert.All(typeof(AdapterOptions).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(AdapterOptions))), type => Assert.Contains($"| `{type.Name}` |", document, StringComparison.Ordinal));
        LoraOptions lora = new();
        Assert.Contains(FormattableString.Invariant($"`Rank` {lora.Rank}, `Alpha` {lora.Alpha}, `Dropout` {lora.Dropout}"), document, StringComparison.Ordinal);
        Assert.Contains($"`VirtualTokens`, {new PromptTuningOptions().VirtualTokens},", document, StringComparison.Ordinal);
        Assert.Equal(new PromptTuningOptions().VirtualTokens, new PrefixTuningOptions().VirtualTokens);
    }
}
