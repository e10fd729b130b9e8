namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The arguments of a call: those by position, then those by name.</summary>
internal readonly struct Arguments(object?[] positional, KeyValuePair<string, object?>[]? named = null)
{
    public static Arguments None => new([]);

    public object?[] Positional { get; } = positional;

    public KeyValuePair<string, object?>[] Named { get; } = named ?? [];

    public int Count => Positional.Length;

    /// <summary>An argument of a function of Python's own, which takes it by position alone or by name too; <paramref name="fallback"/> where it is absent.</summary>
    public object? At(int position, string? name = null, object? fallback = null)
    {
        if (position < Positional.Length) return Positional[position];
        if (name is not null)
        {
            foreach (var pair in Named)
            {
                if (pair.Key == name) return pair.Value;
            }
        }
        return fallback;
    }

    /// <summary>Demands a number of arguments of a function of Python's own.</summary>
    public void Expect(string function, int least, int most, params ReadOnlySpan<string> names)
    {
        foreach (var pair in Named)
        {
            if (!names.Contains(pair.Key)) throw Raise.Type(names.Length == 0 ? $"{function}() takes no keyword arguments" : $"'{pair.Key}' is an invalid keyword argument for {function.Split('.')[^1]}()");
        }
        var given = Count + Named.Length;
        if (given >= least && Count <= most && given <= most) return;
        throw Raise.Type((least, most) switch
        {
            (0, 0) => $"{function}() takes no arguments ({given} given)",
            (1, 1) => $"{function}() takes exactly one argument ({given} given)",
            _ when least == most => $"{function} expected {least} arguments, got {given}",
            _ when given < least => $"{function} expected at least {least} argument{(least == 1 ? "" : "s")}, got {given}",
            _ => $"{function} expected at most {most} argument{(most == 1 ? "" : "s")}, got {given}",
        });
    }
}
