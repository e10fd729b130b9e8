namespace Microsoft.ML.LlmFineTune.Doors;

/// <summary>Turns the runtime's words for a member that is gone into what the user can do about it.</summary>
internal static class ClosedDoor
{
    /// <summary>Runs <paramref name="use"/>; a member that this version of ML.NET lacks becomes a <see cref="NotSupportedException"/>.</summary>
    internal static T Guard<T>(string purpose, string instead, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (Exception error) when (error is MemberAccessException or TypeLoadException or InvalidCastException)
        {
            throw new NotSupportedException(
                $"{purpose} needs members that Microsoft.ML 5.0 has and the loaded {LoadedVersion()} lacks. {instead}", error);
        }
    }

    private static string LoadedVersion()
    {
        var core = AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(assembly => assembly.GetName().Name == "Microsoft.ML.Core");
        return core is null ? "process (no Microsoft.ML.Core at all)" : $"{core.GetName().Name} {core.GetName().Version} ({core.Location})";
    }
}
