namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A macro, with the variables around its definition.</summary>
internal sealed class MacroValue(string? name, MacroDefinition definition, Frame outer) : TemplateObject
{
    public override string TypeName => "Macro";

    public override string QualifiedTypeName => "jinja2.runtime.Macro";

    public override bool IsCallable => true;

    public override object? Call(RenderState state, in Arguments given)
    {
        var names = definition.ParameterNames;
        var named = given.Named.ToList();
        var values = new List<object?>(names.Length + 3);
        for (var i = 0; i < Math.Min(given.Count, names.Length); i++) values.Add(given.Positional[i]);
        var foundCaller = false;
        if (values.Count < names.Length)
        {
            foreach (var parameter in names.Skip(values.Count))
            {
                values.Add(Take(parameter, out var value) ? value : Frame.Missing);
                foundCaller |= parameter == "caller";
            }
        }
        else
        {
            foundCaller = names.Contains("caller");
        }
        if (definition.TakesCaller && !foundCaller) values.Add(Take("caller", out var caller) && caller is not null ? caller : UndefinedValue.Because("No caller defined"));
        if (definition.TakesNamed)
        {
            var rest = new DictValue(named.Count);
            foreach (var (key, value) in named) rest[key] = value;
            values.Add(rest);
        }
        else if (named.Count > 0)
        {
            throw Raise.Type(named.Exists(pair => pair.Key == "caller")
                ? $"macro {Printing.Repr(name)} was invoked with two values for the special caller argument. This is most likely a bug."
                : $"macro {Printing.Repr(name)} takes no keyword argument {Printing.Repr(named[0].Key)}");
        }
        if (definition.TakesPositional) values.Add(new TupleValue(given.Count > names.Length ? given.Positional[names.Length..] : []));
        else if (given.Count > names.Length) throw Raise.Type($"macro {Printing.Repr(name)} takes not more than {names.Length} argument(s)");
        return definition.Run(outer, values);

        bool Take(string parameter, out object? value)
        {
            var at = named.FindIndex(pair => pair.Key == parameter);
            value = at >= 0 ? named[at].Value : null;
            if (at >= 0) named.RemoveAt(at);
            return at >= 0;
        }
    }

    public override bool TryGetAttribute(string attribute, out object? value)
    {
        value = attribute switch
        {
            "name" => name,
            "arguments" => new TupleValue([.. definition.ParameterNames]),
            "catch_kwargs" => Values.Box(definition.TakesNamed),
            "catch_varargs" => Values.Box(definition.TakesPositional),
            "caller" => Values.Box(definition.TakesCaller),
            "explicit_caller" => Values.Box(definition.ParameterNames.Contains("caller")),
            _ => Frame.Missing,
        };
        if (!ReferenceEquals(value, Frame.Missing)) return true;
        value = null;
        return false;
    }

    public override void WriteRepr(PrintBuffer output) => output.Append(name is null ? "<Macro anonymous>" : $"<Macro {Printing.Repr(name)}>");
}
