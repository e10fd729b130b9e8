using System.Globalization;
using System.Text;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>The elements of a tensor as text, in the three styles.</summary>
internal sealed class TensorText
{
    // Numpy and C# show so many items of a dimension, half of them from its end.
    private const int Most = 6;
    private const int Half = Most / 2;
    private const string Ellipsis = "...";

    private readonly Tensor _tensor;
    private readonly string _format, _newLine;
    private readonly int _width;
    private readonly CultureInfo _culture;

    internal TensorText(Tensor tensor, string format, int width, CultureInfo culture, string newLine) =>
        (_tensor, _format, _width, _culture, _newLine) = (tensor, format, width, culture, newLine);

    internal string In(TensorStringStyle style) => style switch
    {
        TensorStringStyle.Numpy => Nested(_tensor, false, '[', ']', "", false),
        TensorStringStyle.CSharp => CSharp(),
        _ => Julia(),
    };

    private string Number(Tensor t)
    {
        var value = t.ToScalar();
        return t.dtype switch
        {
            ScalarType.Float64 => value.ToDouble().ToString(_format, _culture),
            ScalarType.Bool => value.ToBoolean().ToString(_culture),
            _ when t.is_floating_point() => value.ToSingle().ToString(_format, _culture),
            _ => value.ToInt64().ToString(_culture),
        };
    }

    // ---- Numpy and C#

    private string Nested(Tensor part, bool indent, char open, char close, string suffix, bool commas)
    {
        var rank = (int)part.ndim;
        if (rank == 0) return Number(part) + suffix;
        var indentation = new string(' ', (int)_tensor.ndim - rank);
        var newLines = commas ? _newLine : string.Concat(Enumerable.Repeat(_newLine, rank - 1));
        var text = new StringBuilder(indent ? indentation : "").Append(open);
        var count = part.size(0);
        for (var i = 0L; i < count; i++)
        {
            if (i > 0) text.Append(rank == 1 ? ", " : commas ? "," + newLines : newLines);
            if (count > Most && i == Half)
            {
                text.Append(rank == 1 ? Ellipsis + " " : indentation + " " + Ellipsis + newLines);
                i = count - Half;
            }
            using var item = part[i];
            text.Append(Nested(item, i > 0, open, close, suffix, commas));
        }
        return text.Append(close).ToString();
    }

    private string CSharp()
    {
        var (start, rank, type) = (_tensor + ", value = ", (int)_tensor.ndim, _tensor.dtype);
        if (rank == 0) return start + Number(_tensor);
        var (name, suffix) = type switch
        {
            ScalarType.Int64 => ("long", "L"),
            ScalarType.Int32 => ("int", ""),
            ScalarType.Int16 => ("short", ""),
            ScalarType.Int8 => ("sbyte", ""),
            ScalarType.Float64 => ("double", ""),
            ScalarType.Float32 => ("float", "f"),
            ScalarType.Float16 => ("float16", "f"),
            ScalarType.BFloat16 => ("bfloat16", "f"),
            _ => (type.ToString().ToLowerInvariant(), ""),
        };
        var body = Nested(_tensor, false, '{', '}', suffix, true);
        if (rank > 1) body = "{" + _newLine + " " + body[1..^1] + _newLine + "}";
        return $"{start}{(rank > 1 ? _newLine : "")}{name} [{new string(',', rank - 1)}] {body}";
    }

    // ---- Julia

    private string Julia()
    {
        var text = new StringBuilder(_tensor.ToString());
        switch (_tensor.ndim)
        {
            case 0:
                text.Append(", value = ").Append(Number(_tensor));
                break;
            case 1:
                using (var row = _tensor.unsqueeze(0)) Table(text.Append(_newLine), row);
                break;
            case 2:
                Table(text.Append(_newLine), _tensor);
                break;
            default:
                Slices(text, _tensor, []);
                break;
        }
        return text.ToString();
    }

    private void Slices(StringBuilder text, Tensor part, long[] indices)
    {
        for (var i = 0L; i < part.size(0); i++)
        {
            long[] at = [.. indices, i];
            using var item = part[i];
            if (item.ndim > 2) Slices(text, item, at);
            else Table(text.Append(_newLine).Append($"[{string.Join(',', at)},..,..] =").Append(_newLine), item);
        }
    }

    // Rows of equal length: the one that fits least decides.
    private void Table(StringBuilder text, Tensor matrix)
    {
        var columns = matrix.size(1);
        var cells = new List<string>[matrix.size(0)];
        for (var r = 0; r < cells.Length; r++)
        {
            cells[r] = [];
            var left = _width;
            for (var c = 0L; c < columns; c++)
            {
                using var item = matrix[r, c];
                var cell = Number(item);
                if (left - cell.Length - (Ellipsis.Length + 1) < 0) break;
                cells[r].Add(cell);
                left -= cell.Length + 1;
            }
        }
        var fitting = cells.Min(row => row.Count);
        foreach (var row in cells)
        {
            for (var c = 0; c < fitting; c++) text.Append(' ').Append(row[c].PadLeft(cells.Max(other => other[c].Length)));
            if (fitting < columns) text.Append(' ').Append(Ellipsis);
            text.Append(_newLine);
        }
    }
}
