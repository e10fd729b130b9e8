using System.Text.RegularExpressions;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The order of the library's rooms, and the fences between them.</summary>
public sealed class RoomTests
{
    private const string Library = "src/Microsoft.ML.LlmFineTune";
    private const string RootNamespace = "Microsoft.ML.LlmFineTune";

    private static readonly string[] Order =
    [
        "Runtime", "Kernels", "Data", "Tokenization", "Batches", "Layers", "Models", "Adapters", "Losses", "Optimization", "Checkpoints", "Evaluation", "Training", "Generation", "Search", "Estimators",
    ];

    public static TheoryData<string> Rooms => new(Directory.GetDirectories(Path.Combine(SourceTree.Root, Library)).Select(folder => Path.GetFileName(folder)).Where(name => name is not ("bin" or "obj")));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_is_in_the_order_and_uses_only_rooms_before_it(string room)
    {
        int place = Array.IndexOf(Order, room);
        Assert.True(place >= 0, $"{Library}/{room} is not a room of the plan: {string.Join(", ", Order)}.");
        List<string> wrong = [];
        foreach (string path in SourceTree.Files($"{Library}/{room}", ".cs"))
        {
            foreach ((int number, string text) in SourceTree.Code(path))
            {
                foreach (Match used in Regex.Matches(text, $@"\b{Regex.Escape(RootNamespace)}\.(\w+)"))
                {
                    string other = used.Groups[1].Value;
                    if (Array.IndexOf(Order, other) > place) wrong.Add($"{SourceTree.Relative(path)}:{number} uses {other}");
                }
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_file_declares_the_namespace_of_its_room(string room)
    {
        // Extensions of the context stand where its users look for them.
        string[] allowed = room == "Estimators" ? [$"namespace {RootNamespace}.{room}", "namespace Microsoft.ML;"] : [$"namespace {RootNamespace}.{room}"];
        List<string> wrong = [.. SourceTree.Files($"{Library}/{room}", ".cs").Where(path => !SourceTree.Code(path).Any(line => allowed.Any(start => line.Text.StartsWith(start, StringComparison.Ordinal)))).Select(SourceTree.Relative)];
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Only_estimators_name_data_views_and_contexts() =>
        SourceTree.AssertNowhere(SourceTree.Files(Library, ".cs").Where(path => !SourceTree.Relative(path).StartsWith($"{Library}/Estimators/", StringComparison.Ordinal)),
            @"\b(IDataView|MLContext)\b", "Only Estimators may name IDataView or MLContext");

    [Fact]
    public void The_library_never_prints() => SourceTree.AssertNowhere(SourceTree.Files(Library, ".cs"), @"\bConsole\.", "Progress goes to observers and to the context's log");

    [Fact]
    public void Layers_take_numbers_not_configurations() => SourceTree.AssertNowhere(SourceTree.Files($"{Library}/Layers", ".cs"), @"\b\w+Config\b", "Layers take plain values");

    [Fact]
    public void Models_compute_no_losses() => SourceTree.AssertNowhere(SourceTree.Files($"{Library}/Models", ".cs"), @"cross_entropy|nll_loss|SoftmaxCrossEntropy|mse_loss", "A model gives logits; Losses judge them");

    [Fact]
    public void No_source_knows_where_its_dependencies_come_from() =>
        // But for the diagnosis, which reports what the build wrote into the assembly, and this file.
        SourceTree.AssertNowhere(SourceTree.Files("src", ".cs").Concat(SourceTree.Files("tests", ".cs")).Where(path => Path.GetFileName(path) is not ("RuntimeDiagnosis.cs" or "RoomTests.cs")),
            @"LlmDependencies|LLM_DEPENDENCIES", "The mode is the build's affair");
}
