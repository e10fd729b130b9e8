using System.CommandLine;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.LlmFineTune.Estimators;
using Samples;
using Spectre.Console;

var data = new Option<FileInfo?>("--data") { Description = "Your own tab-separated file with a header line, instead of the SDK's documentation." };
var text = new Option<string>("--text") { Description = "Its column of texts.", DefaultValueFactory = _ => "Text" };
var label = new Option<string>("--label") { Description = "Its column of labels.", DefaultValueFactory = _ => "Label" };
var labelKind = new Option<bool>("--label-kind") { Description = "With the SDK's documentation: learn the kind of member instead of the namespace." };
var fast = new Option<bool>("--fast") { Description = "A tour of about one minute: a smaller model, fewer steps." };
var seed = new Option<int>("--seed") { Description = "Seed of everything random.", DefaultValueFactory = _ => 1 };
var model = new Option<FileInfo>("--model") { Description = "Where the classifier is saved.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Path.GetTempPath(), "documentation-classifier.zip")) };
var main = new RootCommand("Trains a tokenizer, pretrains a small GPT, fine-tunes it into a text classifier and compares: one ordinary ML.NET program.")
{
    data, text, label, labelKind, fast, seed, model,
};
// In a task of its own, so that Ctrl-C finds somebody who listens.
main.SetAction((arguments, cancellation) => Task.Run(
    () => MainJob.Run(
        new JobOptions(
            arguments.GetValue(data), arguments.GetValue(text)!, arguments.GetValue(label)!, arguments.GetValue(labelKind),
            arguments.GetValue(fast), arguments.GetValue(seed), arguments.GetValue(model)!),
        cancellation),
    CancellationToken.None));

var file = new Argument<FileInfo>("model") { Description = "The saved classifier." };
var sentence = new Argument<string>("sentence") { Description = "What to classify." };
var answer = new Command("answer", "Loads a saved classifier and classifies one sentence.") { file, sentence };
answer.SetAction(arguments => Answering.Run(arguments.GetValue(file)!, arguments.GetValue(sentence)!));
main.Subcommands.Add(answer);

var encoder = new Option<string>("--encoder") { Description = "The encoder: a folder, or a model of the hub.", DefaultValueFactory = _ => "sentence-transformers/all-MiniLM-L6-v2" };
var reviews = new Option<DirectoryInfo>("--data") { Description = "The folder of stsa.binary.train, .dev and .test: a label and a text a line.", Required = true };
var frozen = new Option<bool>("--frozen") { Description = "Leaves the encoder as it is: ML.NET's logistic regression on its embeddings." };
var sentiment = new Command("sst2", "Fine-tunes a pretrained encoder on SST-2, or puts a logistic regression on it.") { encoder, reviews, seed, frozen };
sentiment.SetAction((arguments, cancellation) => Task.Run(
    () => SentimentJob.Run(arguments.GetValue(encoder)!, arguments.GetValue(reviews)!, arguments.GetValue(seed), arguments.GetValue(frozen), cancellation), CancellationToken.None));
main.Subcommands.Add(sentiment);

var diagnose = new Command("diagnose", "Prints what a bug report needs to know of this machine.");
diagnose.SetAction(_ => Console.WriteLine(new MLContext().LanguageModels.Diagnose()));
main.Subcommands.Add(diagnose);

if (Console.IsOutputRedirected)
{
    // Plain lines for files and pipes.
    AnsiConsole.Profile.Capabilities.Ansi = false;
    AnsiConsole.Profile.Width = 160;
}
try
{
    return await main.Parse(args).InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        // After Ctrl-C there is something to save.
        ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
    });
}
catch (Exception error) when (Cause(error) is IOException or UnauthorizedAccessException or ArgumentException or InvalidDataException or FormatException or DllNotFoundException
    or TrainingFailedException or OperationCanceledException)
{
    Console.Error.WriteLine(Cause(error).Message);
    return 1;
}

// ML.NET's Load wraps what a transformer says of a damaged model file.
static Exception Cause(Exception error) => error is TargetInvocationException ? error.GetBaseException() : error;
