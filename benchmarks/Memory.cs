using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>
/// Estimated and measured memory of training, family by family: whole models and low-rank adapters of them, activations kept and computed again. Each cell is a process of its own, whose highest mark of resident memory counts from
/// before the model is built.
/// </summary>
internal static class Memory
{
    private static readonly string[] Modes = ["full", "full,recompute", "lora", "lora,recompute"];

    public static int Run(int[] sizes, string[] families, bool kept)
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.Error.WriteLine("benchmark failed: memory is read from /proc, which only Linux has.");
            return 1;
        }
        Console.WriteLine(kept ? "What a forward pass keeps for backward (MB)." : "Highest mark of resident memory in four steps of training, less what was resident before the model was built (MB).");
        Console.WriteLine($"{"family",-14}{"size",5}{"mode",18}{"predicted",12}{"measured",12}{"ratio",8}{"live",12}");
        JsonArray results = [];
        foreach (string family in families)
        {
            foreach ((int size, string mode) in sizes.SelectMany(size => Modes.Select(mode => (size, mode))))
            {
                // A recurrent model does not compute activations again, and adapters have nothing to hold on to.
                if (family == "lstm" && mode != "full") continue;
                JsonObject cell = InNewProcess(family, size.ToString(CultureInfo.InvariantCulture), kept ? $"{mode},kept" : mode);
                double predicted = (double)cell[kept ? "predicted_kept" : "predicted"]!, measured = (double)cell[kept ? "kept" : "measured"]!;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{family,-14}{size,5}{mode,18}{predicted / 1e6,12:F1}{measured / 1e6,12:F1}{predicted / measured,8:F3}{(double?)cell["live"] / 1e6,12:F1}"));
                cell["family"] = family;
                cell["size"] = size;
                cell["mode"] = mode;
                results.Add(cell);
            }
        }
        Console.WriteLine(new JsonObject { ["benchmark"] = "memory", ["results"] = results }.ToJsonString(new JsonSerializerOptions { WriteIndented = false }));
        return 0;
    }

    private static JsonObject InNewProcess(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [typeof(Memory).Assembly.Location, "memory-one", .. arguments]) { RedirectStandardOutput = true })!;
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"A measurement ended with exit code {process.ExitCode}.");
        return JsonNode.Parse(answer)!.AsObject();
    }
}
