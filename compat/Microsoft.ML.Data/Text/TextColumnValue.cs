using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A column's value of the current line.</summary>
internal abstract class TextColumnValue
{
    protected readonly TextColumnSource Source;
    protected readonly TextFormat Format;
    protected readonly ParseStatistics Statistics;

    protected TextColumnValue(TextColumnSource source, TextFormat format, ParseStatistics statistics)
    {
        Source = source;
        Format = format;
        Statistics = statistics;
    }

    public static TextColumnValue Create(TextColumnSource source, TextFormat format, ParseStatistics statistics)
        => Utils.MarshalInvoke(Create<int>, source.ItemType.RawType, source, format, statistics);

    private static TextColumnValue Create<T>(TextColumnSource source, TextFormat format, ParseStatistics statistics)
        => source.Type is VectorDataViewType ? new VectorValue<T>(source, format, statistics) : new ScalarValue<T>(source, format, statistics);

    public abstract Delegate Getter { get; }

    /// <summary>Takes the value from a line's fields.</summary>
    public abstract void Read(FieldScanner fields, int fieldCount, long line);

    /// <summary>Real numbers that are not there can be NaN; everything else is its type's default.</summary>
    protected bool MissingIsNaN => Format.MissingRealsAsNaNs && (Source.ItemType == NumberDataViewType.Single || Source.ItemType == NumberDataViewType.Double);

    private sealed class ScalarValue<T>(TextColumnSource source, TextFormat format, ParseStatistics statistics) : TextColumnValue(source, format, statistics)
    {
        private readonly TextParser<T> _parser = TextParsers.Get<T>(source.ItemType, format.DecimalMarker, format.MissingRealsAsNaNs);
        private T _value;

        public override Delegate Getter => (ValueGetter<T>)((ref T value) => value = _value);

        public override void Read(FieldScanner fields, int fieldCount, long line)
        {
            int index = Source.Segments[0].Min, place = fields.Find(index);
            bool found = place < fields.Indices.Count && fields.Indices[place] == index;
            if (!found && !MissingIsNaN)
            {
                _value = default;
                return;
            }
            var text = found ? fields.Texts[place] : default;
            if (_parser(text, out _value))
                return;
            if (!TextParsers.HasMissingValue(Source.ItemType))
                throw Contracts.Except($"Could not parse value {text} in line {line}, column {Source.Name}");
            Statistics.BadValue(line, Source.Name, null);
        }
    }

    private sealed class VectorValue<T>(TextColumnSource source, TextFormat format, ParseStatistics statistics) : TextColumnValue(source, format, statistics)
    {
        private readonly TextParser<T> _parser = TextParsers.Get<T>(source.ItemType, format.DecimalMarker, format.MissingRealsAsNaNs);
        private readonly List<int> _indices = [];
        private readonly List<T> _values = [];
        private int _length;

        public override Delegate Getter => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
        {
            // Sparse where most slots have no text.
            bool sparse = _values.Count <= _length / 2;
            var editor = VBufferEditor.Create(ref value, _length, sparse ? _values.Count : _length);
            if (sparse)
            {
                _values.CopyTo(editor.Values);
                _indices.CopyTo(editor.Indices);
            }
            else
            {
                editor.Values.Clear();
                for (int i = 0; i < _values.Count; i++)
                    editor.Values[_indices[i]] = _values[i];
            }
            value = editor.Commit();
        });

        public override void Read(FieldScanner fields, int fieldCount, long line)
        {
            _indices.Clear();
            _values.Clear();
            int start = 0;
            foreach (var segment in Source.Segments)
            {
                int limit = segment.IsVariable ? Math.Max(segment.Min, fieldCount) : segment.Limit;
                int place = fields.Find(segment.Min);
                for (; place < fields.Indices.Count && fields.Indices[place] < limit; place++)
                    Add(start + fields.Indices[place] - segment.Min, fields.Texts[place], line);
                if (MissingIsNaN)
                    for (int index = Math.Max(segment.Min, fields.Indices.Count); index < limit; index++)
                        Add(start + index - segment.Min, default, line);
                start += limit - segment.Min;
            }
            _length = start;
        }

        private void Add(int slot, ReadOnlyMemory<char> text, long line)
        {
            if (!_parser(text, out T value))
            {
                if (!TextParsers.HasMissingValue(Source.ItemType))
                    throw Contracts.Except($"Could not parse value {text} in slot {slot} of column {Source.Name} in line {line}");
                Statistics.BadValue(line, Source.Name, slot);
            }
            _indices.Add(slot);
            _values.Add(value);
        }
    }
}
