using System.Diagnostics;
using Golden;
using Golden.ChatTemplates;
using Golden.Exchange;
using Golden.Generation;
using Golden.Library;
using Golden.Metrics;
using Golden.Minilm;
using Golden.Mlnet;
using Golden.Models;
using Golden.Replay;
using Golden.Tokenizers;
using Golden.TorchSharp;
using Golden.Training;

// Runs reference fixtures: Golden DIR [AREA] [--file TEXT] [--case TEXT] [--failed] [--compile-against FOLDER]
//   DIR                        a folder laid out as the shared fixtures: one folder an area
//   AREA                       only this one
//   --file, --case             only files, cases whose name holds TEXT
//   --failed                   prints failed cases and the summaries only
//   --compile-against FOLDER   compiles the C# of the cases against the assemblies of FOLDER, runs nothing
// or writes model folders for another implementation to load: Golden --write-folders TARGET DIR

if (args is [Worker.Switch, var job]) return Worker.Run(job);
if (args is [ExchangeWriter.Switch, var target, var fixtures]) return ExchangeWriter.Write(Path.GetFullPath(target), Path.GetFullPath(fixtures));

FixtureArea[] areas =
[
    new MlnetArea(),
    new TorchSharpArea(),
    new LibraryArea("tokenizers", new EncodeReader(), new BatchesReader(), new ComponentsReader(), new FilesReader(), new SentencePieceReader(), new TiktokenReader(), new TiktokenSplitsReader(), new TrainersReader(), new SentencePieceTrainersReader()),
    new LibraryArea("models", new ModelReader(), new AdapterReader(), new RecurrentReader(), new InitialisationReader()),
    new LibraryArea("generation", new ProcessorsReader(), new SamplingReader(), new SpeculationReader(), new WindowsReader()),
    new LibraryArea("training", new SchedulesReader(), new OptimizersReader(), new StepPartsReader(), new LossesReader(), new ObjectivesReader(), new TrainedStepsReader(), new FineTuneReader(), new MemoryReader(), new QuantizationReader()),
    new LibraryArea("metrics", new PerplexityReader(), new ClassificationReader(), new MultiLabelReader(), new RegressionReader(), new RetrievalReader(), new BleuReader(), new ChrfReader(), new TerReader(), new SignificanceReader(), new RougeReader(), new SquadReader(), new SeqevalReader(), new TextDiversityReader(), new WerReader(), new PublicReader(), new BiasReader()),
    new LibraryArea("chat-templates", new ConversationReader(), new SnippetReader()),
    new LibraryArea("minilm", new EmbeddingsReader(), new TrajectoryReader(), new RunsReader()),
];
var positional = new List<string>();
var options = new RunOptions();
var failedOnly = false;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--file" when i + 1 < args.Length: options = options with { File = args[++i] }; break;
        case "--case" when i + 1 < args.Length: options = options with { Case = args[++i] }; break;
        case "--compile-against" when i + 1 < args.Length: options = options with { CompileAgainst = args[++i] }; break;
        case "--failed": failedOnly = true; break;
        default: positional.Add(args[i]); break;
    }
}
if (positional.Count is 0 or > 2 || positional.Exists(p => p.StartsWith('-')) || !Directory.Exists(positional[0]))
{
    Console.Error.WriteLine("usage: Golden DIR [AREA] [--file TEXT] [--case TEXT] [--failed] [--compile-against FOLDER]; DIR is a folder with one folder for each area");
    return 2;
}

var folders = Directory.GetDirectories(positional[0]).Where(folder => positional.Count == 1 || Path.GetFileName(folder) == positional[1]).Order(StringComparer.Ordinal).ToList();
if (folders.Count == 0)
{
    Console.Error.WriteLine($"{positional[0]} has no folder{(positional.Count == 2 ? $" '{positional[1]}'" : "")}: its folders are the areas.");
    return 2;
}

var all = new List<CaseResult>();
foreach (var folder in folders)
{
    var watch = Stopwatch.StartNew();
    var area = Array.Find(areas, a => a.Name == Path.GetFileName(folder));
    if (area is null)
    {
        all.Add(CaseResult.Unsupported(Path.GetFileName(folder), "*", "no reader for this area"));
        Console.WriteLine(all[^1]);
        continue;
    }
    var results = new List<CaseResult>();
    foreach (var result in area.Run(Path.GetFullPath(folder), options))
    {
        results.Add(result);
        if (!failedOnly || result.Verdict == Verdict.Failed) Console.WriteLine(result);
    }
    foreach (var file in results.GroupBy(r => r.File)) Console.WriteLine($"{file.Key}: {Summary(file)}");
    Console.WriteLine(FormattableString.Invariant($"{area.Name}: {Summary(results)} in {watch.Elapsed.TotalSeconds:0} s"));
    all.AddRange(results);
}
Console.WriteLine(Summary(all));
return all.Exists(r => r.Verdict == Verdict.Failed) ? 1 : 0;

static string Summary(IEnumerable<CaseResult> results)
{
    var counts = results.CountBy(r => r.Verdict).ToDictionary();
    return $"{counts.GetValueOrDefault(Verdict.Passed)} passed, {counts.GetValueOrDefault(Verdict.Failed)} failed, {counts.GetValueOrDefault(Verdict.Unsupported)} unsupported";
}
