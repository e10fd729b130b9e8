namespace Golden.Replay;

/// <summary>What a worker process is to run: cases of one fixture file, compiled into one assembly.</summary>
/// <param name="Assemblies">Assemblies to load, in this order; the last one holds the cases.</param>
/// <param name="FixtureFile">The file of the cases.</param>
/// <param name="Scratch">A folder for the cases' own files; each case gets an empty one below it.</param>
/// <param name="WorkingFolder">The current folder of the process.</param>
/// <param name="First">Indices of cases that others need: run in every worker, unless they are among <paramref name="Cases"/> anyway.</param>
/// <param name="Cases">Indices of the cases to run, in order.</param>
internal sealed record ReplayJob(string[] Assemblies, string FixtureFile, string Scratch, string WorkingFolder, int[] First, int[] Cases)
{
    /// <summary>Full name of the class that holds the case with this index, and of its method.</summary>
    public static string ClassOf(int index) => $"Case{index}";

    public const string Method = "ReplayFixtureCase";
}
