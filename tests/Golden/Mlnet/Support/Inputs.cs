using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using MlnetFixtures;

/// <summary>The inputs of the cases: tables, rows of classes.</summary>
public static class Inputs
{
    /// <summary>The table with the given columns; null where the JSON is null or absent.</summary>
    public static Table ReadTable(JsonElement parent, string name)
    {
        if (parent.ValueKind != JsonValueKind.Object || !parent.TryGetProperty(name, out var json) || json.ValueKind == JsonValueKind.Null) return null;
        return new Table((json.ValueKind == JsonValueKind.Array ? json : json.GetProperty("columns")).EnumerateArray().Select(ReadColumn).ToArray());
    }

    private static Col ReadColumn(JsonElement json)
    {
        var type = ReadType(json.GetProperty("type").GetString());
        return new Col
        {
            Name = json.GetProperty("name").GetString(),
            Type = type,
            Values = json.GetProperty("values").EnumerateArray().Select(value => ReadValue(type, value)).ToArray(),
            KeyValues = Texts(json, "keyValues"),
            SlotNames = Texts(json, "slotNames"),
        };
    }

    private static string[] Texts(JsonElement json, string name) => json.TryGetProperty(name, out var texts) && texts.ValueKind == JsonValueKind.Array ? texts.EnumerateArray().Select(t => t.GetString()).ToArray() : null;

    /// <summary>The type with this text: Single, Key&lt;UInt32, 0-2&gt;, Vector&lt;Single, 3&gt; ...</summary>
    public static DataViewType ReadType(string text)
    {
        if (text.StartsWith("Vector<", StringComparison.Ordinal))
        {
            var inside = text["Vector<".Length..^1];
            var parts = inside.EndsWith('>') ? new[] { inside } : inside.Split(", ");
            var dimensions = parts.Skip(1).Select(part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray();
            var item = (PrimitiveDataViewType)ReadType(parts[0]);
            return dimensions.Length > 1 ? new VectorDataViewType(item, dimensions) : new VectorDataViewType(item, dimensions.FirstOrDefault());
        }
        if (text.StartsWith("Key<", StringComparison.Ordinal))
        {
            var parts = text["Key<".Length..^1].Split(", 0-");
            return new KeyDataViewType(Type.GetType("System." + parts[0]), (int)(long.Parse(parts[1], CultureInfo.InvariantCulture) + 1));
        }
        return text switch
        {
            "String" => TextDataViewType.Instance,
            "Boolean" => BooleanDataViewType.Instance,
            "Single" => NumberDataViewType.Single,
            "Double" => NumberDataViewType.Double,
            "Int32" => NumberDataViewType.Int32,
            "Int64" => NumberDataViewType.Int64,
            "UInt32" => NumberDataViewType.UInt32,
            _ => throw new NotSupportedException($"A table with a column of type {text} is not known to this reader."),
        };
    }

    private static object ReadValue(DataViewType type, JsonElement json)
    {
        if (type is not VectorDataViewType vector) return ReadScalar(type.RawType, json);
        var item = vector.ItemType.RawType;
        var make = typeof(Inputs).GetMethod(nameof(ReadVector), BindingFlags.NonPublic | BindingFlags.Static).MakeGenericMethod(item);
        return make.Invoke(null, new object[] { json });
    }

    private static VBuffer<T> ReadVector<T>(JsonElement json)
    {
        T[] Items(JsonElement list) => list.EnumerateArray().Select(value => (T)ReadScalar(typeof(T), value)).ToArray();
        if (json.ValueKind == JsonValueKind.Array) return new VBuffer<T>(json.GetArrayLength(), Items(json));
        var indices = json.GetProperty("indices").EnumerateArray().Select(i => i.GetInt32()).ToArray();
        return new VBuffer<T>(json.GetProperty("length").GetInt32(), indices.Length, Items(json.GetProperty("values")), indices);
    }

    private static object ReadScalar(Type type, JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Null) return type == typeof(ReadOnlyMemory<char>) ? (object)default(ReadOnlyMemory<char>) : null;
        if (type == typeof(string)) return json.GetString();
        if (type == typeof(ReadOnlyMemory<char>)) return json.GetString().AsMemory();
        if (type == typeof(bool)) return json.GetBoolean();
        if (type == typeof(float)) return json.ValueKind == JsonValueKind.String ? float.Parse(json.GetString(), CultureInfo.InvariantCulture) : json.GetSingle();
        if (type == typeof(double)) return json.ValueKind == JsonValueKind.String ? double.Parse(json.GetString(), CultureInfo.InvariantCulture) : json.GetDouble();
        if (type == typeof(DateTime)) return DateTime.Parse(json.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);
        if (type == typeof(DateTimeOffset)) return DateTimeOffset.Parse(json.GetString(), CultureInfo.InvariantCulture);
        if (type == typeof(TimeSpan)) return TimeSpan.Parse(json.GetString(), CultureInfo.InvariantCulture);
        if (type == typeof(DataViewRowId)) return new DataViewRowId(ulong.Parse(json.GetString()[16..], NumberStyles.HexNumber, CultureInfo.InvariantCulture), ulong.Parse(json.GetString()[..16], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        if (type == typeof(ulong)) return json.GetUInt64();
        if (type.IsPrimitive && json.ValueKind == JsonValueKind.Number) return Convert.ChangeType(json.GetInt64(), type, CultureInfo.InvariantCulture);
        if (type == typeof(object)) return json.ToString();
        if (type.IsEnum) return Enum.Parse(type, json.GetString());
        if (type.IsArray)
        {
            var values = Array.CreateInstance(type.GetElementType(), json.GetArrayLength());
            for (int i = 0; i < values.Length; i++) values.SetValue(ReadScalar(type.GetElementType(), json[i]), i);
            return values;
        }
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(VBuffer<>))
            return typeof(Inputs).GetMethod(nameof(ReadVector), BindingFlags.NonPublic | BindingFlags.Static).MakeGenericMethod(type.GetGenericArguments()[0]).Invoke(null, new object[] { json });
        // Types that no data view takes: the error does not depend on the value.
        return type.IsValueType ? Activator.CreateInstance(type) : null;
    }

    /// <summary>Objects of a class; members that the JSON does not name keep their initial values.</summary>
    public static List<T> ReadRows<T>(JsonElement rows) where T : new() => rows.EnumerateArray().Select(json =>
    {
        if (json.ValueKind == JsonValueKind.Null) return default;
        object row = new T();
        foreach (var member in json.EnumerateObject())
        {
            if (typeof(T).GetField(member.Name) is { IsInitOnly: false, IsLiteral: false } field) field.SetValue(row, ReadScalar(field.FieldType, member.Value));
            else if (typeof(T).GetProperty(member.Name) is { CanWrite: true } property) property.SetValue(row, ReadScalar(property.PropertyType, member.Value));
        }
        return (T)row;
    }).ToList();

    /// <summary>The rows of a dataset of split.json, which stands column by column.</summary>
    public static List<IdRow> ReadDataset(JsonElement fixture, string name)
    {
        var columns = fixture.GetProperty("datasets").GetProperty(name);
        return Enumerable.Range(0, columns.GetProperty("Id").GetArrayLength()).Select(i => new IdRow
        {
            Id = columns.GetProperty("Id")[i].GetInt32(),
            Group = columns.GetProperty("Group")[i].GetString(),
            Key = columns.GetProperty("Key")[i].GetUInt32(),
            Value = (float)ReadScalar(typeof(float), columns.GetProperty("Value")[i]),
        }).ToList();
    }

    /// <summary>The same rows as a sequence whose length nobody knows.</summary>
    public static IEnumerable<T> Iterator<T>(List<T> rows)
    {
        foreach (var row in rows) yield return row;
    }
}
