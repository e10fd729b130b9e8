namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python's range, of at most 100,000 items.</summary>
internal sealed class RangeValue(long start, long stop, long step, int count) : TemplateObject
{
    public override string TypeName => "range";

    public override int? Length => count;

    public long At(int position) => start + (position * step);

    public override IEnumerator<object?> Iterate()
    {
        for (var i = 0; i < count; i++) yield return At(i);
    }

    /// <summary>The range of some of the positions.</summary>
    public RangeValue Slice(long from, long to, long by, int length) => new(start + (from * step), start + (to * step), step * by, length);

    public bool Equals(RangeValue other) => other.Length == count && (count == 0 || (other.At(0) == start && (count == 1 || other.At(1) == At(1))));

    public bool Contains(object? value)
    {
        if (PythonNumbers.AsInteger(value) is not { } integer) return PythonNumbers.IsNumber(value) && PythonNumbers.ToDouble(value) is var real && real == Math.Floor(real) && Math.Abs(real) < 1e15 && Contains((long)real);
        var offset = integer - start;
        return count > 0 && offset % step == 0 && offset / step >= 0 && offset / step < count;
    }

    public override bool TryGetAttribute(string name, out object? value)
    {
        switch (name)
        {
            case "start": value = start; return true;
            case "stop": value = stop; return true;
            case "step": value = step; return true;
            default: return ListMethods.Of(this, name, out value);
        }
    }

    public override void WriteRepr(PrintBuffer output) => output.Append(step == 1 ? $"range({start}, {stop})" : $"range({start}, {stop}, {step})");
}
