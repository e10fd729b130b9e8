using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

public sealed partial class TextLoader
{
    /// <summary>A column of the view, and the fields of a line that it is made of.</summary>
    public sealed class Column
    {
        public string Name;
        public Range[] Source;
        public KeyCount KeyCount;

        public Column() { }

        public Column(string name, DataKind dataKind, int index) : this(name, dataKind, [new Range(index)]) { }

        public Column(string name, DataKind dataKind, int minIndex, int maxIndex) : this(name, dataKind, [new Range(minIndex, maxIndex)]) { }

        public Column(string name, DataKind dataKind, Range[] source, KeyCount keyCount = null)
        {
            Contracts.CheckValue(name, nameof(name));
            Contracts.CheckValue(source, nameof(source));
            Name = name;
            DataKind = dataKind;
            Source = source;
            KeyCount = keyCount;
        }

        public DataKind DataKind { get; set; } = DataKind.Single;
    }

    /// <summary>Fields of a line that follow each other.</summary>
    public sealed class Range
    {
        public int Min;
        public int? Max;
        /// <summary>To the end of the lines, which all have the same number of fields.</summary>
        public bool AutoEnd;
        /// <summary>To the end of each line.</summary>
        public bool VariableEnd;
        /// <summary>Only what no other range names.</summary>
        public bool AllOther;
        /// <summary>A single field is a vector of one.</summary>
        public bool ForceVector;

        public Range() { }

        public Range(int index)
        {
            Contracts.CheckParam(index >= 0, nameof(index), "Must be non-negative");
            Min = index;
            Max = index;
        }

        public Range(int min, int? max)
        {
            Contracts.CheckParam(min >= 0, nameof(min), "Must be non-negative");
            Contracts.CheckParam(!(max < min), nameof(max), "If specified, must be greater than or equal to min");
            Min = min;
            Max = max;
            ForceVector = true;
            AutoEnd = max == null;
        }
    }

    public class Options
    {
        public Column[] Columns;
        public char[] Separators = ['\t'];
        public char DecimalMarker = '.';
        public char EscapeChar = '"';
        public bool AllowQuoting;
        public bool AllowSparse;
        public bool HasHeader;
        public string HeaderFile;
        public int? InputSize;
        public long? MaxRows;
        public bool MissingRealsAsNaNs;
        public bool ReadMultilines;
        public bool TrimWhitespace;
        public bool UseThreads = true;

        public Options() { }
    }
}
