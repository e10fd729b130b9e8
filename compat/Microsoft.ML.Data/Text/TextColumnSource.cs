using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A column bound to fields.</summary>
internal sealed class TextColumnSource
{
    /// <summary>Beyond the index of any field: the end of a segment that goes to the end of each line.</summary>
    public const int End = int.MaxValue;

    /// <summary>Fields from Min, and before Limit.</summary>
    public readonly record struct Segment(int Min, int Limit, bool ForceVector)
    {
        public bool IsVariable => Limit == End;
    }

    public TextColumnSource(IExceptionContext ctx, string name, PrimitiveDataViewType itemType, Segment[] segments)
    {
        var order = segments.OrderBy(segment => segment.Min).ToArray();
        for (int i = 1; i < order.Length; i++)
            ctx.CheckUserArg(order[i - 1].Limit <= order[i].Min, "Source", $"Intervals specified for column '{name}' overlap");
        Name = name;
        Segments = segments;
        FixedSize = segments.Where(segment => !segment.IsVariable).Sum(segment => segment.Limit - segment.Min);
        bool variable = segments.Any(segment => segment.IsVariable);
        ItemType = itemType;
        Type = variable ? new VectorDataViewType(itemType) : FixedSize > 1 || segments[0].ForceVector ? new VectorDataViewType(itemType, FixedSize) : itemType;
    }

    public string Name { get; }

    public PrimitiveDataViewType ItemType { get; }

    public DataViewType Type { get; }

    public Segment[] Segments { get; }

    /// <summary>The number of fields that every line has.</summary>
    public int FixedSize { get; }

    public static TextColumnSource[] Bind(IHost host, TextLoader.Column[] columns, int inputSize)
    {
        var bound = new TextColumnSource[columns.Length];
        int other = -1;
        for (int i = 0; i < columns.Length; i++)
        {
            host.CheckNonWhiteSpace(columns[i].Name, nameof(TextLoader.Column.Name));
            if (columns[i].Source.Any(range => range.AllOther))
            {
                host.CheckUserArg(other < 0 && columns[i].Source.Count(range => range.AllOther) == 1, nameof(TextLoader.Range.AllOther), "At most one all other range can be specified");
                other = i;
                continue;
            }
            bound[i] = new(host, columns[i].Name.Trim(), ItemTypeOf(host, columns[i]), Array.ConvertAll(columns[i].Source, range => SegmentOf(host, range, inputSize)));
        }
        if (other >= 0)
            bound[other] = BindOther(host, columns[other], bound.Where(column => column != null), inputSize);
        return bound;
    }

    /// <summary>A column one of whose ranges takes only the fields that nothing else names.</summary>
    private static TextColumnSource BindOther(IHost host, TextLoader.Column column, IEnumerable<TextColumnSource> others, int inputSize)
    {
        var own = Array.ConvertAll(column.Source, range => SegmentOf(host, range, inputSize));
        int all = Array.FindIndex(column.Source, range => range.AllOther);
        var taken = others.SelectMany(source => source.Segments).Concat(own.Where((_, i) => i != all)).OrderBy(segment => segment.Min);
        var segments = new List<Segment>();
        for (int i = 0; i < own.Length; i++)
        {
            if (i != all)
            {
                segments.Add(own[i]);
                continue;
            }
            var (min, limit, _) = own[i];
            foreach (var segment in taken)
            {
                if (min < segment.Min && min < limit)
                    segments.Add(new(min, Math.Min(segment.Min, limit), true));
                min = Math.Max(min, segment.Limit);
                if (min >= limit)
                    break;
            }
            if (min < limit)
                segments.Add(new(min, limit, true));
        }
        host.CheckUserArg(segments.Count > 0, nameof(TextLoader.Range.AllOther), "No index is selected as all other indexes.");
        return new(host, column.Name.Trim(), ItemTypeOf(host, column), [.. segments]);
    }

    private static PrimitiveDataViewType ItemTypeOf(IHost host, TextLoader.Column column)
    {
        var kind = column.DataKind == default ? DataKind.Single : column.DataKind;
        host.CheckUserArg(Enum.IsDefined(kind), "Type", "Bad item type");
        var type = ColumnTypeExtensions.PrimitiveTypeFromKind(kind);
        if (column.KeyCount == null)
            return type;
        host.CheckUserArg(KeyDataViewType.IsValidDataType(type.RawType), "Type", "Bad item type for Key");
        ulong largest = type == NumberDataViewType.Byte ? byte.MaxValue : type == NumberDataViewType.UInt16 ? ushort.MaxValue : type == NumberDataViewType.UInt32 ? uint.MaxValue : ulong.MaxValue;
        return new KeyDataViewType(type.RawType, column.KeyCount.Count ?? largest);
    }

    private static Segment SegmentOf(IHost host, TextLoader.Range range, int inputSize)
    {
        host.CheckUserArg(0 <= range.Min && range.Min < End - 1, nameof(range.Min));
        if (range.Max is { } max)
        {
            host.CheckUserArg(range.Min <= max && max < End - 1, nameof(range.Max));
            return new(range.Min, max + 1, range.ForceVector);
        }
        if (range.AutoEnd)
        {
            host.CheckUserArg(range.Min < inputSize, nameof(range.Min), $"Column #{range.Min} not found in the dataset (it only has {inputSize} columns)");
            return new(range.Min, inputSize, true);
        }
        return range.VariableEnd ? new(range.Min, End, true) : new(range.Min, range.Min + 1, range.ForceVector);
    }
}
