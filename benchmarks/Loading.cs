using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>
/// Loads a GPT-2-shaped checkpoint of a gigabyte or more: how much the process's own memory grows against the weights in memory, and how long it takes against reading the same files,
/// warm, from beginning to end: into one buffer again and again (read), and into new memory of the weights' size, as whoever keeps them needs it: in small pages, as memory comes (copy), and in huge ones (huge). Each measurement is a process of its own, because memory that was used once is there for the next load.
/// </summary>
internal static class Loading
{
    private static readonly (string Name, string FileType, int Shards, ScalarType Type)[] Cases =
    [
        ("f32", "F32", 1, ScalarType.Float32),
        ("f32, 4 shards", "F32", 4, ScalarType.Float32),
        ("f16 to f32", "F16", 1, ScalarType.Float32),
        ("bf16 to f32", "BF16", 1, ScalarType.Float32),
        ("bf16", "BF16", 1, ScalarType.BFloat16),
        ("f32 to bf16", "F32", 1, ScalarType.BFloat16),
    ];

    public static int Run(double gigabytes, int runs)
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.Error.WriteLine("benchmark failed: memory is read from /proc, which only Linux has.");
            return 1;
        }
        NativeRuntime.Initialize();
        Console.WriteLine(Text($"GPT-2-shaped, at least {gigabytes} GB a checkpoint, {Environment.ProcessorCount} cores, {runs} processes each, medians. Times are of the clock, and over all threads (cpu)."));
        Console.WriteLine();
        Console.WriteLine($"{"",-16}{"files GB",10}{"model GB",10}{"read s",9}{"load s",9}{"x read",9}{"again",9}{"x copy",9}{"x huge",9}{"cpu: x read",13}{"again",9}{"x copy",9}{"x huge",9}{"growth: x model",17}");
        JsonArray results = [];
        foreach ((string name, string fileType, int shards, ScalarType type) in Cases)
        {
            string folder = Directory.CreateTempSubdirectory().FullName;
            try
            {
                SyntheticCheckpoint.Write(folder, SyntheticCheckpoint.Large, (long)(gigabytes * 1e9), fileType, shards);
                JsonObject[] measured = [.. Enumerable.Range(0, runs).Select(_ => new JsonObject([.. InNewProcess(folder, type.ToString()), .. InNewProcess(folder, $"copy {type}"), .. InNewProcess(folder, $"huge {type}")]))];
                double Median(Func<JsonObject, double> select) => measured.Select(select).Order().ElementAt(runs / 2);
                double Number(string key) => Median(one => (double)one[key]!);
                double Ratio(string key, string by) => Median(one => (double)one[key]! / (double)one[by]!);
                Console.WriteLine(Text($"{name,-16}{Number("files") / 1e9,10:F2}{Number("model") / 1e9,10:F2}{Number("read"),9:F3}{Number("load"),9:F3}{Ratio("load", "read"),9:F2}{Ratio("again", "read"),9:F2}{Ratio("load", "copy"),9:F2}{Ratio("load", "huge"),9:F2}{Ratio("load_cpu", "read_cpu"),13:F2}{Ratio("again_cpu", "read_cpu"),9:F2}{Ratio("load_cpu", "copy_cpu"),9:F2}{Ratio("load_cpu", "huge_cpu"),9:F2}{Ratio("growth", "model"),17:F3}"));
                results.Add(new JsonObject { ["name"] = name, ["times_read"] = Ratio("load", "read"), ["times_copy"] = Ratio("load", "copy"), ["times_huge"] = Ratio("load", "huge"), ["times_model"] = Ratio("growth", "model"), ["runs"] = new JsonArray(measured) });
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        Console.WriteLine();
        Console.WriteLine(new JsonObject { ["benchmark"] = "loading", ["results"] = results }.ToJsonString(new JsonSerializerOptions { WriteIndented = false }));
        return 0;
    }

    /// <summary>What the new process does: it prints one JSON line.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="what">A type to load the weights in; "copy" or "huge" and a type to read into new memory as large as they would be.</param>
    public static int RunOne(string folder, string what)
    {
        NativeRuntime.Initialize();
        string[] files = Directory.GetFiles(folder, "*.safetensors");
        long length = files.Sum(file => new FileInfo(file).Length), model = 0;
        if (what.Split(' ') is [string memoryOf, string copied])
        {
            using Gpt2Model shape = (Gpt2Model)HuggingFaceFolder.ReadConfig(folder).CreateBackbone(META);
            long keep = shape.parameters().Sum(parameter => parameter.numel()) * (Enum.Parse<ScalarType>(copied) == ScalarType.Float32 ? 4 : 2);
            (double Seconds, double Cpu) copy = TimeOf(() => Read(files, keep, isHuge: memoryOf == "huge"));
            Console.WriteLine(new JsonObject { [memoryOf] = copy.Seconds, [$"{memoryOf}_cpu"] = copy.Cpu }.ToJsonString());
            return 0;
        }
        ScalarType scalar = Enum.Parse<ScalarType>(what);
        long before = AnonymousMemory.Now;
        LoadSmall(scalar);
        (double Seconds, double Cpu) read = Enumerable.Range(0, 5).Select(_ => TimeOf(() => Read(files, keep: 0, isHuge: false))).Min();
        AnonymousMemory memory = new();
        (double Seconds, double Cpu) load;
        using (memory) load = TimeOf(Load);
        // The allocator has kept the memory: what is left is the library's own work.
        (double Seconds, double Cpu) again = TimeOf(Load);
        Console.WriteLine(new JsonObject
        {
            ["files"] = length, ["model"] = model, ["read"] = read.Seconds, ["load"] = load.Seconds, ["again"] = again.Seconds,
            ["read_cpu"] = read.Cpu, ["load_cpu"] = load.Cpu, ["again_cpu"] = again.Cpu, ["growth"] = memory.Peak - before,
        }.ToJsonString());
        return 0;

        void Load()
        {
            using DecoderModel loaded = HuggingFaceFolder.LoadDecoder(folder, dtype: scalar);
            model = loaded.parameters().Sum(parameter => parameter.numel() * parameter.element_size());
        }
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> InNewProcess(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [typeof(Loading).Assembly.Location, "loading-one", .. arguments]) { RedirectStandardOutput = true })!;
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"A measurement ended with exit code {process.ExitCode}.");
        return JsonNode.Parse(answer)!.AsObject().Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone()));
    }

    /// <summary>So that the compiler's time is not the loader's.</summary>
    private static void LoadSmall(ScalarType type)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            foreach (string fileType in (string[])["F32", "F16", "BF16"])
            {
                SyntheticCheckpoint.Write(folder, SyntheticCheckpoint.Small, 1, fileType, 1);
                HuggingFaceFolder.LoadDecoder(folder, dtype: type).Dispose();
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

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
