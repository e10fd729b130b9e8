using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;
using Samples.Corpus;
using Spectre.Console;

namespace Samples;

/// <summary>The main job, from raw texts to a saved classifier, in the order in which it happens.</summary>
internal static class MainJob
{
    internal static int Run(JobOptions options, CancellationToken cancellation)
    {
        var settings = options.Fast ? JobSettings.Fast : JobSettings.Full;
        var ml = new MLContext(options.Seed);
        ml.Log += (_, message) =>
        {
            if (message.Kind >= ChannelMessageKind.Warning)
                AnsiConsole.MarkupLineInterpolated($"[yellow]{message.RawMessage}[/]");
        };
        // A folder that can't be written is better known now than after the training.
        options.Model.Directory!.Create();
        var clock = Stopwatch.StartNew();

        // 1. Texts and labels, split by the texts' hash.
        Heading("1. Data");
        DataSplits data = options.Data is null
            ? DataSplits.OfDocumentation(ml, options.LabelKind)
            : DataSplits.OfFile(ml, options.Data.FullName, options.TextColumn, options.LabelColumn);
        Console.WriteLine($"{data.Description}: {data.Train.GetRowCount():N0} to train, {data.Validation.GetRowCount():N0} to validate, {data.Test.GetRowCount():N0} to test; label {data.LabelColumn}");

        // 2. A tokenizer of our own.
        Heading("2. Tokenizer");
        TokenizerModel tokenizer = ml.LanguageModels.TrainTokenizer("Text", settings.VocabularySize).Fit(data.Train).Tokenizer;
        Console.WriteLine($"{tokenizer.VocabularySize:N0} entries; \"Returns the hash code\" is {string.Join(" | ", tokenizer.EncodeToTokens("Returns the hash code", out string? _).Select(token => token.Value))}");

        // 3. A small GPT learns to predict the next token of the training texts.
        Heading("3. Pretraining");
        LanguageModel untrained = ml.LanguageModels.Create(tokenizer, settings.Model(tokenizer.VocabularySize));
        double before = ml.LanguageModels.Evaluate(untrained, data.Validation).Perplexity!.Value;
        LanguageModel pretrained = ml.LanguageModels.PretrainCausalLanguageModel(untrained, settings.Pretraining with
        {
            ValidationData = data.Validation, Observers = [ProgressLine.Of("Pretraining")], Cancellation = cancellation,
        }).Fit(data.Train).Model;
        if (cancellation.IsCancellationRequested)
        {
            string folder = Path.ChangeExtension(options.Model.FullName, null) + "-language-model";
            pretrained.Save(folder);
            return Stopped(folder);
        }
        double after = ml.LanguageModels.Evaluate(pretrained, data.Validation).Perplexity!.Value;
        Console.WriteLine($"Validation perplexity: {before:N1} before, {after:N2} after");
        foreach (string prompt in (string[])["Gets the", "Initializes a new instance of", ""])
        {
            string generated = pretrained.Generate(prompt, new GenerationOptions { MaxNewTokens = 40, Temperature = 0.7, TopK = 50, Seed = options.Seed });
            AnsiConsole.MarkupLineInterpolated($"  [bold]{prompt}[/]{generated}");
        }

        // 4. The same model as a classifier: with and without what it has learnt before.
        Heading("4. Classification");
        var fineTuned = Classifier("Fine-tuning", pretrained);
        var fromScratch = cancellation.IsCancellationRequested ? null : Classifier("From scratch", untrained);
        if (fromScratch is null || cancellation.IsCancellationRequested)
        {
            Save(fineTuned);
            return Stopped(options.Model.FullName);
        }
        var table = new Table().AddColumns("Classifier", "micro-accuracy", "macro-accuracy", "log loss");
        table.AddRow("most frequent class", MostFrequentRate().ToString("F3"), "", "");
        Report("trained from scratch", fromScratch);
        Report("pretrained and fine-tuned", fineTuned);
        if (options.Data is null && !options.LabelKind)
            table.AddRow("[grey]for orientation: FeaturizeText + LbfgsMaximumEntropy on a like split[/]", "[grey]0.819[/]", "[grey]0.786[/]", "");
        AnsiConsole.Write(table);

        // 5. Saved with ML.NET's own Save, answered by another process with ML.NET's own Load.
        Heading("5. Another process answers");
        Save(fineTuned);
        Console.WriteLine($"Saved as {options.Model.FullName} ({new FileInfo(options.Model.FullName).Length / 1e6:F1} MB)");
        string sentence = options.Data is null ? "Encrypts the stream with the specified key and initialization vector." : data.Test.GetColumn<string>("Text").First();
        int exitCode = SecondProcess.Answer(options.Model, sentence);
        Console.WriteLine($"Took {clock.Elapsed:mm\\:ss} in all.");
        return exitCode;

        ITransformer Classifier(string title, LanguageModel model) => ml.Transforms.Conversion.MapValueToKey("Label", data.LabelColumn)
            .Append(ml.MulticlassClassification.Trainers.FineTuneLanguageModel(model, settings.FineTuning with
            {
                ValidationData = data.Validation, ValidationLabelColumnName = data.LabelColumn, Observers = [ProgressLine.Of(title)], Cancellation = cancellation,
            }))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
            .Fit(data.Train);

        // Save itself writes straight into the file; this way a full disk leaves the file that was there.
        void Save(ITransformer classifier) => AtomicFile.Write(options.Model.FullName, stream => ml.Model.Save(classifier, data.Train.Schema, stream));

        void Report(string name, ITransformer classifier)
        {
            var metrics = ml.MulticlassClassification.Evaluate(classifier.Transform(data.Test));
            table.AddRow(name, metrics.MicroAccuracy.ToString("F3"), metrics.MacroAccuracy.ToString("F3"), metrics.LogLoss.ToString("F3"));
        }

        double MostFrequentRate()
        {
            var training = data.Train.GetColumn<string>(data.LabelColumn).CountBy(label => label).MaxBy(entry => entry.Value).Key;
            return data.Test.GetColumn<string>(data.LabelColumn).Average(label => label == training ? 1.0 : 0.0);
        }
    }

    /// <summary>Ctrl-C ends a training after its step; what was learnt until then is kept.</summary>
    private static int Stopped(string path)
    {
        Console.WriteLine($"Stopped; what was learnt so far is in {path}");
        return 130;
    }

    private static void Heading(string title) => AnsiConsole.Write(new Rule($"[bold]{title}[/]").LeftJustified());
}
