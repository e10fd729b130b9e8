using System.Globalization;
using System.Text;

namespace TorchSharp
{
    public enum TensorStringStyle
    {
        Metadata = 0,
        Julia = 1,
        Numpy = 2,
        CSharp = 3,
        Default = 4,
    }

    public static partial class torch
    {
        public partial class Tensor
        {
            // How much of a large tensor is shown, and how a number is written.
            private const int MostItems = 6;
            private const string NumberFormat = "g5";

            public override string ToString() => $"[{string.Join('x', shape)}], type = {dtype}, device = {device}";

            public string ToString(TensorStringStyle style, string? fltFormat = null, int? width = null, CultureInfo? cultureInfo = null, string? newLine = null) => is_meta || style == TensorStringStyle.Metadata
                ? ToString()
                : Numpy((int)ndim, true, new Layout(fltFormat ?? NumberFormat, cultureInfo ?? CultureInfo.CurrentCulture, newLine ?? Environment.NewLine));

            private readonly record struct Layout(string Format, CultureInfo Culture, string NewLine)
            {
                internal string Number(Tensor t)
                {
                    var value = t.ToScalar();
                    return t.dtype switch
                    {
                        ScalarType.Bool => value.ToBoolean().ToString(Culture),
                        ScalarType.Float64 => value.ToDouble().ToString(Format, Culture),
                        _ when t.is_floating_point() => value.ToSingle().ToString(Format, Culture),
                        _ => value.ToInt64().ToString(Culture),
                    };
                }
            }

            private string Numpy(int depth, bool indented, Layout layout)
            {
                var n = (int)ndim;
                if (n == 0) return layout.Number(this);
                var text = new StringBuilder(indented ? new string(' ', depth - n) : "").Append('[');
                var count = shape[0];
                var half = MostItems / 2;
                var first = true;
                for (var i = 0L; i < count; i++)
                {
                    if (!first) text.Append(n == 1 ? ", " : string.Concat(Enumerable.Repeat(layout.NewLine, n - 1)));
                    if (count > MostItems && i == half)
                    {
                        text.Append(n == 1 ? "... " : new string(' ', depth - n) + " ...");
                        if (n > 1) text.Append(string.Concat(Enumerable.Repeat(layout.NewLine, n - 1)));
                        i = count - half;
                    }
                    using var item = this[i];
                    text.Append(item.Numpy(depth, !first, layout));
                    first = false;
                }
                return text.Append(']').ToString();
            }
        }
    }
}
