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
/// Loads a GPT-2-shaped checkpoint of a gigabyte or more: how much the process's own memory grows against the weights in memory, and how long it takes against reading the same files,
/// warm, from beginning to end. Each measurement is a process of its own, because memory that was used once is there for the next load.
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
        Console.WriteLine(Text($"GPT-2-shaped, at least {gigabytes} GB a checkpoint, {Environment.ProcessorCount} cores, {runs} processes each; medians. Seconds: reading the files warm, reading them into new memory, loading."));
        Console.WriteLine();
        Console.WriteLine($"{"",-16}{"files GB",10}{"model GB",10}{"read",8}{"copy",8}{"load",8}{"x read",8}{"x copy",8}{"growth GB",11}{"x model",9}");
        JsonArray results = [];
        foreach ((string name, string fileType, int shards, ScalarType type) in Cases)
        {
            string folder = Directory.CreateTempSubdirectory().FullName;
            try
            {
                SyntheticCheckpoint.Write(folder, (long)(gigabytes * 1e9), fileType, shards);
                JsonNode[] measured = [.. Enumerable.Range(0, runs).Select(_ => MeasureInNewProcess(folder, type))];
                double Median(Func<JsonNode, double> select) => measured.Select(select).Order().ElementAt(runs / 2);
                double Number(string key) => Median(one => (double)one[key]!);
                double timesRead = Median(one => (double)one["load"]! / (double)one["read"]!), timesCopy = Median(one => (double)one["load"]! / (double)one["copy"]!);
                double timesModel = Median(one => (double)one["growth"]! / (double)one["model"]!);
                Console.WriteLine(Text($"{name,-16}{Number("files") / 1e9,10:F2}{Number("model") / 1e9,10:F2}{Number("read"),8:F3}{Number("copy"),8:F3}{Number("load"),8:F3}{timesRead,8:F2}{timesCopy,8:F2}{Number("growth") / 1e9,11:F2}{timesModel,9:F3}"));
                results.Add(new JsonObject { ["name"] = name, ["times_read"] = timesRead, ["times_copy"] = timesCopy, ["times_model"] = timesModel, ["runs"] = new JsonArray(measured) });
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
    public static int RunOne(string folder, string type)
    {
        ScalarType scalar = Enum.Parse<ScalarType>(type);
        NativeRuntime.Initialize();
        long before = AnonymousMemory.Now;
        LoadSmall(scalar);
        string[] files = Directory.GetFiles(folder, "*.safetensors");
        double read = Enumerable.Range(0, 3).Select(_ => SecondsToRead(files, into: 0)).Order().ElementAt(1);

        double readCpu = Cpu(); read = Math.Min(read, SecondsToRead(files, into: 0)); readCpu = Cpu() - readCpu;
        double loadCpu = Cpu();
        long began;
        double load;
        long model;
        AnonymousMemory memory = new();
        using (memory)
        {
            began = Stopwatch.GetTimestamp();
            using DecoderModel loaded = HuggingFaceFolder.LoadDecoder(folder, dtype: scalar);
            load = Stopwatch.GetElapsedTime(began).TotalSeconds;
            model = loaded.parameters().Sum(parameter => parameter.numel() * parameter.element_size());
        }
        loadCpu = Cpu() - loadCpu; double copyCpu = Cpu();
        double copy = SecondsToRead(files, into: files.Sum(file => new FileInfo(file).Length));
        Console.WriteLine(new JsonObject
        {
            ["files"] = files.Sum(file => new FileInfo(file).Length), ["model"] = model, ["read"] = read, ["copy"] = copy, ["load"] = load, ["read_cpu"] = readCpu, ["load_cpu"] = loadCpu, ["copy_cpu"] = Cpu() - copyCpu, ["growth"] = memory.Peak - before,
        }.ToJsonString());
        return 0;
    }

    private static JsonNode MeasureInNewProcess(string folder, ScalarType type)
    {
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            ArgumentList = { typeof(Loading).Assembly.Location, "loading-one", folder, type.ToString() },
        })!;
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? JsonNode.Parse(answer)! : throw new InvalidOperationException($"A measurement ended with exit code {process.ExitCode}.");
    }

    /// <summary>So that the compiler's time is not the loader's.</summary>
    private static void LoadSmall(ScalarType type)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            foreach (string fileType in (string[])["F32", "F16", "BF16"])
            {
                SyntheticCheckpoint.Write(folder, 1, fileType, 1);
                HuggingFaceFolder.LoadDecoder(folder, dtype: type).Dispose();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reads files in pieces of 1 MiB, one after the other, one thread, into a buffer that begins with a page (elsewhere, some processors copy at a quarter of the speed).</summary>
    /// <param name="files">The files.</param>
    /// <param name="into">Bytes of new memory that keep what is read; 0: each piece replaces the one before.</param>
    private static unsafe double SecondsToRead(string[] files, long into)
    {
        const int Piece = 1 << 20;
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(into + Piece, Piece), 4096);
        try
        {
            long began = Stopwatch.GetTimestamp(), all = 0;
            foreach (string path in files)
            {
                using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
                for (long offset = 0; offset < file.Length;)
                {
                    int read = RandomAccess.Read(file.SafeFileHandle, new Span<byte>(memory + (into == 0 ? 0 : all), Piece), offset);
                    offset += read;
                    all += read;
                }
            }
            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private static double Cpu() { using var p = Process.GetCurrentProcess(); return p.TotalProcessorTime.TotalSeconds; }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
