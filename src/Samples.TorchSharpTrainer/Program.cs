using System.Diagnostics;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.TorchSharp;
using Samples.Corpus;

// Two text classifiers on the same split of the same data, judged by the same Evaluate:
// Microsoft.ML.TorchSharp's (NAS-BERT, whose weights it downloads when it is first used) in this process, ours in a process of src/Samples.
//   dotnet run --project src/Samples.TorchSharpTrainer                                     the SDK's documentation
//   dotnet run --project src/Samples.TorchSharpTrainer FILE.tsv TEXTCOLUMN LABELCOLUMN     your own data
if (args.Length is not (0 or 3))
{
    Console.Error.WriteLine("Arguments: none, or FILE.tsv TEXTCOLUMN LABELCOLUMN.");
    return 2;
}

var ml = new MLContext(seed: 1);
DataSplits data = args.Length == 0 ? DataSplits.OfDocumentation(ml, labelKind: false) : DataSplits.OfFile(ml, args[0], args[1], args[2]);
Console.WriteLine(data.Description);

var clock = Stopwatch.StartNew();
var labels = ml.Transforms.Conversion.MapValueToKey("Label", data.LabelColumn).Fit(data.Train);
var classifier = ml.MulticlassClassification.Trainers
    .TextClassification(labelColumnName: "Label", sentence1ColumnName: "Text", maxEpochs: 2, validationSet: labels.Transform(data.Validation))
    .Fit(labels.Transform(data.Train));
var metrics = ml.MulticlassClassification.Evaluate(classifier.Transform(labels.Transform(data.Test)));
Console.WriteLine($"Microsoft.ML.TorchSharp: micro-accuracy {metrics.MicroAccuracy:F3}, macro-accuracy {metrics.MacroAccuracy:F3}, log loss {metrics.LogLoss:F3}, {clock.Elapsed:mm\\:ss}");

string sample = typeof(DataSplits).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "OurSample").Value!;
string[] own = args.Length == 0 ? [] : ["--data", Path.GetFullPath(args[0]), "--text", args[1], "--label", args[2]];
using var ours = Process.Start("dotnet", ["run", "--project", sample, "-c", "Release", "--", .. own]);
ours.WaitForExit();
return ours.ExitCode;
