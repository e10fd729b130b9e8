using System.Globalization;
using System.Text;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Writes a view as text: settings of the loader as a comment, a header, and a line for each row, with its last columns sparse where that is shorter.</summary>
internal sealed class TextSaver
{
    /// <summary>What an item with its index costs, as a multiple of one without.</summary>
    private const double SparseItemWeight = 2.5;

    private readonly char _separator;
    private readonly bool _forceDense;
    private readonly TextWriter _writer;
    private readonly Column[] _columns;

    private TextSaver(TextWriter writer, DataViewRowCursor cursor, DataViewSchema.Column[] columns, char separator, bool forceDense)
    {
        _writer = writer;
        _separator = separator;
        _forceDense = forceDense;
        _columns = Array.ConvertAll(columns, column => column.Type is VectorDataViewType vector
            ? Utils.MarshalInvoke(VectorColumn<int>, vector.ItemType.RawType, (DataViewRow)cursor, column)
            : Utils.MarshalInvoke(ScalarColumn<int>, column.Type.RawType, (DataViewRow)cursor, column));
    }

    public static void Save(IHostEnvironment env, IDataView data, Stream stream, char separator, bool headerRow, bool schema, bool keepHidden, bool forceDense)
    {
        var host = env.Register("TextSaver");
        separator = char.ToLowerInvariant(separator);
        host.CheckUserArg(separator is ' ' or '\t' or ',' or ';' or '|', "Separator", "Invalid separator - must be: space, tab, comma, semicolon, or bar");
        using var channel = host.Start("Saving");
        var columns = SavedColumns.Of(channel, data.Schema, keepHidden);
        bool hasHeader = headerRow && columns.Any(column => column.Type is not VectorDataViewType || column.HasSlotNames());
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        using var cursor = data.GetRowCursor(columns);
        if (schema)
            WriteComment(writer, columns, separator, hasHeader);
        var saver = new TextSaver(writer, cursor, columns, separator, forceDense);
        if (hasHeader)
            saver.WriteLine(column => column.ReadHeader(), "\"\"");
        long rows = 0;
        for (; cursor.MoveNext(); rows++)
            saver.WriteLine(column => column.Read(), null);
        if (rows == 0)
            channel.Warning(MessageSensitivity.None, "Wrote zero rows of data!");
        else
            channel.Info(MessageSensitivity.None, saver._shortest == saver._longest ? $"Wrote {rows} rows of length {saver._longest}" : $"Wrote {rows} rows of lengths between {saver._shortest} and {saver._longest}");
    }

    private int _shortest = int.MaxValue;
    private int _longest;

    private static void WriteComment(TextWriter writer, DataViewSchema.Column[] columns, char separator, bool hasHeader)
    {
        writer.WriteLine("#@ TextLoader{");
        if (hasHeader)
            writer.WriteLine("#@   header+");
        writer.WriteLine($"#@   sep={SchemaComment.NameOf(separator)}");
        int index = 0;
        foreach (var column in columns)
        {
            writer.WriteLine($"#@   col={SchemaComment.Describe(column, index)}");
            index += column.Type.GetValueCount();
        }
        writer.WriteLine("#@ }");
    }

    /// <summary>A column's items on the current line: those that differ from the default, with their slots.</summary>
    private sealed class Column
    {
        public Func<int> Read;
        public Func<int> ReadHeader;
        public string Default;
        public readonly List<(int Slot, string Text)> Items = [];
    }

    private Column ScalarColumn<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var write = ValueText.Get<T>(column.Type, _separator);
        var getter = row.GetGetter<T>(column);
        var result = new Column { Default = write(default) };
        T value = default;
        void Set(string text, string omitted)
        {
            result.Items.Clear();
            if (text != omitted)
                result.Items.Add((0, text));
        }
        result.Read = () =>
        {
            getter(ref value);
            Set(write(value), result.Default);
            return 1;
        };
        result.ReadHeader = () =>
        {
            Set(ValueText.Quote(column.Name, _separator), "");
            return 1;
        };
        return result;
    }

    private Column VectorColumn<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var vector = (VectorDataViewType)column.Type;
        var write = ValueText.Get<T>(vector.ItemType, _separator);
        var getter = row.GetGetter<VBuffer<T>>(column);
        var result = new Column { Default = write(default) };
        VBuffer<T> value = default;
        result.Read = () =>
        {
            getter(ref value);
            result.Items.Clear();
            result.Items.AddRange(value.Items().Select(item => (item.Key, write(item.Value))).Where(item => item.Item2 != result.Default));
            return value.Length;
        };
        result.ReadHeader = () =>
        {
            result.Items.Clear();
            if (column.HasSlotNames())
            {
                VBuffer<ReadOnlyMemory<char>> names = default;
                column.GetSlotNames(ref names);
                result.Items.AddRange(names.Items().Where(name => !name.Value.IsEmpty).Select(name => (name.Key, ValueText.Quote(name.Value.Span, _separator))));
            }
            return vector.Size;
        };
        return result;
    }

    private void WriteLine(Func<Column, int> read, string defaultText)
    {
        var lengths = Array.ConvertAll(_columns, column => read(column));
        int total = lengths.Sum();
        _shortest = Math.Min(_shortest, total);
        _longest = Math.Max(_longest, total);
        int dense = _forceDense ? _columns.Length : ChooseDenseColumns(lengths);

        bool first = true;
        void Write(string text)
        {
            if (!first)
                _writer.Write(_separator);
            first = false;
            _writer.Write(text);
        }

        for (int i = 0; i < dense; i++)
        {
            int next = 0;
            for (int slot = 0; slot < lengths[i]; slot++)
                Write(next < _columns[i].Items.Count && _columns[i].Items[next].Slot == slot ? _columns[i].Items[next++].Text : defaultText ?? _columns[i].Default);
        }
        if (dense < _columns.Length)
        {
            Write(lengths[dense..].Sum().ToString(CultureInfo.InvariantCulture));
            int start = 0;
            bool any = false;
            for (int i = dense; i < _columns.Length; start += lengths[i++])
                foreach (var (slot, text) in _columns[i].Items)
                {
                    Write(string.Create(CultureInfo.InvariantCulture, $"{start + slot}:{text}"));
                    any = true;
                }
            if (!any)
                Write($"0:{defaultText ?? _columns[dense].Default}");
        }
        _writer.WriteLine();
    }

    /// <summary>So many columns are written densely before the rest, that the line is shortest; a short rest is dense too.</summary>
    private int ChooseDenseColumns(int[] lengths)
    {
        int best = 0, denseLength = 0, bestLength = 0, sparseItems = _columns.Sum(column => column.Items.Count);
        double bestCost = SparseItemWeight * sparseItems;
        for (int i = 0; i < lengths.Length; i++)
        {
            denseLength += lengths[i];
            sparseItems -= _columns[i].Items.Count;
            double cost = denseLength + SparseItemWeight * sparseItems;
            if (cost < bestCost)
                (bestCost, best, bestLength) = (cost, i + 1, denseLength);
        }
        int rest = denseLength - bestLength;
        return rest < 5 || rest < bestLength / 5 ? lengths.Length : best;
    }
}
