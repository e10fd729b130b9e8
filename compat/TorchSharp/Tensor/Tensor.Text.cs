using System.Globalization;

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
            public override string ToString() => $"[{string.Join('x', shape)}], type = {dtype}, device = {device}";

            public string ToString(TensorStringStyle style, string? fltFormat = null, int? width = null, CultureInfo? cultureInfo = null, string? newLine = null) =>
                is_meta || style == TensorStringStyle.Metadata
                    ? ToString()
                    : new TensorText(this, fltFormat ?? "g5", width ?? 100, cultureInfo ?? CultureInfo.CurrentCulture, newLine ?? Environment.NewLine).In(style);
        }
    }
}
