using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python's hash and equality, for keys: 1, 1.0 and True are one key.</summary>
internal sealed class ValueComparer : IEqualityComparer<object>
{
    public static readonly ValueComparer Instance = new();

    /// <summary>Stands for None, which is null and cannot be a key of a <see cref="Dictionary{TKey, TValue}"/>.</summary>
    public static readonly object None = new();

    public static bool IsHashable(object? value) => value switch
    {
        ListValue or DictValue or SliceValue => false,
        DictView { Part: not DictPart.Values } => false,
        TupleValue tuple => tuple.Items.All(IsHashable),
        _ => true,
    };

    public new bool Equals(object? left, object? right)
    {
        // Keys can be chosen so that their hashes are alike.
        RenderBudget.Steps(1);
        return Comparison.Same(left, right);
    }

    public int GetHashCode(object value)
    {
        switch (value)
        {
            case string text:
                return text.GetHashCode();
            case MarkupText markup:
                return markup.Text.GetHashCode();
            case long integer:
                return integer.GetHashCode();
            case bool truth:
                return (truth ? 1L : 0L).GetHashCode();
            case double real:
                return real == Math.Floor(real) && Math.Abs(real) < 9e18 ? ((long)real).GetHashCode() : double.IsFinite(real) && real == Math.Floor(real) ? new BigInteger(real).GetHashCode() : real.GetHashCode();
            case BigInteger big:
                return big.GetHashCode();
            case UndefinedValue:
                return 1;
            case TupleValue tuple:
                RenderBudget.EnterValue();
                var hash = new HashCode();
                foreach (var item in tuple.Items)
                {
                    RenderBudget.Steps(1);
                    hash.Add(GetHashCode(item ?? None));
                }
                RenderBudget.LeaveValue();
                return hash.ToHashCode();
            case ListValue or DictValue or SliceValue:
                throw Raise.Type($"unhashable type: '{Values.TypeName(value)}'");
            case RangeValue range:
                return range.Length!.Value;
            case BytesValue bytes:
                return bytes.Bytes.Length;
            default:
                return System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(value);
        }
    }
}
