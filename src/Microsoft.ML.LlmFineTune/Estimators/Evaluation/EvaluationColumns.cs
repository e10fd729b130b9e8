using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextClassification;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What evaluations read from columns, whatever width their types have: the checks before the work, and the readers.</summary>
internal static class EvaluationColumns
{
    private const string Numeric = "a number";

    internal static DataViewSchema.Column RequireTexts(DataViewSchema schema, string name) =>
        SchemaChecks.Require(schema, name, "text or a vector of texts", type => type is TextDataViewType or VectorDataViewType { ItemType: TextDataViewType });

    internal static DataViewSchema.Column RequireTags(DataViewSchema schema, string name) =>
        SchemaChecks.Require(schema, name, "a vector of texts or of keys: a tag for each token", type => type is VectorDataViewType { ItemType: TextDataViewType or KeyDataViewType });

    internal static DataViewSchema.Column RequireNumber(DataViewSchema schema, string name) => SchemaChecks.Require(schema, name, Numeric, IsNumber);

    internal static DataViewSchema.Column RequireNumbers(DataViewSchema schema, string name) =>
        SchemaChecks.Require(schema, name, "a vector of numbers", type => type is VectorDataViewType vector && IsNumber(vector.ItemType));

    internal static DataViewSchema.Column RequireFlag(DataViewSchema schema, string name) => SchemaChecks.Require(schema, name, "true or false (a Boolean)", type => type is BooleanDataViewType);

    internal static DataViewSchema.Column RequireFlags(DataViewSchema schema, string name) =>
        SchemaChecks.Require(schema, name, "a vector of Booleans, or of numbers that are 0 or 1", type => type is VectorDataViewType { ItemType: BooleanDataViewType } || (type is VectorDataViewType vector && IsNumber(vector.ItemType)));

    internal static DataViewSchema.Column RequireLabel(DataViewSchema schema, string name) =>
        SchemaChecks.Require(schema, name, "text or a key", type => type is TextDataViewType || type is KeyDataViewType { Count: > 0 });

    internal static DataViewSchema.Column RequireSlice(DataViewSchema schema, string name) =>
        SchemaChecks.Require(schema, name, "text, a key, a number, or true or false", type => type is TextDataViewType or BooleanDataViewType || type is KeyDataViewType { Count: > 0 } || IsNumber(type));

    internal static Func<string> TextReader(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<ReadOnlyMemory<char>> read = row.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> value = default;
        return () =>
        {
            read(ref value);
            return value.ToString();
        };
    }

    /// <summary>The texts of a vector, or the one text.</summary>
    internal static Func<string[]> TextsReader(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is TextDataViewType)
        {
            Func<string> read = TextReader(row, column);
            return () => [read()];
        }
        Func<VBuffer<ReadOnlyMemory<char>>> vector = VectorReader<ReadOnlyMemory<char>>(row, column);
        return () => [.. vector().DenseValues().Select(text => text.ToString())];
    }

    /// <summary>The texts that another one should be like, of which a missing one is the empty text, as everywhere in ML.NET: at least one.</summary>
    internal static Func<string[]> ReferencesReader(DataViewRow row, DataViewSchema.Column column)
    {
        Func<string[]> read = TextsReader(row, column);
        return () => read() is { Length: > 0 } texts ? texts
            : throw new ArgumentException(FormattableString.Invariant($"Column '{column.Name}' has no reference at row {row.Position} (counted from 0): every text needs at least one. Leave the row out (mlContext.Data.FilterByCustomPredicate), or give it the empty text."), nameof(row));
    }

    /// <summary>A tag for each token; of a vector of keys, their values.</summary>
    internal static Func<string[]> TagsReader(DataViewRow row, DataViewSchema.Column column)
    {
        if (((VectorDataViewType)column.Type).ItemType is not KeyDataViewType key)
        {
            Func<string[]> read = TextsReader(row, column);
            return () => Array.ConvertAll(read(), text => text.Length > 0 ? text : throw MissingTag(row, column));
        }
        Func<ulong, string?> name = KeyName(column, key);
        return key.RawType == typeof(uint) ? Keys<uint>(value => value) : key.RawType == typeof(byte) ? Keys<byte>(value => value) : key.RawType == typeof(ushort) ? Keys<ushort>(value => value) : Keys<ulong>(value => value);

        Func<string[]> Keys<TKey>(Func<TKey, ulong> widen)
        {
            Func<VBuffer<TKey>> vector = VectorReader<TKey>(row, column);
            return () => [.. vector().DenseValues().Select(value => name(widen(value))
                ?? throw MissingTag(row, column))];
        }
    }

    private static ArgumentException MissingTag(DataViewRow row, DataViewSchema.Column column) =>
        new(FormattableString.Invariant($"Column '{column.Name}' has a missing tag at row {row.Position} (counted from 0): every token needs one, O where it is no part of an entity."), nameof(row));

    internal static Func<double> NumberReader(DataViewRow row, DataViewSchema.Column column) => Type.GetTypeCode(column.Type.RawType) switch
    {
        TypeCode.Single => Scalar<float>(row, column, value => value),
        TypeCode.Double => Scalar<double>(row, column, value => value),
        TypeCode.SByte => Scalar<sbyte>(row, column, value => value),
        TypeCode.Byte => Scalar<byte>(row, column, value => value),
        TypeCode.Int16 => Scalar<short>(row, column, value => value),
        TypeCode.UInt16 => Scalar<ushort>(row, column, value => value),
        TypeCode.Int32 => Scalar<int>(row, column, value => value),
        TypeCode.UInt32 => Scalar<uint>(row, column, value => value),
        TypeCode.Int64 => Scalar<long>(row, column, value => value),
        _ => Scalar<ulong>(row, column, value => value),
    };

    /// <summary>The numbers of a vector, in a buffer that the next row uses again.</summary>
    internal static Func<double[]> NumbersReader(DataViewRow row, DataViewSchema.Column column) => Type.GetTypeCode(((VectorDataViewType)column.Type).ItemType.RawType) switch
    {
        TypeCode.Single => Vector<float>(row, column, value => value),
        TypeCode.Double => Vector<double>(row, column, value => value),
        TypeCode.SByte => Vector<sbyte>(row, column, value => value),
        TypeCode.Byte => Vector<byte>(row, column, value => value),
        TypeCode.Int16 => Vector<short>(row, column, value => value),
        TypeCode.UInt16 => Vector<ushort>(row, column, value => value),
        TypeCode.Int32 => Vector<int>(row, column, value => value),
        TypeCode.UInt32 => Vector<uint>(row, column, value => value),
        TypeCode.Int64 => Vector<long>(row, column, value => value),
        TypeCode.Boolean => Vector<bool>(row, column, value => value ? 1 : 0),
        _ => Vector<ulong>(row, column, value => value),
    };

    internal static Func<bool> FlagReader(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<bool> read = row.GetGetter<bool>(column);
        bool value = false;
        return () =>
        {
            read(ref value);
            return value;
        };
    }

    internal static Func<bool[]> FlagsReader(DataViewRow row, DataViewSchema.Column column)
    {
        Func<double[]> read = NumbersReader(row, column);
        return () => Array.ConvertAll(read(), value => value is 0 or 1 ? value == 1
            : throw new ArgumentException(FormattableString.Invariant($"Column '{column.Name}' must hold 0 or 1 for each label; row {row.Position} (counted from 0) has {value}."), nameof(row)));
    }

    /// <summary>A label in words; null where a key is missing.</summary>
    internal static Func<string?> LabelReader(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is not KeyDataViewType key) return TextReader(row, column);
        Func<ulong, string?> name = KeyName(column, key);
        Func<ulong> read = ColumnReader.KeyGetter(row, column);
        return () => name(read());
    }

    internal static Func<string> SliceReader(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is TextDataViewType) return TextReader(row, column);
        if (column.Type is KeyDataViewType)
        {
            Func<string?> label = LabelReader(row, column);
            return () => label() ?? "(missing)";
        }
        if (column.Type is BooleanDataViewType)
        {
            Func<bool> flag = FlagReader(row, column);
            return () => flag() ? "true" : "false";
        }
        Func<double> number = NumberReader(row, column);
        return () => number().ToString(CultureInfo.InvariantCulture);
    }

    private static bool IsNumber(DataViewType type) => type is NumberDataViewType;

    /// <summary>The values behind a key, or of an unnamed key their numbers.</summary>
    internal static IReadOnlyList<string> KeyValues(DataViewSchema.Column column)
    {
        if (column.Type is KeyDataViewType) return LabelKeys.Of(column).Names;
        DataViewSchema.Column values = column.Annotations.Schema[AnnotationNames.KeyValues];
        return LabelKinds.Of(((VectorDataViewType)values.Type).ItemType).Read(column.Annotations).Names;
    }

    /// <summary>Names of a vector's slots; null where it has none.</summary>
    internal static IReadOnlyList<string>? SlotNames(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(AnnotationNames.SlotNames) is not { Type: VectorDataViewType { ItemType: TextDataViewType } }) return null;
        VBuffer<ReadOnlyMemory<char>> names = default;
        column.Annotations.GetValue(AnnotationNames.SlotNames, ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }

    /// <summary>What a key's raw value stands for; null for a missing one. A key without values may have billions of them, so their names are made when they are asked for.</summary>
    private static Func<ulong, string?> KeyName(DataViewSchema.Column column, KeyDataViewType key)
    {
        if (column.Annotations.Schema.GetColumnOrNull(AnnotationNames.KeyValues) is null) return raw => raw > 0 && raw <= key.Count ? (raw - 1).ToString(CultureInfo.InvariantCulture) : null;
        IReadOnlyList<string> names = KeyValues(column);
        return raw => raw > 0 && raw <= (ulong)names.Count ? names[(int)raw - 1] : null;
    }

    private static Func<double> Scalar<T>(DataViewRow row, DataViewSchema.Column column, Func<T, double> widen)
    {
        ValueGetter<T> read = row.GetGetter<T>(column);
        T value = default!;
        return () =>
        {
            read(ref value);
            return widen(value);
        };
    }

    private static Func<double[]> Vector<T>(DataViewRow row, DataViewSchema.Column column, Func<T, double> widen)
    {
        Func<VBuffer<T>> read = VectorReader<T>(row, column);
        double[] numbers = [];
        return () =>
        {
            VBuffer<T> value = read();
            if (numbers.Length != value.Length) numbers = new double[value.Length];
            else if (!value.IsDense) Array.Clear(numbers);
            ReadOnlySpan<T> values = value.GetValues();
            ReadOnlySpan<int> places = value.GetIndices();
            for (int i = 0; i < values.Length; i++) numbers[value.IsDense ? i : places[i]] = widen(values[i]);
            return numbers;
        };
    }

    private static Func<VBuffer<T>> VectorReader<T>(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<T>> read = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> value = default;
        return () =>
        {
            read(ref value);
            return value;
        };
    }
}
