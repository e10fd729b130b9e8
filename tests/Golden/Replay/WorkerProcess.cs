using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Golden.Replay;

/// <summary>What a case gave.</summary>
/// <param name="Json">Its answer; null where it gave none.</param>
/// <param name="Broken">Why it gave none.</param>
/// <param name="Signal">The signal that ended its process; null where it did not end.</param>
internal sealed record ReplayAnswer(string? Json, string? Broken = null, int? Signal = null);

/// <summary>Runs a job in worker processes: when a case ends the process, the rest goes on in a new one.</summary>
internal static class WorkerProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Dictionary<int, ReplayAnswer> Run(ReplayJob job, string scratch)
    {
        var answers = new Dictionary<int, ReplayAnswer>();
        var rest = job.Cases;
        while (rest.Length > 0)
        {
            RunOnce(job with { Cases = rest }, scratch, answers);
            var left = rest.Where(index => !answers.ContainsKey(index)).ToArray();
            if (left.Length == rest.Length) throw new InvalidOperationException("A worker ended before its first case.");
            rest = left;
        }
        return answers;
    }

    private static void RunOnce(ReplayJob job, string scratch, Dictionary<int, ReplayAnswer> answers)
    {
        var jobFile = Path.Combine(scratch, "job.json");
        File.WriteAllText(jobFile, JsonSerializer.Serialize(job));
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Under "dotnet Golden.dll" the process is dotnet, and needs the program's name again.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        start.ArgumentList.Add(Worker.Switch);
        start.ArgumentList.Add(jobFile);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();

        int? current = null;
        using var timer = new Timer(_ => process.Kill(entireProcessTree: true));
        timer.Change(Patience, Timeout.InfiniteTimeSpan);
        while (process.StandardOutput.ReadLine() is { } line)
        {
            timer.Change(Patience, Timeout.InfiniteTimeSpan);
            var parts = line.Split(' ', 3);
            var index = int.Parse(parts[1], CultureInfo.InvariantCulture);
            current = parts[0] == "begin" ? index : null;
            if (parts[0] == "answer") answers[index] = new ReplayAnswer(parts[2]);
            if (parts[0] == "broken") answers[index] = new ReplayAnswer(null, parts[2]);
        }
        process.WaitForExit();
        if (current is { } ended)
        {
            var last = errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            var code = process.ExitCode;
            answers[ended] = new ReplayAnswer(null, $"the process ended with code {code}: {string.Join(" / ", last.Take(4))}", code > 128 ? code - 128 : code);
        }
        else if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The worker ended with code {process.ExitCode}: {errors.Result}");
        }
    }
}
