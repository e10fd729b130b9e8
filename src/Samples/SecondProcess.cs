using System.Diagnostics;

namespace Samples;

/// <summary>Starts this program again, with nothing in common with this process but the file.</summary>
internal static class SecondProcess
{
    internal static int Answer(FileInfo model, string sentence)
    {
        // Under "dotnet Samples.dll" the process is dotnet itself, and the program its first argument.
        string program = Environment.ProcessPath!;
        string[] host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(SecondProcess).Assembly.Location] : [];
        string[] arguments = [.. host, "answer", model.FullName, sentence];
        Console.WriteLine($"$ {Path.GetFileName(program)} {string.Join(' ', arguments.Select(argument => argument.Contains(' ') ? $"\"{argument}\"" : argument))}");
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode;
    }
}
