using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>
/// Loads checkpoints of a gigabyte or more: how much the process's own memory grows against the weights in memory, and how long it takes against reading the same files, warm, from beginning to end: into one buffer again and again (read), and
/// (GPT-2-shaped ones) into new memory of the weights' size, as whoever keeps them needs it: in small pages, as memory comes (copy), and in huge ones (huge). Llama-shaped ones are mapped, too. Each measurement is a process of its own, because memory that was used once is there for the next load.
/// </summary>
internal static class Loading
{
    private const int PromptLength = 8;

    private static readonly Case[] Copied =
    [
        new("f32", SyntheticCheckpoint.Gpt2, "F32", 1, ScalarType.Float32, WeightLoading.Copied),
        new("f32, 4 shards", SyntheticCheckpoint.Gpt2, "F32", 4, ScalarType.Float32, WeightLoading.Copied),
        new("f16 to f32", SyntheticCheckpoint.Gpt2, "F16", 1, ScalarType.Float32, WeightLoading.Copied),
        new("bf16 to f32", SyntheticCheckpoint.Gpt2, "BF16", 1, ScalarType.Float32, WeightLoading.Copied),
        new("bf16", SyntheticCheckpoint.Gpt2, "BF16", 1, ScalarType.BFloat16, WeightLoading.Copied),
        new("f32 to bf16", SyntheticCheckpoint.Gpt2, "F32", 1, ScalarType.BFloat16, WeightLoading.Copied),
    ];

    // In pairs: the same files, copied and mapped.
    private static readonly Case[] Mapped =
    [
        .. from one in ((string Name, string FileType, int Shards, ScalarType Type)[])[("f32", "F32", 1, ScalarType.Float32), ("f32, 4 shards", "F32", 4, ScalarType.Float32), ("bf16", "BF16", 1, ScalarType.BFloat16)]
           from loading in Enum.GetValues<WeightLoading>()
           select new Case($"{one.Name}, {(loading == WeightLoading.Mapped ? "mapped" : "copied")}", SyntheticCheckpoint.Llama, one.FileType, one.Shards, one.Type, loading),
    ];

    public static int Run(double gigabytes, int runs, string? only)
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.Error.WriteLine("benchmark failed: memory is read from /proc, which only Linux has.");
            return 1;
        }
        NativeRuntime.Initialize();
        Console.WriteLine(Text($"At least {gigabytes} GB a checkpoint, {Environment.ProcessorCount} cores, {runs} processes each, medians. Times are of the clock, and over all threads (cpu)."));
        JsonArray results = [];
        if (only is null or "copied") RunCopied(gigabytes, runs, results);
        if (only is null or "mapped") RunMapped(gigabytes, runs, results);
        Console.WriteLine();
        Console.WriteLine(new JsonObject { ["benchmark"] = "loading", ["results"] = results }.ToJsonString(new JsonSerializerOptions { WriteIndented = false }));
        return 0;
    }

    /// <summary>What the new process does: it prints one JSON line.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="what">"Copied" or "Mapped" and a type to load the weights in; "copy" or "huge" and a type to read into new memory as large as they would be.</param>
    public static int RunOne(string folder, string what)
    {
        NativeRuntime.Initialize();
        string[] files = Directory.GetFiles(folder, "*.safetensors");
        long length = files.Sum(file => new FileInfo(file).Length), model = 0;
        string kind = what.Split(' ')[0];
        ScalarType scalar = Enum.Parse<ScalarType>(what.Split(' ')[1]);
        if (!Enum.TryParse(kind, out WeightLoading loading))
        {
            using DecoderModel shape = HuggingFaceFolder.ReadConfig(folder).CreateDecoder(META);
            long keep = shape.parameters().Sum(parameter => parameter.numel()) * (scalar == ScalarType.Float32 ? 4 : 2);
            (double Seconds, double Cpu) copy = TimeOf(() => Read(files, keep, isHuge: kind == "huge"));
            Console.WriteLine(new JsonObject { [kind] = copy.Seconds, [$"{kind}_cpu"] = copy.Cpu }.ToJsonString());
            return 0;
        }
        long before = AnonymousMemory.Now, filesBefore = AnonymousMemory.OfFiles;
        LoadSmall(scalar, loading);
        (double Seconds, double Cpu) read = Enumerable.Range(0, 5).Select(_ => TimeOf(() => Read(files, keep: 0, isHuge: false))).Min();
        AnonymousMemory memory = new();
        DecoderModel? loaded = null;
        (double Seconds, double Cpu) load;
        using (memory) load = TimeOf(Load);
        // Where weights are mapped, whoever computes with them first waits for their pages.
        (double Seconds, double Cpu) use = TimeOf(Use), useAgain = TimeOf(Use);
        long mapped = AnonymousMemory.OfFiles - filesBefore;
        loaded!.Dispose();
        // The allocator has kept the memory: what is left is the library's own work.
        (double Seconds, double Cpu) again = TimeOf(Load);
        loaded.Dispose();
        Console.WriteLine(new JsonObject
        {
            ["files"] = length, ["model"] = model, ["read"] = read.Seconds, ["load"] = load.Seconds, ["again"] = again.Seconds, ["use"] = use.Seconds, ["use_again"] = useAgain.Seconds,
            ["read_cpu"] = read.Cpu, ["load_cpu"] = load.Cpu, ["again_cpu"] = again.Cpu, ["growth"] = memory.Peak - before, ["of_files"] = mapped,
        }.ToJsonString());
        return 0;

        void Load()
        {
            loaded = HuggingFaceFolder.LoadDecoder(folder, dtype: scalar, loading: loading);
            model = loaded.parameters().Sum(parameter => parameter.numel() * parameter.element_size());
        }

        void Use()
        {
            using IDisposable scope = NewDisposeScope();
            using IDisposable withoutGradients = inference_mode();
            using Tensor tokens = arange(PromptLength, dtype: ScalarType.Int64).view(1, PromptLength);
            loaded!.Logits(loaded.Forward(tokens));
        }
    }

    private static void RunCopied(double gigabytes, int runs, JsonArray results)
    {
        Console.WriteLine();
        Console.WriteLine($"{"GPT-2-shaped",-16}{"files GB",10}{"model GB",10}{"read s",9}{"load s",9}{"x read",9}{"again",9}{"x copy",9}{"x huge",9}{"cpu: x read",13}{"again",9}{"x copy",9}{"x huge",9}{"growth: x model",17}");
        foreach (Case one in Copied)
        {
            Medians medians = Measure(one, gigabytes, runs, results, [$"copy {one.Type}", $"huge {one.Type}"]);
            Console.WriteLine(Text($"{one.Name,-16}{medians["files"] / 1e9,10:F2}{medians["model"] / 1e9,10:F2}{medians["read"],9:F3}{medians["load"],9:F3}{medians["load", "read"],9:F2}{medians["again", "read"],9:F2}{medians["load", "copy"],9:F2}{medians["load", "huge"],9:F2}{medians["load_cpu", "read_cpu"],13:F2}{medians["again_cpu", "read_cpu"],9:F2}{medians["load_cpu", "copy_cpu"],9:F2}{medians["load_cpu", "huge_cpu"],9:F2}{medians["growth", "model"],17:F3}"));
        }
    }

    private static void RunMapped(double gigabytes, int runs, JsonArray results)
    {
        Console.WriteLine();
        Console.WriteLine($"{"Llama-shaped",-24}{"files GB",10}{"model GB",10}{"read s",9}{"load s",9}{"x read",9}{"again",9}{"cpu: x read",13}{"again",9}{"growth: x model",17}{"of files: x model",19}{"first use s",13}{"second",9}");
        foreach (Case one in Mapped)
        {
            Medians medians = Measure(one, gigabytes, runs, results, []);
            Console.WriteLine(Text($"{one.Name,-24}{medians["files"] / 1e9,10:F2}{medians["model"] / 1e9,10:F2}{medians["read"],9:F3}{medians["load"],9:F3}{medians["load", "read"],9:F2}{medians["again", "read"],9:F2}{medians["load_cpu", "read_cpu"],13:F2}{medians["again_cpu", "read_cpu"],9:F2}{medians["growth", "model"],17:F3}{medians["of_files", "model"],19:F3}{medians["use"],13:F3}{medians["use_again"],9:F3}"));
        }
    }

    private static Medians Measure(Case one, double gigabytes, int runs, JsonArray results, string[] others)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            SyntheticCheckpoint.Write(folder, one.Shape, (long)(gigabytes * 1e9), one.FileType, one.Shards);
            JsonObject[] measured = [.. Enumerable.Range(0, runs).Select(_ => new JsonObject(((string[])[$"{one.Loading} {one.Type}", .. others]).SelectMany(what => InNewProcess(folder, what))))];
            results.Add(new JsonObject { ["family"] = one.Shape(1).Family, ["name"] = one.Name, ["runs"] = new JsonArray([.. measured.Select(run => run.DeepClone())]) });
            return new Medians(measured);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> InNewProcess(string folder, string what)
    {
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [typeof(Loading).Assembly.Location, "loading-one", folder, what]) { RedirectStandardOutput = true })!;
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"A measurement ended with exit code {process.ExitCode}.");
        return JsonNode.Parse(answer)!.AsObject().Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone()));
    }

    /// <summary>So that the compiler's time is not the loader's.</summary>
    private static void LoadSmall(ScalarType type, WeightLoading loading)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            foreach (Func<int, ModelConfig> shape in (Func<int, ModelConfig>[])[SyntheticCheckpoint.SmallGpt2, SyntheticCheckpoint.SmallLlama])
            {
                foreach (string fileType in (string[])["F32", "F16", "BF16"])
                {
                    SyntheticCheckpoint.Write(folder, shape, 1, fileType, 1);
                    HuggingFaceFolder.LoadDecoder(folder, dtype: type, loading: loading).Dispose();
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (double Seconds, double Cpu) TimeOf(Action action)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long began = Stopwatch.GetTimestamp();
        action();
        return (Stopwatch.GetElapsedTime(began).TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    /// <summary>Reads files in pieces of 1 MiB, one after the other, on one thread, into a buffer that begins with a page (elsewhere, some processors copy at a quarter of the speed).</summary>
    /// <param name="files">The files.</param>
    /// <param name="keep">Bytes of new memory, all of which are written once; 0: each piece replaces the one before.</param>
    /// <param name="isHuge">Whether the memory comes in huge pages.</param>
    private static unsafe void Read(string[] files, long keep, bool isHuge)
    {
        const int Piece = 1 << 20, HugePage = 1 << 21, HugePages = 14;
        double stretch = keep / (double)files.Sum(file => new FileInfo(file).Length);
        nuint room = (nuint)(keep + HugePage);
        byte* memory = (byte*)NativeMemory.AlignedAlloc(room, HugePage);
        if (isHuge) _ = Advise((nint)memory, room, HugePages);
        try
        {
            long all = 0;
            foreach (string path in files)
            {
                using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
                for (long offset = 0; offset < file.Length;)
                {
                    int read = RandomAccess.Read(file.SafeFileHandle, new Span<byte>(memory + (long)(all * stretch), Piece), offset);
                    offset += read;
                    all += read;
                    // Where weights are wider in memory than in the file, the rest of their memory is new, too.
                    if (stretch <= 1) continue;
                    long written = (long)((all - read) * stretch) + read;
                    new Span<byte>(memory + written, (int)((long)(all * stretch) - written)).Clear();
                }
            }
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nint address, nuint length, int advice);

    /// <summary>A checkpoint and a way to load it.</summary>
    private sealed record Case(string Name, Func<int, ModelConfig> Shape, string FileType, int Shards, ScalarType Type, WeightLoading Loading);

    private sealed class Medians(JsonObject[] runs)
    {
        public double this[string key] => Of(run => (double)run[key]!);

        public double this[string key, string by] => Of(run => (double)run[key]! / (double)run[by]!);

        private double Of(Func<JsonObject, double> select) => runs.Select(select).Order().ElementAt(runs.Length / 2);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
