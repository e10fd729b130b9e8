using System.Collections.Frozen;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The functions that every template has.</summary>
internal static class Globals
{
    private const int LargestRange = 100_000;

    private static readonly string[] Latin =
        ("a ac ad adipiscing aliquam aliquet amet ante arcu at auctor augue bibendum blandit commodo congue consectetuer cras cum curabitur cursus dapibus diam dictum dignissim dolor donec dui duis egestas eget eleifend elit enim erat "
        + "eros est et etiam eu euismod facilisis fames fermentum feugiat fringilla fusce gravida habitant hendrerit iaculis id in integer interdum ipsum justo lacinia lacus lectus leo libero ligula lorem luctus maecenas magna mauris").Split(' ');

    public static readonly FrozenDictionary<string, object?> Table = new Dictionary<string, object?>
    {
        ["range"] = new BuiltinFunction(new Signature("safe_range", 0, ["*"]), Range),
        ["dict"] = new BuiltinFunction(new Signature("dict", 0, ["*"]), (_, a) => MakeDict("dict", a), type: "dict"),
        ["namespace"] = new BuiltinFunction(new Signature("namespace", 0, ["*"]), MakeNamespace, type: "jinja2.utils.Namespace"),
        ["cycler"] = new BuiltinFunction(new Signature("__init__", 0, ["*"]), (_, a) => ((TupleValue)a[0]!).Items is { Length: > 0 } items ? new CyclerValue(items) : throw new ChatTemplateException(ChatTemplateErrorKind.RuntimeError, "at least one item has to be provided"), type: "jinja2.utils.Cycler"),
        ["joiner"] = new BuiltinFunction(new Signature("__init__", 0, ["sep"], hidden: 1), (_, a) => new JoinerValue(Or(a[0], ", ")), type: "jinja2.utils.Joiner"),
        ["lipsum"] = new BuiltinFunction(new Signature("generate_lorem_ipsum", 0, ["n", "html", "min", "max"]), Lipsum),
        ["raise_exception"] = new BuiltinFunction(new Signature("raise_exception", 1, ["message"]), (_, a) => throw new ChatTemplateException(ChatTemplateErrorKind.TemplateError, a[0] is null ? "None" : Printing.Text(a[0]))),
        ["strftime_now"] = new BuiltinFunction(new Signature("strftime_now", 1, ["format"]), (state, a) => TimeFormat.Format(state.Clock.GetLocalNow(), Values.IsText(a[0], out var format) ? format : throw Raise.Type($"strftime() argument 1 must be str, not {Values.TypeName(a[0])}"))),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>A parameter, or its default.</summary>
    public static object? Or(object? parameter, object? fallback) => ReferenceEquals(parameter, Signature.Absent) ? fallback : parameter;

    private static object Range(RenderState state, object?[] a)
    {
        if (a[1] is DictValue { Count: > 0 }) throw Raise.Type("safe_range() got an unexpected keyword argument " + Printing.Repr(((DictValue)a[1]!).At(0).Key));
        var given = ((TupleValue)a[0]!).Items;
        if (given.Length is 0 or > 3) throw Raise.Type(given.Length == 0 ? "range expected at least 1 argument, got 0" : $"range expected at most 3 arguments, got {given.Length}");
        var numbers = Array.ConvertAll(given, value => value is System.Numerics.BigInteger big ? big : (System.Numerics.BigInteger)PythonNumbers.ToIndex(value));
        var (start, stop, step) = numbers.Length == 1 ? (0, numbers[0], 1) : (numbers[0], numbers[1], numbers.Length == 3 ? numbers[2] : 1);
        if (step.IsZero) throw Raise.Value("range() arg 3 must not be zero");
        var count = step.Sign > 0 ? (stop > start ? ((stop - start - 1) / step) + 1 : 0) : (stop < start ? ((start - stop - 1) / -step) + 1 : 0);
        if (count > LargestRange) throw Raise.Overflow($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({LargestRange}).");
        if (start < long.MinValue / 4 || start > long.MaxValue / 4 || stop < long.MinValue / 4 || stop > long.MaxValue / 4 || System.Numerics.BigInteger.Abs(step) > long.MaxValue / 4)
            throw Raise.Limit("The bounds of a range must be less than 2^61.");
        return new RangeValue((long)start, (long)stop, (long)step, (int)count);
    }

    private static DictValue MakeDict(string function, object?[] a)
    {
        var given = ((TupleValue)a[0]!).Items;
        if (given.Length > 1) throw Raise.Type($"{function} expected at most 1 argument, got {given.Length}");
        var dict = given switch
        {
            [DictValue source] => source.Copy(),
            [var pairs] => OfPairs(pairs),
            _ => new DictValue(),
        };
        var named = (DictValue)a[1]!;
        for (var i = 0; i < named.Count; i++) dict[named.At(i).Key] = named.At(i).Value;
        return dict;
    }

    private static DictValue OfPairs(object? pairs)
    {
        var dict = new DictValue();
        var at = 0;
        foreach (var pair in Values.ToArray(pairs))
        {
            if (Values.IterateOrNull(pair) is null) throw Raise.Type($"cannot convert dictionary update sequence element #{at} to a sequence");
            var two = Values.ToArray(pair);
            if (two.Length != 2) throw Raise.Value($"dictionary update sequence element #{at} has length {two.Length}; 2 is required");
            dict[two[0]] = two[1];
            at++;
        }
        return dict;
    }

    private static object MakeNamespace(RenderState state, object?[] a)
    {
        var attributes = MakeDict("dict", a);
        var made = new NamespaceValue();
        for (var i = 0; i < attributes.Count; i++)
        {
            if (Values.IsText(attributes.At(i).Key, out var name)) made.Set(name, attributes.At(i).Value);
        }
        return made;
    }

    private static object Lipsum(RenderState state, object?[] a)
    {
        var (paragraphs, html) = (PythonNumbers.ToIndex(Or(a[0], 5L)), Values.IsTrue(Or(a[1], Values.True)));
        var (least, most) = (PythonNumbers.ToIndex(Or(a[2], 20L)), PythonNumbers.ToIndex(Or(a[3], 100L)));
        if (least >= most) throw Raise.Value($"empty range for randrange() ({least}, {most}, {most - least})");
        var output = new PrintBuffer();
        for (var p = 0L; p < paragraphs; p++)
        {
            RenderBudget.Steps(1);
            if (p > 0) output.Append(html ? "\n" : "\n\n");
            if (html) output.Append("<p>");
            var count = Random.Shared.NextInt64(least, most);
            for (var w = 0L; w < count; w++)
            {
                var word = Latin[Random.Shared.Next(Latin.Length)];
                output.Append(w == 0 ? Characters.Capitalize(word) : " " + word);
            }
            output.Append(html ? ".</p>" : ".");
        }
        return html ? new MarkupText(output.ToString()) : output.ToString();
    }
}
