namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The parameters of a function that the reference writes in Python, and its way of matching arguments to them.</summary>
internal sealed class Signature
{
    /// <summary>Stands for a parameter that was not given.</summary>
    public static readonly object Absent = new();

    private readonly string[] _names;
    private readonly int _required;
    private readonly int _hidden;
    private readonly bool _rest;

    /// <param name="function">Name of the function, for errors.</param>
    /// <param name="required">How many of the parameters have no default.</param>
    /// <param name="names">The parameters; <c>*</c> at the end takes all others: as a tuple by position and a dict by name.</param>
    /// <param name="hidden">How many parameters the reference fills itself, which its errors count.</param>
    public Signature(string function, int required, string[] names, int hidden = 0)
    {
        (Function, _required, _hidden) = (function, required, hidden);
        _rest = names is [.., "*"];
        _names = _rest ? names[..^1] : names;
    }

    public string Function { get; }

    public object?[] Bind(object? value)
    {
        if (_required > 1 || (_names.Length == 0 && !_rest)) return Bind(new Arguments([value]));
        var bound = Slots();
        if (_names.Length == 0) bound[0] = new TupleValue([value]);
        else bound[0] = value;
        return bound;
    }

    public object?[] Bind(in Arguments arguments)
    {
        var bound = Slots();
        var positional = arguments.Positional;
        if (positional.Length > _names.Length)
        {
            if (!_rest) throw TooMany(positional.Length);
            bound[_names.Length] = new TupleValue(positional[_names.Length..]);
        }
        Array.Copy(positional, bound, Math.Min(positional.Length, _names.Length));
        foreach (var (name, value) in arguments.Named)
        {
            var at = Array.IndexOf(_names, name);
            if (at >= 0)
            {
                if (!ReferenceEquals(bound[at], Absent)) throw Raise.Type($"{Function}() got multiple values for argument '{name}'");
                bound[at] = value;
                continue;
            }
            if (!_rest) throw Raise.Type($"{Function}() got an unexpected keyword argument '{name}'");
            ((DictValue)bound[^1]!)[name] = value;
        }
        if (Array.IndexOf(bound, Absent, 0, _required) >= 0) throw Missing(bound);
        return bound;
    }

    private ChatTemplateException Missing(object?[] bound)
    {
        var missing = _names.Take(_required).Where((_, i) => ReferenceEquals(bound[i], Absent)).Select(name => $"'{name}'").ToArray();
        var list = missing.Length switch { 1 => missing[0], 2 => $"{missing[0]} and {missing[1]}", _ => $"{string.Join(", ", missing[..^1])}, and {missing[^1]}" };
        return Raise.Type($"{Function}() missing {missing.Length} required positional argument{(missing.Length == 1 ? "" : "s")}: {list}");
    }

    private object?[] Slots()
    {
        var bound = new object?[_names.Length + (_rest ? 2 : 0)];
        Array.Fill(bound, Absent, 0, _names.Length);
        if (_rest) (bound[^2], bound[^1]) = (TupleValue.Empty, new DictValue(0));
        return bound;
    }

    private ChatTemplateException TooMany(int given)
    {
        var (least, most) = (_required + _hidden, _names.Length + _hidden);
        var takes = least == most ? $"{most} positional argument{(most == 1 ? "" : "s")}" : $"from {least} to {most} positional arguments";
        return Raise.Type($"{Function}() takes {takes} but {given + _hidden} {(given + _hidden == 1 ? "was" : "were")} given");
    }
}
